"""Plain functions that make rows for tests. Every argument has a default, so a test names only what it is about."""
