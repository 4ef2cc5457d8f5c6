"""Aim statements: the sentence from its parts, the live checks, differences between versions. Pure, no Django."""
