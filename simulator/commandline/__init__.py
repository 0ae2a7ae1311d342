"""The reference program's command line: from its words to an Experiment."""
