"""The C program `ptycho_c`: sources and makefile travel as package data; reached through its command line only."""
