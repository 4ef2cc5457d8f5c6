"""Driver diagrams and process maps as pictures: laid out once, drawn as SVG and as slides. No rows, no requests."""
