"""REST API of the teams app."""
