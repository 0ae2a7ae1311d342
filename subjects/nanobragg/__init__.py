"""nanoBragg, the first subject: its C program, its PyTorch port, its words, cases and audits."""
