"""What states and rules of grants allow."""
