"""Packaged data: the vocabulary of the first subject and the default tolerances."""
