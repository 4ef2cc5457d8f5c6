"""Aim statements and charters: the sentence from its parts, live checks, differences, the charter as a document."""
