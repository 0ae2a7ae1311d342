"""Noise floors: what roundings of its inputs, and of its own sum, may do to every traced value, by replayed steps."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from compare.judging.engine import compare_traces as compare_logs
from compare.judging.result import Pair
from compare.judging.tolerances import Floor, Step, Tolerances
from compare.reading.source import Held
from compare.words.vocabulary import of_installed
from harness import __version__
from harness.case import Case, Section
from subjects.ptychography.replay_steps import Machine, Side
from subjects.ptychography.replaying import evaluated, sections_of

RUNS, SEED = 4, 20260101
UNIT = 2.0**-53
DEFAULT = Step("default", 1e-11, 1e-11)
SUMMED = {"row_sum_re", "row_sum_im", "exit_power", "field_bound", "row_power", "mode_intensity", "intensity"}
"""Sums over a side or a patch, whose own roundings add up."""


def measured(subject_name: str, case: Case, sections: Sequence[Section], machine: Machine) -> Tolerances:
    """T and E of every value of the case's traces: the largest change under random last-bit changes of the inputs."""
    words = of_installed(subject_name)
    floors: dict[str, list[Floor]] = {}
    for section in sections:
        log = Held("trace.log", machine.trace(section))
        comparison = compare_logs([log], [log], vocabulary=words)
        pairs, side, _ = next(sections_of(comparison))
        shaken = [jittered(side, np.random.RandomState(SEED + run)) for run in range(RUNS)]
        for pair in pairs:
            spread = _spread(pair, side, shaken, machine)
            if spread is not None:
                label = f"{pair.key.record}.{pair.key.name}" if pair.key.record else pair.key.name
                floor = Floor(label, spread, 2 * spread, pair.key.section, dict(pair.key.indices))
                floors.setdefault(label, []).append(floor)
    about = {
        "harness": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "runs": str(RUNS),
        "seed": str(SEED),
        "argv": shlex.join(case.argv),
    }
    return Tolerances(
        default=DEFAULT, floors=floors, source=f"harness noise-floor --case {case.name}", measured_with=about
    )


def jittered(side: Side, random: np.random.RandomState) -> Side:
    """Every float moved by a rounding up or down."""
    return Side({name: _moved(value, random) for name, value in side.values.items()}, side.order)


def _moved(value: Any, random: np.random.RandomState) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(part, random) for part in value)
    return value * (1 + 2 * UNIT * float(random.choice((-1, 0, 1)))) if isinstance(value, float) else value


def _spread(pair: Pair, side: Side, shaken: Sequence[Side], machine: Machine) -> float | None:
    """The largest change over the runs, with the roundings of a sum; None for words, integers, what is not replayed."""
    parts = pair.a if isinstance(pair.a, tuple) else (pair.a,)
    steps = machine.setup.steps
    base = evaluated(side, pair, steps, machine)
    if base is None or not all(isinstance(part, float) for part in parts):
        return None
    values = [np.array(evaluated(other, pair, steps, machine), float) for other in shaken]
    largest = max(float(np.abs(value - np.array(base, float)).max()) for value in values)
    terms = machine.setup.scan.patch_px if pair.key.name in SUMMED else 4
    size = max(abs(float(part)) for part in parts)
    scale = max(size, pair.scale or 0.0)
    return max(largest, terms * UNIT * scale)
