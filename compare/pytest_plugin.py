"""Pytest plugin: hold a port to its reference inside a test suite.

    from compare.pytest_plugin import assert_traces_match

    def test_pixel(tmp_path):
        assert_traces_match("golden/c.log", run_port(tmp_path))

    def test_pixel_with_evidence(trace_parity):        # on failure leaves a sealed folder behind
        trace_parity.assert_traces_match("golden/c.log", simulator.trace(685, 1039).lines())

The message names the first step at fault, with both values; the folder has the rest. Whatever is not parity
fails: a truncated log or nothing in common just as a wrong value.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # loaded in every pytest run of an environment: nothing heavy at import
    from compare.judging.result import Comparison

PathLike = str | os.PathLike[str]
Trace = PathLike | Iterable[str]
OPTION = "--trace-parity-reports"
MOST_LINES = 6
PARTIAL = ".partial"


class TracesDiffer(AssertionError):
    """Not parity. ``result`` is the whole comparison."""

    def __init__(self, message: str, result: Comparison) -> None:
        super().__init__(message)
        self.result = result


def assert_traces_match(a: Trace, b: Trace, **options: Any) -> Comparison:
    """Fail with :class:`TracesDiffer` unless ``b`` is at parity with the reference ``a``; else give the comparison.

    A trace is a path or its lines. ``options``: ``a_also`` and ``b_also`` (further files of a side), ``vocabulary``
    and ``tolerances`` (paths) as for ``compare traces``; ``waivers`` (path of a waiver file).
    """
    __tracebackhide__ = True
    with _paths(a, b) as (path_a, path_b):
        result = _compared(path_a, path_b, **options)
    if result.exit_code:
        raise TracesDiffer(message(result), result)
    return result


def message(result: Comparison) -> str:
    """Verdict, first step at fault (or first divergence), findings, counts: a few lines, no dump."""
    from compare.render.account import headline, story
    from compare.render.text import counts_text

    lines = story(result)
    shown = lines[:MOST_LINES] + ([f"and {len(lines) - MOST_LINES} more findings"] if len(lines) > MOST_LINES else [])
    return "\n".join([headline(result), *shown, counts_text(result), str(result.coverage)])


def _compared(
    a: Path,
    b: Path,
    *,
    a_also: Sequence[PathLike] = (),
    b_also: Sequence[PathLike] = (),
    vocabulary: PathLike | None = None,
    tolerances: PathLike | None = None,
    waivers: PathLike | None = None,
) -> Comparison:
    from compare.judging import tolerances as tolerance_files
    from compare.judging import waivers as waiver_files
    from compare.judging.engine import compare_traces
    from compare.words import vocabulary as vocabularies

    result = compare_traces(
        [a, *a_also],
        [b, *b_also],
        vocabulary=vocabularies.load(Path(vocabulary)) if vocabulary else None,
        tolerances=tolerance_files.load(Path(tolerances)) if tolerances else None,
    )
    return waiver_files.apply(result, waiver_files.load(Path(waivers))) if waivers else result


class TraceParity:
    """What the fixture gives: the assertion, with evidence left behind when it fails."""

    def __init__(self, reports: Path, label: str) -> None:
        self.reports = reports
        self.label = label
        self.folders: list[Path] = []

    def assert_traces_match(self, a: Trace, b: Trace, **options: Any) -> Comparison:
        """As the function of that name; on failure a sealed folder is written and named in the message."""
        __tracebackhide__ = True
        with _paths(a, b) as (path_a, path_b):
            try:
                return assert_traces_match(path_a, path_b, **options)
            except TracesDiffer as failure:
                folder = self._record(failure.result, path_a, path_b, options)
                raise TracesDiffer(f"{failure}\nevidence: {folder}", failure.result) from None

    def _record(self, result: Comparison, a: Path, b: Path, options: Mapping[str, Any]) -> Path:
        from compare.folders.sealing import logs_of, seal_comparison

        sides = {
            "a": [str(a), *map(str, options.get("a_also", ()))],
            "b": [str(b), *map(str, options.get("b_also", ()))],
        }
        self.folders.append(seal_comparison(self.reports, self.label, result, logs_of(sides)))
        return self.folders[-1]


@contextmanager
def _paths(*traces: Trace) -> Iterator[list[Path]]:
    """Paths of the traces; lines are written to a temporary file."""
    with tempfile.TemporaryDirectory(prefix="trace_parity_") as folder:
        found = []
        for number, trace in enumerate(traces):
            if isinstance(trace, str | os.PathLike):
                found.append(Path(trace))
            else:
                path = Path(folder) / f"{'ab'[number]}.log"
                path.write_text("".join(line.rstrip("\n") + "\n" for line in trace), "utf-8")
                found.append(path)
        yield found


# ---------------------------------------------------------------- pytest's side


def pytest_addoption(parser: pytest.Parser) -> None:
    help_ = "folder for the evidence of failing trace_parity tests (else HARNESS_REPORTS, else reports/)"
    parser.getgroup("trace parity").addoption(OPTION, metavar="DIR", default=None, help=help_)


@pytest.fixture
def trace_parity(request: pytest.FixtureRequest) -> TraceParity:
    """Compare traces; when one is not at parity, a sealed folder with everything needed to see why is left behind."""
    stated = request.config.getoption(OPTION) or os.environ.get("HARNESS_REPORTS")
    return TraceParity(Path(stated) if stated else request.config.rootpath / "reports", request.node.name)
