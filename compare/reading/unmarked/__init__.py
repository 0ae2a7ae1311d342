"""Logs in which no line begins with TRACE: what programs print for people, read as names and numbers."""
