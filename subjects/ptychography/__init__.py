"""Ptychography: scanning coherent diffraction imaging, a C program, its port, and a network that inverts it."""

__version__ = "0.1.0"
