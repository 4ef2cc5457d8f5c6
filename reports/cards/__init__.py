"""Report cards: their frozen content and the files made of it. Pure: values in, values or bytes out."""
