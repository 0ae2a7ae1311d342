"""How fast everything is, on this machine: ``python -m benchmarks`` (``make bench``)."""
