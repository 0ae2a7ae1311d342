"""One file per subcommand of ``harness``. What takes long to import is imported when it is called."""
