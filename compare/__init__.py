"""Compare two traces of programs that should agree, and name the first step that does not."""
