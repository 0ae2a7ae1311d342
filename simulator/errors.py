"""The one exception for a user's mistake: what was required, what came, what to do."""


class InputError(ValueError):
    """A command line, input file or parameter that cannot be used.

    Attributes:
        exit_code: what a command line program answers: 2 for wrong use or bad input, 9 where the reference
            program itself ends with 9 (nothing to diffract).
    """

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
