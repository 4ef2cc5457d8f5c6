"""REST endpoints of the learning app."""
