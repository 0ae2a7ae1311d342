"""A subject without Python: ``parity.toml`` in a user's folder says how both programs are built and run."""
