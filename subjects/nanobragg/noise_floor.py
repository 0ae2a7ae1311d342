"""Noise floors of a case's values, measured with the port, in the form that ``compare`` reads without it."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from compare.judging.engine import compare_traces as compare_logs
from compare.judging.result import Comparison
from compare.judging.tolerances import Floor, Step, Tolerances
from compare.reading.source import Held
from compare.words.vocabulary import packaged
from harness import __version__
from harness.case import Case, Section
from simulator import Simulator
from subjects.nanobragg.explaining import port_of
from subjects.nanobragg.replay.machine import RUNS, SEED, Figures
from subjects.nanobragg.replay.replays import Replaying, replay_pixel
from subjects.nanobragg.replay.values import HEADER, Name, section_of

DEFAULT = Step("default", 1e-11, 1e-11)
"""For values that no replay reaches."""


def measured(case: Case, pixels: Sequence[Section], data: Path | None) -> Tolerances:
    """T and E of every value of the case's traces.

    Args:
        case: what is traced.
        pixels: (slow, fast) of the pixels.
        data: where input files are looked for.
    """
    simulator = port_of(case, data)
    floors: dict[str, list[Floor]] = {}
    for slow, fast in pixels:
        pixel = slow, fast
        replaying = replay_pixel(_with_itself(simulator, pixel), pixel, simulator)
        for floor in _floors(replaying, pixel):
            floors.setdefault(floor.name, []).append(floor)
    words = " ".join(f"--pixel {slow} {fast}" for slow, fast in pixels)
    return Tolerances(
        default=DEFAULT,
        floors=floors,
        source=f"harness noise-floor --case {case.name} {words}",
        measured_with=_versions(case, simulator),
    )


def _with_itself(simulator: Simulator, pixel: tuple[int, int]) -> Comparison:
    """The port's trace compared with itself: the values, aligned."""
    log = Held("trace.log", "\n".join(simulator.trace(*pixel).lines()) + "\n")
    return compare_logs(log, log)


def _floors(replaying: Replaying, pixel: tuple[int, int]) -> Iterator[Floor]:
    """One floor for each evaluation; those that are the same wherever the quantity stands are one entry."""
    section = section_of(pixel)
    for name, figures in replaying.on_a.figures.items():
        if _is_exact(replaying, name):
            continue
        rows = replaying.a.rows(name[0])
        known = np.flatnonzero(figures.known & rows.has(name[1]) & np.isfinite(figures.tolerance))
        label = ".".join(filter(None, name))
        for row in known.tolist():
            index = dict(zip(rows.index_names, rows.index[row].tolist(), strict=True))
            yield Floor(label, _tolerance(figures, row), _envelope(figures, row), section, index)


def _is_exact(replaying: Replaying, name: Name) -> bool:
    """Words and integers must be the same on both sides: they have no floor."""
    quantity = packaged().quantity(*name)
    value = replaying.a.rows(name[0]).columns.get(name[1])
    return quantity.status == "metadata" or quantity.kind in ("word", "int") or value is None or name[0] == "TRICUBIC"


def _tolerance(figures: Figures, row: int) -> float:
    return float(figures.tolerance[row])


def _envelope(figures: Figures, row: int) -> float:
    return float(np.fmax(figures.envelope[row], figures.tolerance[row]))


def _versions(case: Case, simulator: Simulator) -> dict[str, str]:
    import platform as machine

    return {
        "harness": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": f"{machine.machine()} {machine.libc_ver()[0]} {machine.libc_ver()[1]}".strip(),
        "runs": str(RUNS),
        "seed": str(SEED),
        "dtype": simulator.precision.name,
        "defects": str(simulator.defects),
        "argv": shlex.join(case.argv),
    }


__all__ = ["HEADER", "measured"]
