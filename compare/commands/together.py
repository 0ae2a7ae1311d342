"""All subcommands as one program, for help and for shells that complete. A line that names one imports it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import typer

HELP = "Compares what two programs that should agree have printed, value by value, and images that they have made."
EXIT_CODES = """\
Exit status: 0 parity, 1 divergence, 2 wrong use or bad input, 3 nothing was compared, 4 a program that was run
failed, 5 a folder does not verify."""


def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Options before the subcommand: see ``compare.cli``."""


def make_app(functions: Mapping[str, Callable[..., None]], context: dict[str, list[str]]) -> typer.Typer:
    """The program of these subcommands."""
    app = typer.Typer(help=HELP, epilog=EXIT_CODES, pretty_exceptions_enable=False, context_settings=context)
    app.callback()(_options)
    for name, function in functions.items():
        app.command(name)(function)
    return app
