"""What ``mixed`` and ``float32`` cost in accuracy, and compiling: every case against its eager float64 image."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from benchmarks.race import Say
from harness.case import Case
from subjects.nanobragg.description import NanoBragg

SUBJECT = NanoBragg()

if TYPE_CHECKING:
    import numpy as np

    from simulator.evaluation.execution import CompileChoice


class Variant(TypedDict):
    """How an image is computed."""

    dtype: str
    compile: CompileChoice


VARIANTS: dict[str, Variant] = {
    "compiled": {"dtype": "float64", "compile": "always"},
    "mixed": {"dtype": "mixed", "compile": "never"},
    "float32": {"dtype": "float32", "compile": "never"},
}
NEGLIGIBLE = 1e-15
"""Pixels below this share of the image's largest hold nothing but rounding, in reduced precision."""


@dataclass(frozen=True)
class Agreement:
    """An image against the exact one."""

    median_ulps: float
    """float32 ulps."""
    worst_ulps: float
    worst_of_largest: float
    """Largest difference over the largest pixel."""
    correlation: float | None
    """None where one image is constant."""


def accuracy(golden: Path | None, *, only: Sequence[str] = (), say: Say) -> dict[str, Any]:
    """Agreement of each case in each reduced precision; the cases that both programs refuse are left out."""
    results: dict[str, Any] = {}
    for case in _cases(golden, only):
        try:
            results[case.name] = {name: vars(figures) for name, figures in _of_case(case).items()}
        except Exception as error:  # a case that cannot be computed must not end the suite
            results[case.name] = {"failure": f"{type(error).__name__}: {error}"}
        say(f"accuracy of {case.name}: {results[case.name]}")
    return {"cases": results, "summary": summary(results)}


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """Over all cases: the median of the medians, the worst of the worst."""
    from statistics import median

    found: dict[str, Any] = {}
    for name in VARIANTS:
        figures = [case[name] for case in results.values() if name in case]
        if figures:
            correlations = [one["correlation"] for one in figures if one["correlation"] is not None]
            found[name] = {
                "cases": len(figures),
                "median_ulps": median(one["median_ulps"] for one in figures),
                "worst_ulps": max(one["worst_ulps"] for one in figures),
                "worst_of_largest": max(one["worst_of_largest"] for one in figures),
                "lowest_correlation": min(correlations, default=None),
            }
    return found


def _cases(golden: Path | None, only: Sequence[str]) -> Iterator[Case]:
    cases = [SUBJECT.case(name) for name in SUBJECT.case_names()]
    if golden is not None:
        cases += [case for case in SUBJECT.golden_cases(golden) if case.name not in {known.name for known in cases}]
    return (case for case in cases if not case.fails and (not only or case.name in only))


def _of_case(case: Case) -> dict[str, Agreement]:
    from harness.running.computing import Computing
    from harness.running.scratch import prepare
    from simulator import ExecutionConfig, Simulator
    from subjects.nanobragg.port import read_case, run_setup

    prepared = prepare(SUBJECT, case)
    with prepared.scratch() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_setup(prepared, folder, Computing(device="cpu"))
        experiment = read_case(prepared, folder)

    def image(dtype: str, compile: CompileChoice) -> np.ndarray:
        execution = ExecutionConfig(device="cpu", dtype=dtype, compile=compile)
        rendered: np.ndarray = Simulator(experiment, execution=execution).image().detach().double().numpy()
        return rendered

    exact = image("float64", "never")
    return {
        name: agreement(exact, image(**variant), negligible=0.0 if variant["dtype"] == "float64" else NEGLIGIBLE)
        for name, variant in VARIANTS.items()
    }


def agreement(exact: np.ndarray, other: np.ndarray, negligible: float = NEGLIGIBLE) -> Agreement:
    """Figures of one image against the exact one, both as they would be stored: in 32 bits.

    Args:
        exact: the image.
        other: the one that is judged.
        negligible: pixels below this share of the largest are not counted.
    """
    import numpy as np

    from compare.imaging.statistics import float32_ulps

    a, b = exact.astype(np.float32), other.astype(np.float32)
    largest = float(np.abs(a).max())
    counted = np.maximum(np.abs(a), np.abs(b)) > negligible * largest
    ulps = float32_ulps(a[counted], b[counted]) if counted.any() else np.zeros(1)
    varied = a.std() > 0 and b.std() > 0
    return Agreement(
        median_ulps=float(np.median(ulps)),
        worst_ulps=float(ulps.max()),
        worst_of_largest=float(np.abs(exact - other).max() / largest) if largest > 0 else 0.0,
        correlation=float(np.corrcoef(exact.ravel(), other.ravel())[0, 1]) if varied else None,
    )
