"""How far apart two values are, and where the difference comes from."""
