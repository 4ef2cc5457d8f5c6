"""Every write of the pdsa app, one module per idea."""
