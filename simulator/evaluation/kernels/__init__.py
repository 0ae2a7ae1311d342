"""Kernels of the pixel sum's parts: made when they are first called, or compiled once a machine and kept in files."""
