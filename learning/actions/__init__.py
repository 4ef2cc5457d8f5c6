"""Writes of the learning system."""
