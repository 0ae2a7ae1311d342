"""What ``harness tune`` shows and leaves behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from harness.errors import WrongUse
from harness.running.computing import Computing
from subjects.nanobragg.port import execution_of, plain_warnings
from subjects.nanobragg.tuning import CANDIDATES, SAMPLES, Measured, Report, measure


def tune_and_report(device: str, compile_: str, *, pixels: int, rounds: int) -> int:
    """Measure, print the table, remember the fastest sizes; returns the exit code.

    Raises:
        InputError: the device is not there.
        WrongUse: kernels were asked for and nothing can compile them here.
    """
    import torch

    from simulator.evaluation.kernels.compiled import compiler_missing
    from simulator.evaluation.tiles import DEFAULTS, TileElements
    from simulator.evaluation.tuning import remember, remembered

    execution = execution_of(Computing(device, compile=compile_))
    with plain_warnings():
        where = execution.resolve().device
    missing = compiler_missing()
    if compile_ == "always" and missing:
        raise WrongUse(f"--compile always cannot be measured here: {missing}")
    kinds = ["eager"] if compile_ == "never" or missing else list(CANDIDATES)
    with _status() as report:
        found = measure(where, kinds=kinds, pixels=pixels, rounds=rounds, report=report)
    for measured in found:
        _print(measured, evaluations=pixels * pixels * SAMPLES)
    place = torch.device(where)
    before = remembered(place) or DEFAULTS[place.type]
    fastest = {measured.kind: measured.fastest for measured in found}
    sizes = TileElements(**{**vars(before), **fastest})
    typer.echo(f"remembered in {remember(place, sizes)}")
    return 0


def build_and_report(argv: Sequence[str]) -> int:
    """Compile the kernels of one experiment, or of all kinds that are known, and say how many; returns the exit code.

    Raises:
        InputError: the command line is refused, or nothing can compile here.
        WrongUse: kernels are switched off.
    """
    from simulator import Experiment
    from simulator.evaluation.kernels.files import PLACE, kernel_files
    from subjects.nanobragg.kernel_kinds import KINDS, build_kernels

    if (files := kernel_files()) is None:
        raise WrongUse(f"no kernels are kept: {PLACE} is off")
    if argv:
        with plain_warnings():
            experiments = {"this experiment": Experiment.from_argv(argv)}
    else:
        experiments = {name: kind.experiment() for name, kind in KINDS.items()}
    with _status() as report:
        built = build_kernels(experiments, report)
    for name, count in built.items():
        typer.echo(f"{name}: {f'{count} kernels compiled' if count else 'its kernels were there'}")
    typer.echo(f"kept in {files.folder}")
    return 0


def _print(measured: Measured, evaluations: int) -> None:
    typer.echo(f"{measured.kind}:")
    for size, seconds in measured.seconds.items():
        mark = "  <- fastest" if size == measured.fastest else ""
        typer.echo(f"  {size:>9} samples x pixels  {evaluations / seconds / 1e6:7.1f} M evaluations/s{mark}")


@contextmanager
def _status() -> Iterator[Report]:
    """A line on stderr that says what goes on, where it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("measuring") as status:
        yield status.update
