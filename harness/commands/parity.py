"""``harness parity``: both programs on every case, their traces and images compared."""

from __future__ import annotations


def parity() -> None:
    """Not there yet."""
