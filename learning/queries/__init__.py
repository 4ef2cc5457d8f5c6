"""Every read of the learning system. Rows are scoped before they leave these modules."""
