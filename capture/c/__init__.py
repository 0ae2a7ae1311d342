"""C and C++: probes written into copies of the sources, the build and the proof that they are harmless."""
