"""The audit of the carried cell: which cell enters a pixel, and which pixel left it, in both programs.

A pixel's first phi step finds the cell of the last rotation that was executed before it (known defect phi-carryover).
Each *situation* changes what is executed before: neighbours, a mask, a region of interest, a resolution limit, threads.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.case import Argv, Case
from harness.case import Section as Pixel
from harness.errors import NothingCompared, WrongUse
from harness.questions.traced import Trace
from harness.running.scratch import InputFile, Prepared
from subjects.nanobragg.port import read_line

VECTORS = ("a", "b", "c")
MASK_NAME = "carryover_mask.img"
CELL_TOLERANCE = 1e-11
"""Relative to the longest cell vector."""
Tracer = Callable[[Prepared, Sequence[Pixel]], Mapping[Pixel, Trace]]
"""Traces of a case's pixels through one program."""


@dataclass(frozen=True)
class Situation:
    """What is executed before the audited pixels: the case with some words (and a mask) added."""

    name: str
    prepared: Prepared
    pixels: tuple[Pixel, ...]


@dataclass(frozen=True)
class Entry:
    """What entered one pixel in one program: the cell (rows a, b, c; A) and the pixel that left it."""

    cell: tuple[tuple[float, ...], ...]
    carried_from: str
    """``SLOW FAST``, ``none``, or empty where the trace does not say."""

    @classmethod
    def of(cls, trace: Trace) -> Entry:
        """Read out of a trace."""
        cell = tuple(_vector(trace, f"carried_{axis}p_angstroms") for axis in VECTORS)
        return cls(cell, trace.value("carried_from") or "")


@dataclass(frozen=True)
class Audited:
    """One pixel of one situation, both programs side by side."""

    situation: str
    pixel: Pixel
    reference: Entry
    port: Entry
    unstale: tuple[tuple[float, ...], ...]
    """The cell that has not been rotated at all, a0, b0, c0."""

    @property
    def staleness_A(self) -> float:
        """Length of the difference between the cell that entered and the unstale one, over all nine components."""
        return _distance(self.port.cell, self.unstale)

    @property
    def agrees(self) -> bool:
        """Both programs name the same pixel (where both name one) and carry the same cell."""
        named = self.reference.carried_from, self.port.carried_from
        same_pixel = "" in named or named[0] == named[1]
        longest = max(math.hypot(*vector) for vector in self.unstale)
        pairs = zip(self.reference.cell, self.port.cell, strict=True)
        return same_pixel and all(_distance([a], [b]) <= CELL_TOLERANCE * longest for a, b in pairs if a and b)


def audit(situations: Sequence[Situation], reference: Tracer, port: Tracer) -> list[Audited]:
    """Trace every situation's pixels through both programs.

    Raises:
        NothingCompared: no situation has a pixel.
    """
    audited = []
    for situation in situations:
        of_reference = reference(situation.prepared, situation.pixels)
        of_port = port(situation.prepared, situation.pixels)
        for pixel in situation.pixels:
            unstale = tuple(_vector(of_port[pixel], f"{axis}0_angstroms") for axis in VECTORS)
            entries = Entry.of(of_reference[pixel]), Entry.of(of_port[pixel])
            audited.append(Audited(situation.name, pixel, *entries, unstale))
    if not audited:
        raise NothingCompared("no pixel could be audited")
    return audited


def situations_of(prepared: Prepared, pixel: Pixel, threads: int, probe: Tracer) -> list[Situation]:
    """The situations of the audit around a pixel; ``probe`` finds out what a resolution limit leaves out."""
    from simulator.errors import InputError

    with prepared.scratch() as folder:
        experiment = read_line(prepared.case.argv, folder)
    shape = experiment.detector.pixels_slow, experiment.detector.pixels_fast
    slow, fast = pixel
    if not (0 <= slow < shape[0] and 0 <= fast < shape[1]):
        raise InputError(f"pixel {slow} {fast} (slow fast) is outside the detector of {shape[0]} x {shape[1]} pixels")
    roi = experiment.sampling.roi
    near = ((slow, fast), *((slow, column) for column in (0, 1, 2)), (slow - 1, shape[1] - 1), (0, 0))
    found = [Situation("as given", prepared, _inside(near, shape, roi))]
    found.append(_in_region(prepared, pixel, shape))
    if experiment.sampling.mask is None:
        found.append(_masked(prepared, pixel, shape))
    found += _limited(prepared, pixel, probe)
    if threads > 1:
        first = _second_block(shape[0], threads)
        pixels = _inside(((first, 0), (first, 1), (first - 1, 0), pixel), shape, roi)
        found.append(Situation(f"{threads} threads", _with(prepared, "-threads", str(threads)), pixels))
    return [situation for situation in found if situation.pixels]


def _second_block(rows: int, threads: int) -> int:
    """The first row of the second thread: consecutive blocks, the first ones a row longer."""
    return rows // threads + (1 if rows % threads else 0)


def _in_region(prepared: Prepared, pixel: Pixel, shape: tuple[int, int]) -> Situation:
    """A region of three columns and rows that begins at the pixel's column: who comes before is across the row."""
    slow, fast = pixel
    s0, s1 = max(0, slow - 1), min(shape[0] - 1, slow + 1)
    f1 = min(shape[1] - 1, fast + 2)
    words = ("-roi", str(fast), str(f1), str(s0), str(s1))
    pixels = _unique(((slow, fast), (slow, f1), (s0, fast)))
    return Situation("region of interest", _with(prepared, *words), pixels)


def _masked(prepared: Prepared, pixel: Pixel, shape: tuple[int, int]) -> Situation:
    """The pixel's left neighbour masked (at column 0, the end of the row above)."""
    import numpy as np

    live = np.ones(shape, dtype="<u2")
    number = pixel[0] * shape[1] + pixel[1]
    live.flat[max(0, number - 1)] = 0
    header = f"{{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1={shape[1]};\n"
    header += f"SIZE2={shape[0]};\n}}\f"
    content = header.encode("ascii").ljust(512) + live.tobytes()
    words = ("-mask", MASK_NAME, "-detpixels_x", str(shape[1]), "-detpixels_y", str(shape[0]))
    masked = _with(prepared, *words)
    masked = replace(masked, inputs=(*masked.inputs, InputFile(MASK_NAME, content, "made for the audit")))
    return Situation("left neighbour masked", masked, () if number == 0 else (pixel,))


def _limited(prepared: Prepared, pixel: Pixel, probe: Tracer) -> list[Situation]:
    """A resolution limit just beyond the pixel: those further out are skipped, and leave nothing.

    Audited is the pixel of the row where executing begins, found by bisection between the row's start and the pixel.
    """
    first = next(probe(prepared, [pixel])[pixel].records("SOURCE"), {})
    stol = float(first.get("stol_A_inv", "0"))
    if stol == 0.0:
        return []
    limited = _with(prepared, "-dmin", f"{0.999 / (2.0 * stol):.9g}")

    def executed(column: int) -> bool:
        here = (pixel[0], column)
        return any(True for _ in probe(limited, [here])[here].records("SOURCE"))

    low, high = 0, pixel[1]
    if not executed(high):
        return []
    if executed(low):
        return [Situation("dmin skips pixels", limited, _unique(((pixel[0], 0), pixel)))]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if executed(middle) else (middle, high)
    return [Situation("dmin skips pixels", limited, _unique(((pixel[0], high), pixel)))]


def _with(prepared: Prepared, *words: str) -> Prepared:
    argv: Argv = (*prepared.case.argv, *words)
    return replace(prepared, case=replace(prepared.case, argv=argv))


def _inside(
    pixels: Sequence[Pixel], shape: tuple[int, int], roi: tuple[int, int, int, int] | None
) -> tuple[Pixel, ...]:
    f0, f1, s0, s1 = roi or (0, shape[1] - 1, 0, shape[0] - 1)
    rows, columns = range(max(0, s0), min(shape[0] - 1, s1) + 1), range(max(0, f0), min(shape[1] - 1, f1) + 1)
    return _unique(tuple(pixel for pixel in pixels if pixel[0] in rows and pixel[1] in columns))


def _unique(pixels: Sequence[Pixel]) -> tuple[Pixel, ...]:
    return tuple(dict.fromkeys(pixels))


def _vector(trace: Trace, name: str) -> tuple[float, ...]:
    text = trace.value(name)
    return () if text is None else tuple(float(word) for word in text.replace(",", " ").split())


def _distance(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> float:
    """Root of the summed squares of all component differences; nan where a vector is missing."""
    flat_a, flat_b = ([x for vector in cell for x in vector] for cell in (a, b))
    if len(flat_a) != len(flat_b) or not flat_a:
        return math.nan
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(flat_a, flat_b, strict=True)))


def snapshot_text(audited: Sequence[Audited]) -> str:
    """``cache_snapshot.txt``: for each pixel, the cell that entered it in both programs and who left it."""
    lines = ["# the cell (a, b, c; angstroms) that enters each pixel, and the pixel (slow fast) that left it"]
    for item in audited:
        lines += ["", f"{item.situation}: pixel {item.pixel[0]} {item.pixel[1]}"]
        for side, entry in (("reference", item.reference), ("port", item.port)):
            lines.append(f"  {side:9} carried from {entry.carried_from or '(not said)'}")
            lines += [f"    {axis} {_numbers(vector)}" for axis, vector in zip(VECTORS, entry.cell, strict=True)]
        lines.append("  unstale")
        lines += [f"    {axis} {_numbers(vector)}" for axis, vector in zip(VECTORS, item.unstale, strict=True)]
    return "\n".join(lines) + "\n"


def _numbers(vector: Sequence[float]) -> str:
    return " ".join(f"{number:.17g}" for number in vector) or "(not said)"


def diff_csv(audited: Sequence[Audited]) -> str:
    """``cache_diff.csv``: component by component, what entered, the unstale cell, and their difference."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ("situation", "slow", "fast", "vector", "component", "reference_A", "port_A", "unstale_A")
    writer.writerow([*columns, "port_minus_unstale_A", "port_minus_reference_A"])
    for item in audited:
        for axis, port, unstale, reference in zip(
            VECTORS, item.port.cell, item.unstale, item.reference.cell, strict=True
        ):
            known = reference or (math.nan,) * len(port)
            for component, ours, fresh, theirs in zip("xyz", port, unstale, known, strict=True):
                numbers = (theirs, ours, fresh, ours - fresh, ours - theirs)
                place = (item.situation, *item.pixel, axis, component)
                writer.writerow([*place, *(f"{number:.17g}" for number in numbers)])
    return out.getvalue()


def require_scan(case: Case, folder: Path) -> None:
    """Refuse a case without a phi step to carry a cell to.

    Raises:
        WrongUse: no phi step is at exactly 0, or nothing rotates.
    """
    from simulator.defects import Defects
    from simulator.model.prepare import prepare

    experiment = read_line(case.argv, folder)
    steps = prepare(experiment, experiment.defects or Defects()).scan.steps
    zero = [float(step.phi_rad) == 0.0 for step in steps]
    if not any(zero) or all(zero):
        raise WrongUse(
            f"case {case.name!r} carries no cell: that needs a scan with a phi step at exactly 0 and one that is not; "
            f"its phi steps: {len(steps)}, of which at 0: {sum(zero)}"
        )
