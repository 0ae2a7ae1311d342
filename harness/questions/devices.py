"""The same trace on every device and in every dtype, aligned with the CPU's and with the reference's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.case import Section
from harness.questions.comparing import compare_sections
from harness.questions.traced import Trace
from harness.subject import Subject

if TYPE_CHECKING:
    from compare.judging.result import Comparison

RESULT_TOLERANCE = 1e-10
"""Relative, between float64 traces on different devices."""
BASE = ("cpu", "float64")


@dataclass(frozen=True)
class Place:
    """Where and in which dtype a trace is made; ``request`` is what the simulator is asked for."""

    device: str
    dtype: str
    request: str

    @property
    def label(self) -> str:
        """For file names: ``cpu``, ``cuda``, ``cuda_mixed``."""
        return self.device if self.dtype == "float64" else f"{self.device}_{self.dtype}"


@dataclass(frozen=True)
class PlaceResult:
    """The traces made in one place, and how they compare (None: not compared) with the base and the reference."""

    place: Place
    traces: Mapping[Section, Trace]
    against_base: Comparison | None
    against_reference: Comparison | None

    def value(self, section: Section, subject: Subject) -> float:
        """The result of a section; NaN where it is not traced."""
        found = subject.result_of(self.traces[section])
        return float("nan") if found is None else found


def places(devices: Mapping[str, str], dtypes: Sequence[str]) -> list[Place]:
    """Every device (shown name: request) with every dtype, the base first; float64 comes before the others."""
    found = [Place(name, dtype, request) for dtype in dtypes for name, request in devices.items()]
    return sorted(found, key=lambda place: (place.device, place.dtype) != BASE)


def trace_everywhere(
    where: Sequence[Place],
    trace: Callable[[Place], Mapping[Section, Trace]],
    reference: Mapping[Section, Trace],
    subject: Subject,
) -> list[PlaceResult]:
    """Trace in every place; the first is what the others are compared with.

    Only float64 is held against the reference: the other dtypes are meant to differ.
    """
    results: list[PlaceResult] = []
    for place in where:
        traces = trace(place)
        base = results[0] if results else None
        exact = place.dtype == "float64"
        results.append(
            PlaceResult(
                place,
                traces,
                _compare(subject, base.traces, traces, base.place, place) if base and exact else None,
                _compare(subject, reference, traces, None, place) if exact and reference else None,
            )
        )
    return results


def _compare(
    subject: Subject,
    a: Mapping[Section, Trace],
    b: Mapping[Section, Trace],
    from_a: Place | None,
    from_b: Place,
) -> Comparison:
    of_reference, of_port = subject.sides
    name = f"trace_{of_port}_{from_a.label}.log" if from_a else f"trace_{of_reference}.log"
    return compare_sections(a, b, (name, f"trace_{of_port}_{from_b.label}.log"), subject)


def relative_difference(a: float, b: float) -> float:
    """Relative difference of two results; 0 where both are the same."""
    if a == b:
        return 0.0
    return abs(b - a) / abs(a) if a else float("inf")


def faults_of(results: Sequence[PlaceResult], sections: Sequence[Section], subject: Subject) -> list[str]:
    """Every float64 trace that is not in parity with the base or the reference, a sentence each."""
    base = results[0]
    faults = []
    for result in results:
        for comparison, other in ((result.against_base, base.place.label), (result.against_reference, "the reference")):
            if comparison is not None and comparison.exit_code:
                first = comparison.first_origin or comparison.first_divergence
                where = f": first at {first.key}" if first else ""
                faults.append(f"{result.place.label} against {other}: {comparison.verdict.value}{where}")
        if result.against_base is not None and result.against_base.exit_code:
            differences = {
                at: relative_difference(base.value(at, subject), result.value(at, subject)) for at in sections
            }
            faults += [
                f"{result.place.label}: {subject.result} of {subject.named(at)} is off the base by {difference:.3g}"
                for at, difference in differences.items()
                if not difference <= RESULT_TOLERANCE
            ]
    return faults
