"""The physics: crystal, beam, detector and scan, and what one sample adds to one pixel."""
