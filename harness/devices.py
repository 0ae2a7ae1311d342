"""The same trace on every device and in every dtype, aligned with the CPU's and with the reference's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.case import Pixel
from harness.comparing import compare_traces
from subjects.nanobragg.reference import quantity

if TYPE_CHECKING:
    from compare.result import Comparison

INTENSITY_TOLERANCE = 1e-10
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
    traces: Mapping[Pixel, str]
    against_base: Comparison | None
    against_reference: Comparison | None

    def intensity(self, pixel: Pixel) -> float:
        """I_pixel_final of a pixel."""
        return float(quantity(self.traces[pixel], "I_pixel_final") or "nan")


def places(devices: Mapping[str, str], dtypes: Sequence[str]) -> list[Place]:
    """Every device (shown name: request) with every dtype, the base first; float64 comes before the others."""
    found = [Place(name, dtype, request) for dtype in dtypes for name, request in devices.items()]
    return sorted(found, key=lambda place: (place.device, place.dtype) != BASE)


def trace_everywhere(
    where: Sequence[Place],
    trace: Callable[[Place], Mapping[Pixel, str]],
    reference: Mapping[Pixel, str],
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
                _compare(base.traces, traces, base.place, place) if base and exact else None,
                _compare(reference, traces, None, place) if exact and reference else None,
            )
        )
    return results


def _compare(a: Mapping[Pixel, str], b: Mapping[Pixel, str], from_a: Place | None, from_b: Place) -> Comparison:
    names = (f"trace_py_{from_a.label}.log" if from_a else "trace_c.log", f"trace_py_{from_b.label}.log")
    return compare_traces("".join(a.values()), "".join(b[pixel] for pixel in a), names)


def intensity_difference(a: float, b: float) -> float:
    """Relative difference of two final intensities; 0 where both are 0."""
    if a == b:
        return 0.0
    return abs(b - a) / abs(a) if a else float("inf")


def faults_of(results: Sequence[PlaceResult], pixels: Sequence[Pixel]) -> list[str]:
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
                pixel: intensity_difference(base.intensity(pixel), result.intensity(pixel)) for pixel in pixels
            }
            faults += [
                f"{result.place.label}: I_pixel_final of {slow} {fast} is {difference:.3g} from the base (relative)"
                for (slow, fast), difference in differences.items()
                if not difference <= INTENSITY_TOLERANCE
            ]
    return faults
