"""Files that are read and written: structure factors, images, matrices, sources, masks."""
