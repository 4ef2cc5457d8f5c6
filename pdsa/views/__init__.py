"""Pages of the pdsa app, one module per idea."""
