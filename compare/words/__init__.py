"""What the names in a log mean: vocabularies, their entries, references and formulas."""
