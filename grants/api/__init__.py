"""Endpoints of the grants app."""
