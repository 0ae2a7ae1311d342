"""Runs the C program and the PyTorch port on the same cases, compares them and seals what it found."""

__version__ = "0.1.0"
