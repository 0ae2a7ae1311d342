"""Another build of the reference program is the same program."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.other_builds import builds, compared
from compare.judging.result import Verdict

CELL = "-lambda 1 -distance 100 -detpixels 64 -pixel 1 -nonoise -cell 36 45 52 81 99 104 -default_F 9 -oversample 2"
CASES = {
    "large crystal": f"{CELL} -N 400 -phi 0 -osc 1 -phisteps 5",
    "Gaussian tails": f"{CELL} -N 60 -gauss_xtal -mosaic_spread 1 -mosaic_domains 4",
}
PIXELS = ["-trace_pixel", "31", "27", "-trace_pixel", "5", "60", "-trace_pixel", "32", "32"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> list:
    return list(builds(tmp_path_factory.mktemp("builds"), ["fast", "libm"]))


@pytest.mark.parametrize("case", CASES)
def test_other_builds_of_one_program_are_at_parity(programs: list, case: str, tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    traces = [program.trace(CASES[case].split(), (), tmp_path / "inputs", PIXELS) for program in programs]
    assert len(set(traces)) == len(traces), "they round differently"
    for other in traces[1:]:
        result = compared(traces[0], other, tmp_path)
        assert result.verdict is Verdict.PARITY
        assert result.first_origin is None


def test_subpixels_that_just_fit_accuse_nobody(programs: list, tmp_path: Path) -> None:
    """3 x 5 x 10 nm / (0.1 nm x 100 mm / 0.4 mm) is 6: one more or one less by the last bit of a cell edge."""
    (tmp_path / "inputs").mkdir()
    words = "-lambda 1 -distance 100 -detpixels 32 -pixel 0.4 -nonoise -cell 100 100 100 90 90 90 -N 5 -default_F 9"
    traces = [program.trace(words.split(), (), tmp_path / "inputs", PIXELS[:3]) for program in programs]
    for other in traces[1:]:
        result = compared(traces[0], other, tmp_path)
        assert result.verdict in (Verdict.PARITY, Verdict.INCOMPLETE)
        assert result.first_divergence is None
