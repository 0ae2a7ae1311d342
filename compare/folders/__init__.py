"""Evidence folders: sealed, signed, checked, listed, and their pages."""
