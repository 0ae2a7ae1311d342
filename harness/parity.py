"""The parity of one case: both programs run, their traces and images compared, and with golden figures too."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import Case, Pixel
from harness.choices import chosen_defects, with_words
from harness.comparing import (
    DIVERGENCE,
    FAILED,
    Check,
    compare_traces,
    count_check,
    exit_code_of,
    float_tolerance,
    image_check,
    trace_check,
    worst_pixel,
)
from harness.errors import HarnessError
from harness.evidence import failure_text
from harness.scratch import Prepared, prepare
from subjects.nanobragg.case_run import SideRun, run_port, run_reference, trace_with_port, trace_with_reference
from subjects.nanobragg.port import Computing
from subjects.nanobragg.reference import Reference, quantity, with_pixel_line

if TYPE_CHECKING:
    import numpy as np

    from compare.result import Comparison

STATISTICS_TOLERANCE = 1e-9
"""Relative; the golden sums were added in another order."""


@dataclass(frozen=True)
class Task:
    """One case in one mode, with what to run it on."""

    case: Case
    mode: str
    computing: Computing
    reference: Reference
    data: Path | None = None
    timeout_s: float | None = None

    @property
    def label(self) -> str:
        """Name of the outcome: the case's, marked where it is golden or not in the default mode."""
        golden = "golden_" if self.case.golden else ""
        mode = "" if self.mode == "c-parity" else f"_{self.mode}"
        return f"{golden}{self.case.name}{mode}"


@dataclass(frozen=True)
class Outcome:
    """How a case came out."""

    label: str
    case: str
    mode: str
    checks: tuple[Check, ...]
    seconds: float
    device: str = ""
    prepared: Prepared | None = None
    reference_traces: Mapping[Pixel, str] = field(default_factory=dict)
    port_traces: Mapping[Pixel, str] = field(default_factory=dict)
    comparison: Comparison | None = None
    """Of all traced pixels together."""
    commands: tuple[tuple[tuple[str, ...], str, float, int], ...] = ()
    """Words, folder, start and exit status of each run of the reference program."""
    failure: str = ""
    """What a program that failed printed."""

    @property
    def exit_code(self) -> int:
        """The house's exit code for this case."""
        return exit_code_of(self.checks)

    @property
    def verdict(self) -> str:
        """The exit code in a word."""
        return {0: "parity", 1: "DIVERGENT", 3: "NOTHING COMPARED"}.get(self.exit_code, "FAILED")

    @property
    def final_intensities(self) -> dict[Pixel, tuple[str | None, str | None]]:
        """I_pixel_final of each traced pixel: reference, port."""
        return {
            pixel: (quantity(text, "I_pixel_final"), quantity(self.port_traces.get(pixel, ""), "I_pixel_final"))
            for pixel, text in self.reference_traces.items()
        }

    @property
    def worst_ulps(self) -> float | None:
        """The largest difference between the two traces, in units in the last place."""
        worst = self.comparison.worst if self.comparison else None
        return worst.ulps if worst else None


def run_task(task: Task) -> Outcome:
    """Run one case in one mode; a program that fails is an outcome, not an exception."""
    began = time.monotonic()
    words = chosen_defects(task.case, task.mode, ()) if task.mode != "c-parity" else ()
    case = with_words(task.case, words)
    try:
        prepared = prepare(case, task.data)
        reference = run_reference(task.reference, prepared, case.pixels, task.timeout_s)
        port = run_port(prepared, case.pixels, task.computing)
    except Exception as error:
        said = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
        check = Check("run", FAILED, said)
        return Outcome(
            task.label, case.name, task.mode, (check,), time.monotonic() - began, failure=failure_text(error)
        )
    if refusals := _refusals(case, reference, port):
        return Outcome(task.label, case.name, task.mode, refusals, time.monotonic() - began, prepared=prepared)
    return _compared(task, prepared, reference, port, began)


def _refusals(case: Case, reference: SideRun, port: SideRun) -> tuple[Check, ...]:
    """The checks of a case that a program refused, or should have; none where both ran as expected."""
    said = f"reference: {reference.refusal or 'accepted'}; port: {port.refusal or 'accepted'}"
    if reference.refusal and port.refusal:
        return (Check("refusal", 0 if case.fails else FAILED, said),)
    if reference.refusal or port.refusal or case.fails:
        return (Check("refusal", DIVERGENCE, said),)
    return ()


def _compared(task: Task, prepared: Prepared, reference: SideRun, port: SideRun, began: float) -> Outcome:
    image_checks = tuple(_image_checks("", reference.images, port.images))
    if exit_code_of(image_checks) == DIVERGENCE and (reference.images["float"] != port.images["float"]).any():
        reference, port = _with_worst_pixel(task, prepared, reference, port)
    comparison = _compare_pixels(reference.traces, port.traces) if reference.traces else None
    checks = [trace_check("traces", comparison)] if comparison else []
    checks += image_checks
    checks += _header_checks(reference.headers, port.headers)
    checks += _golden_checks(prepared.case, reference, port)
    return Outcome(
        label=task.label,
        case=prepared.case.name,
        mode=task.mode,
        checks=tuple(checks),
        seconds=time.monotonic() - began,
        device=port.device,
        prepared=prepared,
        reference_traces=dict(reference.traces),
        port_traces=dict(port.traces),
        comparison=comparison,
        commands=tuple((run.command, str(run.folder), run.started, run.status) for run in reference.runs),
    )


def _compare_pixels(
    expected: Mapping[Pixel, str], got: Mapping[Pixel, str], names: tuple[str, str] = ("trace_c.log", "trace_py.log")
) -> Comparison:
    """The traces of several pixels as one log a side."""
    a, b = ("".join(with_pixel_line(side[pixel], pixel) for pixel in expected) for side in (expected, got))
    return compare_traces(a, b, names)


def _with_worst_pixel(task: Task, prepared: Prepared, reference: SideRun, port: SideRun) -> tuple[SideRun, SideRun]:
    """The runs with the traces of the pixel where the images are furthest apart."""
    pixel = worst_pixel(reference.images["float"], port.images["float"])
    if pixel in reference.traces:
        return reference, port
    of_reference = trace_with_reference(task.reference, prepared, [pixel], task.timeout_s)
    of_port = trace_with_port(prepared, [pixel], task.computing)
    return (
        replace(reference, traces={**reference.traces, **of_reference}),
        replace(port, traces={**port.traces, **of_port}),
    )


def _image_checks(prefix: str, expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]) -> Iterator[Check]:
    """The images that ``expected`` has, each against the other side's."""
    for kind, image in expected.items():
        what = f"{prefix}{kind} image"
        if kind not in got:
            yield Check(what, DIVERGENCE, "written by one program only")
        elif kind == "float":
            yield image_check(what, image, got[kind], float_tolerance())
        elif kind in ("int", "pgm"):
            yield count_check(what, image, got[kind])
        elif not (expected["float"] != got["float"]).any():
            # One bit of the mean may change every count that is drawn after it: only equal means compare.
            yield image_check(what, image, got[kind])
    for kind in got.keys() - expected.keys():
        yield Check(f"{prefix}{kind} image", DIVERGENCE, "written by one program only")


def _header_checks(expected: Mapping[str, bytes], got: Mapping[str, bytes]) -> Iterator[Check]:
    for kind, header in expected.items():
        other = got.get(kind, b"")
        lines = (bytes(text).decode("ascii", "replace").splitlines() for text in (header, other))
        differing = [f"{a!r} against {b!r}" for a, b in zip_longest(*lines, fillvalue="") if a != b]
        code = DIVERGENCE if header != other else 0
        yield Check(f"{kind} header", code, "; ".join(differing) or f"{len(header)} bytes equal")


def _golden_checks(case: Case, reference: SideRun, port: SideRun) -> Iterator[Check]:
    if case.golden is None:
        return
    if texts := {pixel: path.read_text("utf-8") for pixel, path in case.golden.traces.items()}:
        for side, run in (("reference", reference), ("port", port)):
            yield trace_check(f"golden {side} traces", _compare_pixels(texts, run.traces, ("golden", side)))
    if case.golden.image is None:
        return
    golden = _golden_images(case.golden.image)
    for side, run in (("reference", reference), ("port", port)):
        got = {kind: _cropped(image, case.golden.crop) for kind, image in run.images.items() if kind in golden}
        yield from _image_checks(f"golden {side} ", golden, got)
        yield from _statistics_checks(f"golden {side} ", case.golden.stats, run.images["float"])


def _golden_images(path: Path) -> dict[str, np.ndarray]:
    import numpy as np

    with np.load(path) as stored:
        return {"float" if name == "image" else name: stored[name] for name in stored.files}


def _cropped(image: np.ndarray, crop: tuple[int, int, int, int] | None) -> np.ndarray:
    return image if crop is None else image[crop[0] : crop[1], crop[2] : crop[3]]


def _statistics_checks(prefix: str, stats: Mapping[str, object], image: np.ndarray) -> Iterator[Check]:
    """Sum, maximum and where it is, over the whole image."""
    import numpy as np

    if "sum" not in stats:
        return
    total, largest = float(image.astype(np.float64).sum()), float(image.max())
    place = [int(index) for index in np.unravel_index(int(image.argmax()), image.shape)]
    expected = (float(str(stats["sum"])), float(str(stats["max"])), stats["argmax_slow_fast"])
    fine = (
        abs(total - expected[0]) <= STATISTICS_TOLERANCE * abs(expected[0])
        and abs(largest - expected[1]) <= STATISTICS_TOLERANCE * abs(expected[1])
        and place == expected[2]
    )
    text = f"sum {total:.17g}, maximum {largest:.9g} at {place}"
    if not fine:
        text += f"; golden: sum {expected[0]:.17g}, maximum {expected[1]:.9g} at {expected[2]}"
    yield Check(f"{prefix}statistics", 0 if fine else DIVERGENCE, text)


def worst_exit_code(outcomes: Sequence[Outcome]) -> int:
    """The exit code of a run over several cases."""
    return exit_code_of([check for outcome in outcomes for check in outcome.checks])
