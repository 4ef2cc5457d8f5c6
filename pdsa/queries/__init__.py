"""Every read of the pdsa app, one module per idea. Query sets are scoped before they leave these modules."""
