"""Diagnostics folders: what goes in, what never does, and how they are sealed."""
