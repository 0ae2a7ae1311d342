"""Two sound programs are never accused: no origin, no divergence among the golden traces.

All golden traces are compared when CLEAN_PAIRS=all is set (minutes); else a sample.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from compare.judging.result import Comparison, Verdict
from harness.case import Case
from harness.errors import ProgramFailed
from harness.running.scratch import prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.explaining import port_of, with_replays
from subjects.nanobragg.reference import Reference, find_reference, trace_pixels

SUBJECT = NanoBragg()

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
SAMPLE = ("phi_crossing_zero", "hkl_tricubic_leaves_range", "thick_layers", "source_file_weights", "polar_kahn")


def cases() -> list[Case]:
    if not (GOLDEN / "public" / "index.json").is_file():
        return []
    found = [case for case in SUBJECT.golden_cases(GOLDEN) if not case.fails]
    everything = os.environ.get("CLEAN_PAIRS") == "all"
    sample = [case for case in found if case.name in SAMPLE] or found[:4]
    return found if everything else sample


@pytest.fixture(scope="module")
def program() -> Reference | None:
    try:
        return find_reference(None)
    except ProgramFailed:
        return None


def assert_clean(comparison: Comparison) -> None:
    assert comparison.first_origin is None
    assert comparison.first_divergence is None
    assert comparison.verdict is Verdict.PARITY
    assert comparison.replayed


@pytest.mark.skipif(not cases(), reason="no golden traces at ../shared/golden")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_no_golden_trace_accuses_a_sound_program(case: Case, program: Reference | None, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    assert case.golden is not None
    port = port_of(case, None)
    traces = trace_pixels(program, prepare(SUBJECT, case), case.sections)[1] if program else {}
    for pixel in case.sections if os.environ.get("CLEAN_PAIRS") == "all" else case.sections[:1]:
        golden = str(case.golden.traces[pixel])
        of_port = tmp_path / "port.log"
        of_port.write_text("\n".join(port.trace(*pixel).lines()) + "\n")
        for simulator in (port, None):
            assert_clean(with_replays([golden], [str(of_port)], simulator)[0])
        if pixel in traces:
            of_program = tmp_path / "program.log"
            of_program.write_text(traces[pixel])
            assert_clean(with_replays([golden], [str(of_program)], port)[0])
            assert_clean(with_replays([str(of_program)], [str(of_port)], port)[0])
