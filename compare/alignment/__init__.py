"""Which value of one log belongs to which value of the other."""
