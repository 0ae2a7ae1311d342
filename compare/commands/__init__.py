"""One file per subcommand of `compare`; each is imported when it is called."""
