"""Images of two programs: read, compared, and their peaks."""
