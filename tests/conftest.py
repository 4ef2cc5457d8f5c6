"""Fixtures that every test may use. Areas keep their own in the conftest.py of their folder."""
