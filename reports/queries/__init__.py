"""Every read of the reports app's own tables."""
