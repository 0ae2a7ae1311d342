"""The subcommands of ``harness`` that only this subject has."""
