"""Every write of the reports app."""
