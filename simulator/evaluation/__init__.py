"""Evaluating the model for pixels: images and traces, where, in which pieces, by which kernels."""
