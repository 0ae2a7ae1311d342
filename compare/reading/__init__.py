"""Reading traces: bytes to lines, lines to columns, whatever else the log holds."""
