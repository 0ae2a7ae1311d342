"""What the engine asks of ``compare``: are these two traces, these two arrays the same?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.outcomes import ExitCode, worst
from compare.reading.source import Held
from harness.case import Section
from harness.questions.traced import Trace, joined

if TYPE_CHECKING:
    import numpy as np

    from compare.imaging.statistics import Tolerance
    from compare.judging.result import Comparison
    from harness.subject import Subject

DIVERGENCE, NOTHING_COMPARED, FAILED = ExitCode.DIVERGENCE, ExitCode.NOTHING_COMPARED, ExitCode.FAILED


@dataclass(frozen=True)
class Check:
    """One comparison of a case: what was compared, how it came out (an exit code of the house), in words."""

    what: str
    exit_code: int
    text: str

    @property
    def passed(self) -> bool:
        """True for parity."""
        return self.exit_code == 0


def compare_traces(
    a: str | Held,
    b: str | Held,
    names: tuple[str, str] = ("trace_a.log", "trace_b.log"),
    subject: Subject | None = None,
) -> Comparison:
    """Compare two traces given as text, known by ``names``; ``a`` is the reference."""
    from compare.judging.engine import compare_traces as compare

    if subject and isinstance(a, str) and isinstance(b, str):
        a, b = subject.compared(a, b)
    logs = [log if isinstance(log, Held) else Held(name, log) for log, name in zip((a, b), names, strict=True)]
    words = subject.vocabulary() if subject else None
    return compare(logs[0], logs[1], vocabulary=words, tolerances=subject.tolerances() if subject else None)


def compare_sections(
    expected: Mapping[Section, Trace],
    got: Mapping[Section, Trace],
    names: tuple[str, str],
    subject: Subject | None = None,
) -> Comparison:
    """The traces of several sections as one log a side."""
    missing = Trace("")
    a, b = (joined({section: side.get(section, missing) for section in expected}) for side in (expected, got))
    return compare_traces(a, b, names, subject)


def trace_check(what: str, comparison: Comparison) -> Check:
    """The outcome of a trace comparison as a check."""
    if comparison.exit_code == 0:
        worst = comparison.worst
        ulps = f", worst {worst.ulps:g} ulp ({worst.key})" if worst is not None and worst.ulps else ""
        return Check(what, 0, f"{comparison.coverage.paired} values{ulps}")
    first = comparison.first_origin or comparison.first_divergence
    if first is not None:
        text = f"first at {first.key}: {first.a} against {first.b}"
    elif comparison.open_problems:
        text = comparison.open_problems[0].message
    else:
        text = str(comparison.coverage)
    return Check(what, comparison.exit_code, f"{comparison.verdict.value}: {text}")


def image_check(what: str, a: np.ndarray, b: np.ndarray, tolerance: Tolerance | None = None) -> Check:
    """Compare two pixel arrays; blank images are the case's own business and count as compared."""
    import numpy as np

    if np.array_equal(a, b) and np.isfinite(a).all():  # nothing to measure
        return Check(what, 0, f"{a.size} of {a.size} pixels equal")
    from compare.imaging.comparison import compare_images
    from compare.imaging.files import Image

    outcome = compare_images(
        Image("a", "array", a, "the array"), Image("b", "array", b, "the array"), tolerance=tolerance, allow_blank=True
    )
    figures = outcome.statistics
    if outcome.exit_code:
        return Check(what, outcome.exit_code, "; ".join(outcome.reasons))
    assert figures is not None
    return Check(what, 0, f"{figures.equal} of {figures.pixels} pixels equal")


def float_tolerance() -> Tolerance:
    """At least 99.9 % bit-equal, every other within 2 float32 ulps or 1e-15 of the maximum."""
    from compare.imaging.statistics import Tolerance

    return Tolerance(ulps=2.0, floor=1e-15, equal_share=0.999)


def count_check(what: str, a: np.ndarray, b: np.ndarray) -> Check:
    """Integer images: at most one pixel in ten thousand may be off, by one."""
    import numpy as np

    if a.shape != b.shape:
        return Check(what, DIVERGENCE, f"the sizes differ: {a.shape} against {b.shape}")
    if np.array_equal(a, b):
        return Check(what, 0, f"{a.size} of {a.size} pixels equal")
    off = np.abs(a.astype(np.int64) - b.astype(np.int64))
    differing, largest = int((off > 0).sum()), int(off.max(initial=0))
    if largest > 1 or differing > a.size * 1e-4:
        slow, fast = np.unravel_index(int(off.argmax()), a.shape)
        return Check(what, DIVERGENCE, f"{differing} pixels differ, by up to {largest}, at ({slow}, {fast})")
    return Check(what, 0, f"{a.size - differing} of {a.size} pixels equal")


def worst_pixel(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """(slow, fast) where two float images are furthest apart; a NaN on one side is furthest."""
    import numpy as np

    difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    difference[np.isnan(a) != np.isnan(b)] = np.inf
    slow, fast = np.unravel_index(int(np.nan_to_num(difference, nan=0.0, posinf=np.inf).argmax()), a.shape)
    return int(slow), int(fast)


def exit_code_of(checks: Sequence[Check]) -> ExitCode:
    """The exit code of several checks: a divergence outweighs a failed program, that a comparison of nothing."""
    return worst(check.exit_code for check in checks)
