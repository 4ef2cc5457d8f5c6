"""What the states of the pdsa app allow, one module per idea."""
