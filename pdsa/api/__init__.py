"""REST endpoints of the pdsa app."""
