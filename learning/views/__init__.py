"""Pages of the learning system."""
