"""Files in, checked columns out: reading, validating, loading, computing."""
