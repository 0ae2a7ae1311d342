"""Ptychography: the forward model of 1,000 positions in both programs, and the iterative solvers.

    python -m benchmarks.ptychography              # needs `make reference reference-fast`

CPU seconds of one thread, medians of the rounds, contenders in turn: on a shared machine wall seconds say little.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from subjects.ptychography.arrays import Arrays
from subjects.ptychography.contract import Reading, Scan, scan_of
from subjects.ptychography.forward import Evaluation, make_setup
from subjects.ptychography.iterative import Solver, residual_of, solve
from subjects.ptychography.metrics import compare_objects, mask_of
from subjects.ptychography.programs import build_folder
from subjects.ptychography.simulate import Recipe, simulate, write

POSITIONS_ALONG, STEP_PX = 32, 2.5
POSITIONS = 1000


def children_cpu_s() -> float:
    """CPU seconds of the processes waited for so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(run: Callable[[], Any]) -> float:
    """CPU seconds of one run, this process's and its children's."""
    began, children = time.process_time(), children_cpu_s()
    run()
    return time.process_time() - began + children_cpu_s() - children


def forward_contenders(path: Path, folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, Callable[[], Any]]:
    """What makes the images of all positions, by name."""
    scan = scan_of(Arrays(str(path), arrays), Reading())

    def c_program(name: str) -> Callable[[], Any]:
        words = [str(build_folder() / name), "-scan", str(path), "-mode", "spec", "-image", str(folder / "i.npy")]
        return lambda: subprocess.run(words, check=True)

    def port(evaluation: Evaluation, dtype: torch.dtype) -> Callable[[], Any]:
        setup = make_setup(scan, evaluation=evaluation, dtype=dtype)
        return lambda: setup.expected_counts(list(range(scan.n_positions)), 1.0)

    return {
        "ptycho_c (exact)": c_program("ptycho_c"),
        "ptycho_c_fast": c_program("ptycho_c_fast"),
        "port, sums, float64": port("sums", torch.float64),
        "port, fft, float64": port("fft", torch.float64),
        "port, fft, float32": port("fft", torch.float32),
    }


def forward_table(rounds: int) -> None:
    """Seconds of the forward model of 1,000 positions at N = 64."""
    arrays = simulate(Recipe(side=POSITIONS_ALONG, step_px=STEP_PX))
    keep = {key: value[:POSITIONS] for key, value in arrays.items() if key in ("diffraction", "xcoords", "ycoords")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "scan.npz", arrays | keep)
        contenders = forward_contenders(folder / "scan.npz", folder, arrays | keep)
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                seconds[name].append(timed(run))
    base = statistics.median(seconds["ptycho_c (exact)"])
    typer.echo(f"forward model, {POSITIONS} positions, N = 64, one thread, CPU seconds (lowest-highest), x ptycho_c")
    for name, times in seconds.items():
        middle = statistics.median(times)
        typer.echo(f"  {name:22} {middle:7.3f} ({min(times):.3f}-{max(times):.3f})  {base / middle:6.2f} x")


def errors(scan: Scan, found: np.ndarray, den: np.ndarray) -> str:
    """A line of errors."""
    assert scan.object is not None
    m = compare_objects(found, scan.object, mask_of(den))
    return f"amplitude MAE {m.amplitude_mae:.4f}  phase MAE {m.phase_mae:.4f}  nrmse {m.nrmse:.4f}"


def solver_table(sweeps: int) -> None:
    """Reconstructions of the same simulated data."""
    scan = scan_of(Arrays("simulated", simulate(Recipe())), Reading())
    typer.echo(f"reconstruction, 256 positions, N = 64, {sweeps} sweeps, one thread, CPU seconds")
    for name, alpha in (("ePIE", 1.0), ("rPIE 0.1", 0.1)):
        began = time.process_time()
        solved = solve(scan, Solver(sweeps, alpha), dtype=torch.complex64)
        seconds = time.process_time() - began
        line = errors(scan, solved.object, solved.den)
        typer.echo(f"  ours, {name:10} {seconds:6.1f} s  {line}  R {residual_of(scan, solved.object):.4f}")


def run(
    rounds: Annotated[int, typer.Option(help="Of the forward model.")] = 3,
    sweeps: Annotated[int, typer.Option(help="Of the solvers.")] = 50,
) -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    forward_table(rounds)
    solver_table(sweeps)


if __name__ == "__main__":
    typer.run(run)
