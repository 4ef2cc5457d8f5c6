"""The change package as files to take away: a tagged PDF, and slides with native text."""
