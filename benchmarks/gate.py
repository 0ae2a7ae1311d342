"""The maintainers' gate: the port against the C program over a grid of experiments, in each precision.

The reference's own maintainers let a kernel pass a cell when its image correlates with the reference's by at least
0.9999 and its sum is within a thousandth. Here it is counted beside what this project asks for: the same bits.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
import tomllib
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import ROOT, Failed
from benchmarks.race import Say
from harness.campaign.covering import Cell, covering_array, filled_up

if TYPE_CHECKING:
    import numpy as np

SPECIFICATION = Path(__file__).parent / "gate.toml"
PROGRAM = ROOT / "reference_c" / "build" / "nanobragg_c"
DTYPES = ("float64", "mixed", "float32")
LEAST_CORRELATION = 0.9999
MOST_OF_SUM = 1e-3
"""How far the ratio of the sums may be from 1."""
REACH = 34
"""Indices of the made-up reflections go from minus to plus this."""
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Specification:
    """Which cells there are."""

    axes: Mapping[str, Mapping[str, str]]
    """Axis -> level -> words of the command line."""
    common: str
    cells: Sequence[Cell]
    n_covering: int
    """The first so many are the covering array."""

    def argv(self, cell: Cell) -> list[str]:
        """The command line of a cell."""
        words = [self.common, *(self.axes[axis][level] for axis, level in cell.items())]
        return shlex.split(" ".join(words))


@dataclass(frozen=True)
class Passed:
    """One image against the C program's."""

    correlation: float
    sum_ratio: float
    bits_equal: bool
    worst_of_largest: float

    @property
    def gate(self) -> bool:
        """Whether it passes the maintainers' gate."""
        return self.correlation >= LEAST_CORRELATION and abs(self.sum_ratio - 1.0) <= MOST_OF_SUM


def read_specification(path: Path = SPECIFICATION, n_cells: int | None = None) -> Specification:
    """The cells that a file describes; the first ``n_cells`` of them."""
    table = tomllib.loads(path.read_text("utf-8"))
    axes = table["axes"]
    levels = {axis: list(words) for axis, words in axes.items()}
    covering = covering_array(levels, table["seed"])
    cells = filled_up(covering, levels, table["cells"], table["seed"] + 1)
    return Specification(axes, table["common"], cells[:n_cells], len(covering))


def gate(*, n_cells: int | None = None, program: Path = PROGRAM, say: Say) -> dict[str, Any]:
    """Every cell through the C program and the port.

    Raises:
        Failed: the C program refuses a cell or crashes.
    """
    specification = read_specification(n_cells=n_cells)
    rows = []
    with tempfile.TemporaryDirectory(prefix="gate_") as name:
        folder = Path(name)
        write_reflections(folder / "gate.hkl")
        for number, cell in enumerate(specification.cells, 1):
            argv = specification.argv(cell)
            expected = c_image(argv, folder, program)
            figures = {dtype: judged(expected, port_image(argv, folder, dtype)) for dtype in DTYPES}
            rows.append((cell, figures))
            if number % 20 == 0:
                say(f"gate: {number} of {len(specification.cells)} cells")
    return {"covering": min(specification.n_covering, len(rows)), **summary(rows)}


def summary(rows: Sequence[tuple[Cell, Mapping[str, Passed]]]) -> dict[str, Any]:
    """Counts over all cells, and for each dtype what the cells that do not pass have in common."""
    found: dict[str, Any] = {"cells": len(rows), "dtypes": {}, "failed": []}
    for dtype in DTYPES:
        figures = [row[dtype] for _, row in rows]
        found["dtypes"][dtype] = {
            "passed": sum(one.gate for one in figures),
            "bits_equal": sum(one.bits_equal for one in figures),
            "lowest_correlation": min(one.correlation for one in figures),
            "worst_sum_ratio": max((one.sum_ratio for one in figures), key=lambda ratio: abs(ratio - 1.0)),
            "worst_of_largest": max(one.worst_of_largest for one in figures),
            "failing": _shares(rows, dtype),
        }
        found["failed"] += [
            {"dtype": dtype, "cell": cell, **vars(row[dtype])} for cell, row in rows if not row[dtype].gate
        ]
    return found


def _shares(rows: Sequence[tuple[Cell, Mapping[str, Passed]]], dtype: str) -> dict[str, dict[str, str]]:
    """axis -> level -> failed of all cells with that level; axes with no failed cell are left out."""
    all_cells = Counter((axis, level) for cell, _ in rows for axis, level in cell.items())
    failed = Counter((axis, level) for cell, row in rows if not row[dtype].gate for axis, level in cell.items())
    shares: dict[str, dict[str, str]] = {}
    if failed:
        for (axis, level), count in all_cells.items():
            shares.setdefault(axis, {})[level] = f"{failed[axis, level]}/{count}"
    return shares


def write_reflections(path: Path) -> None:
    """Made-up structure factors: 10 to 390, by a formula that repeats nowhere near."""
    span = range(-REACH, REACH + 1)
    lines = (
        f"{h} {k} {l} {10 + (h * 7919 + k * 104729 + l * 1299709) % 381}\n" for h in span for k in span for l in span
    )
    path.write_text("".join(lines), "ascii")


def c_image(argv: Sequence[str], folder: Path, program: Path) -> np.ndarray:
    """The float image of the C program, float32, slow x fast."""
    import numpy as np

    image = folder / "c.bin"
    image.unlink(missing_ok=True)
    command = [str(program), *argv, "-floatfile", image.name, "-intfile", "c.img"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode != 0 or not image.exists():
        raise Failed(f"{program.name} ended with {done.returncode} on {shlex.join(argv)}: {done.stderr.strip()[-300:]}")
    return np.fromfile(image, dtype="<f4")


def port_image(argv: Sequence[str], folder: Path, dtype: str) -> np.ndarray:
    """The same of the port, eager on the CPU."""
    from simulator import ExecutionConfig, Experiment, Simulator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = Experiment.from_argv(argv, folder)
        execution = ExecutionConfig(device="cpu", dtype=dtype, compile="never")
        image = Simulator(experiment, execution=execution).image()
    rendered: np.ndarray = image.detach().float().numpy().ravel()
    return rendered


def judged(expected: np.ndarray, got: np.ndarray) -> Passed:
    """Figures of an image against the expected one; two constant images that are equal correlate by 1."""
    import numpy as np

    a, b = expected.astype(np.float64), got.astype(np.float64)
    equal = bool((expected == got).all())
    varied = a.std() > 0 and b.std() > 0
    correlation = float(np.corrcoef(a, b)[0, 1]) if varied else float(equal)
    ratio = float(b.sum() / a.sum()) if a.sum() != 0 else float(b.sum() == 0)
    largest = float(np.abs(a).max())
    worst = float(np.abs(a - b).max() / largest) if largest > 0 else float(not equal)
    return Passed(correlation, ratio, equal, worst)
