"""What comes from files: sheets of awards that were kept before."""
