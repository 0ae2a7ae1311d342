"""Faults planted in the C program: all are seen, the true step named first, no innocent one accused, no label wrong.

All of them are planted when PLANTED=all is set (a quarter of an hour); else a sample of one in thirty.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch
from c_faults import CASES, PLANTED
from planted import SOURCES, Said, Workshop, compared, edited, judged, port_text, trace_of
from rare_faults import RARE, RARE_CASES

from compare.judging.result import Verdict

EVERYTHING = os.environ.get("PLANTED") == "all"
FAULTS = (*PLANTED, *RARE)
CHOSEN = FAULTS if EVERYTHING else FAULTS[7::30]
CLEAN = (*CASES, *RARE_CASES) if EVERYTHING else ("sources", "thick spec", "factors")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler: nothing can be planted")
    return Workshop(tmp_path_factory.mktemp("workshop"))


def test_the_campaign_is_large_enough() -> None:
    assert len({fault.name for fault in PLANTED}) >= 190
    assert sum(len(fault.cases) for fault in PLANTED) >= 350


def test_every_fault_can_be_planted() -> None:
    """The table keeps step with the sources."""
    for fault in FAULTS:
        text = (SOURCES / fault.file).read_text()
        assert edited(text, fault) != text, fault.name


def test_planted_faults_are_named_and_nobody_else(workshop: Workshop, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    every: list[Said] = []
    for fault in CHOSEN:
        cases = fault.cases if EVERYTHING else fault.cases[:1]
        every += judged(fault, workshop, tmp_path, cases)
    print(f"{len(CHOSEN)} faults, {len(every)} comparisons")
    assert not [str(each) for each in every if not each.detected]
    assert not [str(each) for each in every if each.accused]
    assert not [str(each) for each in every if each.wrong_labels]
    wrong = [str(each) for each in every if not each.right]
    assert len(wrong) <= 0.03 * len(every), wrong


@pytest.mark.parametrize("case", CLEAN)
def test_the_sound_program_is_accused_of_nothing(case: str, workshop: Workshop, tmp_path: Path) -> None:
    comparison = compared(trace_of(workshop.sound, case), port_text(case), tmp_path)
    assert comparison.verdict is Verdict.PARITY
    assert comparison.first_origin is None
