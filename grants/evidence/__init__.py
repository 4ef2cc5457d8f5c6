"""The evidence packet of a payment as a document."""
