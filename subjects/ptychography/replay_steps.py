"""Every traced step as a function of traced inputs: the port's own step functions, fed from what a trace states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.case import Section
from subjects.ptychography import steps as physics
from subjects.ptychography.forward import Setup
from subjects.ptychography.steps import Cell, Steps
from subjects.ptychography.steps import Pair as Complex
from subjects.ptychography.stitching import Job, PixelWeights, pixel_weights, placed_patches

HEADER = ""
Index = tuple[tuple[str, int], ...]
Name = tuple[str, str, Index]


@dataclass
class Side:
    """What one program states, by record, name and indices; ``read`` notes what a step asked for."""

    values: Mapping[Name, Any]
    order: Mapping[Name, int]
    read: set[tuple[str, str]] = field(default_factory=set)

    def get(self, name: str, record: str = HEADER, **at: int) -> Any:
        """One value. KeyError when it is not stated."""
        self.read.add((record, name))
        return self.values[record, name, tuple(at.items())]

    def all(self, name: str, record: str) -> list[Any]:
        """Every evaluation of a quantity, in order."""
        self.read.add((record, name))
        found = [key for key in self.values if key[0] == record and key[1] == name]
        return [self.values[key] for key in sorted(found, key=lambda key: self.order[key])]

    def before(self, name: str, record: str, at: Index) -> Any:
        """The evaluation before that one; 0 at the start."""
        self.read.add((record, name))
        own = self.order[record, name, at]
        same = [(self.order[key], value) for key, value in self.values.items() if key[:2] == (record, name)]
        earlier = [item for item in same if item[0] < own]
        return max(earlier, key=lambda item: item[0])[1] if earlier else 0

    def touches_before(self, at: Index) -> int:
        """How many touches of the canvas pixel come before that one, of those that both programs state."""
        own = self.order["TOUCH", "touch", at]
        return sum(key[:2] == ("TOUCH", "touch") and place < own for key, place in self.order.items())


@dataclass(frozen=True)
class Machine:
    """The port on a case: its set-up, what is stitched, and how traces are asked for."""

    setup: Setup
    job: Job | None
    trace: Callable[[Section], str]


@dataclass(frozen=True)
class At:
    """Where a step is evaluated."""

    steps: Steps
    machine: Machine | None
    pixel: tuple[int, int]
    index: Index

    def __getitem__(self, name: str) -> int:
        return dict(self.index)[name]

    @property
    def setup(self) -> Setup:
        """The port's; KeyError without a case."""
        if self.machine is None:
            raise KeyError("the case")
        return self.machine.setup

    @property
    def job(self) -> Job:
        """What is stitched; KeyError without a case that stitches."""
        if self.machine is None or self.machine.job is None:
            raise KeyError("the case")
        return self.machine.job


def number(value: float) -> Tensor:
    """A float64 tensor of one value."""
    return torch.tensor(value, dtype=torch.float64)


def vector(value: Any) -> Tensor:
    """A float64 tensor of a traced vector."""
    return torch.tensor(value if isinstance(value, tuple) else (value,), dtype=torch.float64)


def pair(side: Side, stem: str, record: str = HEADER, **at: int) -> Complex:
    """A traced complex vector."""
    return Complex(vector(side.get(f"{stem}_re", record, **at)), vector(side.get(f"{stem}_im", record, **at)))


def plain(value: Tensor) -> Any:
    """A tensor as a traced value."""
    numbers = value.reshape(-1).tolist()
    return tuple(numbers) if len(numbers) > 1 else numbers[0]


# ------------------------------------------------------------------------------------------------------------ placing


def _interpolation(side: Side) -> Any:
    return side.get("interpolation")


def _corner(axis: str, s: Side, at: At) -> Any:
    own = f"{axis}_px"
    position = s.get(own, "PLACE", pos=at["pos"])
    origin_name = f"origin_{axis}_px"
    if (HEADER, origin_name, ()) in s.values:
        left = at.steps.placed_corner(*(number(position),) * 4, s.get(origin_name), s.get(origin_name))
        return plain(left[0])
    origin = float(s.get("centre_px"))
    return plain(at.steps.corner(number(position), number(position), origin, origin)[0])


def _cell(s: Side, at: At, axis: str) -> Cell:
    left = number(s.get("left_px" if axis == "x" else "top_px", "PLACE", pos=at["pos"]))
    return at.steps.cell(left, left, _interpolation(s))


def _fraction(axis: str, s: Side, at: At) -> Any:
    """Of the traced whole pixel, so that a difference there is not told twice."""
    edge, whole = ("left_px", "col0") if axis == "x" else ("top_px", "row0")
    left, start = s.get(edge, "PLACE", pos=at["pos"]), s.get(whole, "PLACE", pos=at["pos"])
    return 0.0 if _interpolation(s) == "nearest" else left - float(start)


def _weights(s: Side, at: At) -> Any:
    x, y = (number(s.get(f"frac_{axis}", "PLACE", pos=at["pos"])) for axis in "xy")
    return plain(physics.weights(x, y))


def _patch(s: Side, at: At) -> Complex:
    """Row ``row`` of the object under the traced window."""
    setup, pos = at.setup, at["pos"]
    if setup.object is None:
        raise KeyError("the object")
    col0, row0 = (torch.tensor([s.get(name, "PLACE", pos=pos)]) for name in ("col0", "row0"))
    frac_x, frac_y = (vector(s.get(name, "PLACE", pos=pos)) for name in ("frac_x", "frac_y"))
    where, side = Cell(col0, row0, frac_x, frac_y), setup.scan.patch_px
    if _interpolation(s) == "fourier":
        patch = physics.fourier_patch(setup.object, where, setup.forward.kernel, side)
    else:
        corner_weights = vector(s.get("weights", "PLACE", pos=pos))[None]
        patch = at.steps.bilinear_patch(setup.object, where, corner_weights, side)
    row = patch.at((0, at["row"]))
    return Complex(at.steps.stored(row.re), at.steps.stored(row.im))


# ------------------------------------------------------------------------------------------------- exit and far field


def _exit(s: Side, at: At) -> Complex:
    patch = pair(s, "patch", "PATCH", pos=at["pos"], row=at["row"])
    probe = pair(s, "probe", "PROBE", mode=at["mode"], row=at["row"])
    wave = physics.product(probe, patch)
    return Complex(at.steps.stored(wave.re), at.steps.stored(wave.im))


def _twiddles(s: Side, frequency: int) -> Complex:
    factors = pair(s, "twiddle")
    return factors.at((torch.arange(len(factors.re)) * frequency) % len(factors.re))


def _row_sum(s: Side, at: At) -> Complex:
    wave = pair(s, "exit", "EXIT", **dict(at.index))
    sums = physics.running_sums(physics.product(wave, _twiddles(s, s.get("freq_fast")))).at(-1)
    return Complex(at.steps.stored(sums.re), at.steps.stored(sums.im))


def _term(s: Side, at: At) -> Complex:
    sums = pair(s, "row_sum", "ROW", **dict(at.index))
    return physics.product(sums, _twiddles(s, s.get("freq_slow")).at(slice(at["row"], at["row"] + 1)))


def _field(part: str, s: Side, at: At) -> Any:
    earlier = 0.0
    if at["row"] > 0:
        earlier = s.get(f"field_{part}", "ROW", pos=at["pos"], mode=at["mode"], row=at["row"] - 1)
    return earlier + s.get(f"term_{part}", "ROW", **dict(at.index))


def _mode_intensity(s: Side, at: At) -> Any:
    side = s.get("patch_px")
    field_ = pair(s, "field", "ROW", pos=at["pos"], mode=at["mode"], row=side - 1)
    stored = at.steps.stored
    return plain(stored(at.steps.mode_intensity(Complex(stored(field_.re), stored(field_.im)), side)))


def _intensity(s: Side, at: At) -> Any:
    modes = vector(tuple(s.all("mode_intensity", "MODE")))[None]
    return plain(at.steps.stored(physics.intensity(modes, Complex(modes, modes), 0)))


def _sum(values: Sequence[float]) -> float:
    return float(np.cumsum(np.array(values))[-1])


def _exit_power(s: Side, at: At) -> Any:
    return _sum(s.all("row_power", "EXIT"))


def _field_bound(s: Side, at: At) -> Any:
    parts = zip(s.all("exit_re", "EXIT"), s.all("exit_im", "EXIT"), strict=True)
    waves = [Complex(vector(re), vector(im)) for re, im in parts]
    return _sum([float(physics.modulus_sums(wave)) for wave in waves])


def _row_power(s: Side, at: At) -> Any:
    return plain(physics.row_power(pair(s, "exit", "EXIT", **dict(at.index))))


def _deviance(s: Side, at: At) -> Any:
    from subjects.ptychography.tracing import library_log

    return plain(at.steps.deviance(number(s.get("expected_count")), number(s.get("measured_count")), library_log))


# ---------------------------------------------------------------------------------------------------------- stitching


def _patch_pixel(axis: str, s: Side, at: At) -> Any:
    start = s.get("row0" if axis == "row" else "col0", "PLACE", pos=at["pos"]) - s.get(f"canvas_{axis}0")
    inside = at["corner"] // 2 if axis == "row" else at["corner"] % 2
    return at.pixel[0 if axis == "row" else 1] - start - inside


def _job_weights(at: At) -> PixelWeights:
    job = at.job
    probe = physics.pair_of(job.setup.steps.probe_of(job.setup.scan))
    return pixel_weights(probe, job.weighting, job.crop, job.setup.defects)


def _pixel_weight(s: Side, at: At) -> Any:
    row, col = (s.get(name, "TOUCH", **dict(at.index)) for name in ("patch_row", "patch_col"))
    return float(_job_weights(at).pixel[row, col])


def _count_weight(s: Side, at: At) -> Any:
    """The pixel's weight, or nothing where its part does not count."""
    row, col, own = (s.get(name, "TOUCH", **dict(at.index)) for name in ("patch_row", "patch_col", "pixel_weight"))
    return own if float(_job_weights(at).counted[row, col]) else 0.0


def _value(part: str, s: Side, at: At) -> Any:
    row, col = (s.get(name, "TOUCH", **dict(at.index)) for name in ("patch_row", "patch_col"))
    patches = placed_patches(at.job)
    return float(getattr(patches, part)[at.job.chosen.index(at["pos"]), row, col])


def _running(part: str, s: Side, at: At) -> Any:
    """A sum goes on from the touch before; where one program lacks that touch, nothing can be said."""
    if s.get("touch", "TOUCH", **dict(at.index)) != s.touches_before(at.index) + 1:
        raise KeyError("the touch before")
    here = dict(at.index)
    corner = s.get("corner_weight", "TOUCH", **here)
    if part == "den":
        return s.before("den", "TOUCH", at.index) + corner * s.get("count_weight", "TOUCH", **here)
    weight = corner * s.get("pixel_weight", "TOUCH", **here)
    return s.before(f"num_{part}", "TOUCH", at.index) + weight * s.get(f"value_{part}", "TOUCH", **here)


def _divided(part: str, s: Side, at: At) -> Any:
    if not s.get("covered"):
        return 0.0
    num, den = s.all(f"num_{part}", "TOUCH")[-1], s.all("den", "TOUCH")[-1]
    return plain(at.steps.stored(number(num / (den + s.get("den_epsilon")))))


Step = Callable[[Side, At], Any]


def _both(record: str, stem: str, step: Callable[[Side, At], Complex]) -> dict[tuple[str, str], Step]:
    return {
        (record, f"{stem}_re"): lambda s, at: plain(step(s, at).re),
        (record, f"{stem}_im"): lambda s, at: plain(step(s, at).im),
    }


TABLE: dict[tuple[str, str], Step] = {
    (HEADER, "centre_px"): lambda s, at: s.get("patch_px") // 2,
    (HEADER, "freq_slow"): lambda s, at: int(
        at.steps.frequency(torch.tensor(at.pixel[0]), s.get("patch_px"), s.get("centre_px"))
    ),
    (HEADER, "freq_fast"): lambda s, at: int(
        at.steps.frequency(torch.tensor(at.pixel[1]), s.get("patch_px"), s.get("centre_px"))
    ),
    (HEADER, "twiddle_re"): lambda s, at: plain(physics.twiddle(s.get("patch_px")).re),
    (HEADER, "twiddle_im"): lambda s, at: plain(physics.twiddle(s.get("patch_px")).im),
    (HEADER, "exit_power"): _exit_power,
    (HEADER, "dose_factor"): lambda s, at: physics.dose_factor(s.get("nphotons"), s.get("mean_exit_power")),
    (HEADER, "field_bound"): _field_bound,
    (HEADER, "intensity_bound"): lambda s, at: s.get("field_bound") ** 2 / float(s.get("patch_px")) ** 2,
    (HEADER, "count_bound"): lambda s, at: s.get("dose_factor") ** 2 * s.get("intensity_bound"),
    (HEADER, "intensity"): _intensity,
    (HEADER, "amplitude"): lambda s, at: plain(physics.square_root(number(s.get("intensity")))),
    (HEADER, "deviance"): _deviance,
    (HEADER, "expected_count"): lambda s, at: plain(
        physics.expected_count(number(s.get("intensity")), s.get("dose_factor"))
    ),
    ("PLACE", "left_px"): lambda s, at: _corner("x", s, at),
    ("PLACE", "top_px"): lambda s, at: _corner("y", s, at),
    ("PLACE", "col0"): lambda s, at: int(_cell(s, at, "x").col0),
    ("PLACE", "row0"): lambda s, at: int(_cell(s, at, "y").row0),
    ("PLACE", "frac_x"): lambda s, at: _fraction("x", s, at),
    ("PLACE", "frac_y"): lambda s, at: _fraction("y", s, at),
    ("PLACE", "weights"): _weights,
    **_both("PATCH", "patch", _patch),
    **_both("EXIT", "exit", _exit),
    ("EXIT", "row_power"): _row_power,
    **_both("ROW", "row_sum", _row_sum),
    **_both("ROW", "term", _term),
    ("ROW", "field_re"): lambda s, at: _field("re", s, at),
    ("ROW", "field_im"): lambda s, at: _field("im", s, at),
    ("MODE", "mode_intensity"): _mode_intensity,
    ("TOUCH", "touch"): lambda s, at: s.before("touch", "TOUCH", at.index) + 1,
    ("TOUCH", "patch_row"): lambda s, at: _patch_pixel("row", s, at),
    ("TOUCH", "patch_col"): lambda s, at: _patch_pixel("col", s, at),
    ("TOUCH", "corner_weight"): lambda s, at: s.get("weights", "PLACE", pos=at["pos"])[at["corner"]],
    ("TOUCH", "pixel_weight"): _pixel_weight,
    ("TOUCH", "count_weight"): _count_weight,
    ("TOUCH", "num_re"): lambda s, at: _running("re", s, at),
    ("TOUCH", "num_im"): lambda s, at: _running("im", s, at),
    ("TOUCH", "den"): lambda s, at: _running("den", s, at),
    (HEADER, "covered"): lambda s, at: int(s.all("den", "TOUCH")[-1] + s.get("den_epsilon") > 1e-6 * s.get("den_max")),
    (HEADER, "canvas_re"): lambda s, at: _divided("re", s, at),
    (HEADER, "canvas_im"): lambda s, at: _divided("im", s, at),
}
"""Every step that can be evaluated on traced inputs.

What is read from the scan's file, or made of all positions, is not among them: the vocabulary's graph has their inputs,
or says that it does not know them.
"""
