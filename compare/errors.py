"""What `compare` raises for a user's mistake: one line that says what was required, what came, what to do."""

from __future__ import annotations


class InputError(Exception):
    """Wrong use or bad input; ``exit_code`` is the house's (2 unless said otherwise)."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
