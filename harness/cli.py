"""The ``harness`` program: a table of subcommands, each in a file of its own, and the exit codes of the house."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from harness import __version__
from harness.commands import cases, devices, doctor, explain, minimise, noise_floor, parity, reference, smoke, trace
from harness.errors import HarnessError
from harness.evidence import INTERRUPTED, PROGRAM_FAILED
from simulator.allocator import keep_freed_memory
from subjects.nanobragg.commands import carryover, gradcheck, simulate, tune

app = typer.Typer(
    name="harness",
    help="Runs the C reference program and the PyTorch port on the same command lines, and compares them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("trace")(trace.trace)
app.command("simulate")(simulate.simulate)
app.command("parity")(parity.parity)
app.command("explain")(explain.explain)
app.command("noise-floor")(noise_floor.noise_floor)
app.command("minimise")(minimise.minimise)
app.command("carryover")(carryover.carryover)
app.command("gradcheck")(gradcheck.gradcheck)
app.command("smoke")(smoke.smoke)
app.command("devices")(devices.devices)
app.command("tune")(tune.tune)
app.command("doctor")(doctor.doctor)
app.add_typer(reference.app, name="reference")
app.add_typer(cases.app, name="cases")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line of the process; never a traceback for a user's mistake."""
    # Two OpenMP runtimes in one process (torch's and another library's) abort it unless this is set.
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    keep_freed_memory()
    try:
        app(args=join_pixels(sys.argv[1:]))
    except Exception as error:
        if is_expected(error):
            sys.exit(report(error))
        traceback.print_exc()
        sys.exit(PROGRAM_FAILED)
    except KeyboardInterrupt:
        print("harness: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def is_expected(error: Exception) -> bool:
    """True for what is the user's or another program's fault, and is told in a line."""
    from simulator.errors import InputError

    return isinstance(error, HarnessError | InputError)


def report(error: Exception) -> int:
    """Print the message to stderr and return the exit code: a refused input is 2 whatever the simulator calls it."""
    print(f"harness: {error}", file=sys.stderr)
    return error.exit_code if isinstance(error, HarnessError) else 2


def join_pixels(argv: Sequence[str]) -> list[str]:
    """``--pixel SLOW FAST`` as one value, so that the option can be repeated; words after ``--`` are left alone."""
    words, rest = list(argv), []
    if "--" in words:
        cut = words.index("--")
        words, rest = words[:cut], words[cut:]
    while "--pixel" in words:
        at = words.index("--pixel")
        value = " ".join(words[at + 1 : at + 3])
        words[at : at + 3] = [f"--pixel={value}"]
    return words + rest
