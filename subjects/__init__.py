"""The programs that the engine compares, each described by a package of its own."""
