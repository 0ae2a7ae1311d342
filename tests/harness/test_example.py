"""The committed example folder: untouched, free of names, and still what the programs compute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from compare.folders.run_report import read_document, render_pages
from harness.questions.comparing import compare_traces
from harness.running.computing import Computing
from harness.running.scratch import prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.programs import CProgram, Port
from subjects.nanobragg.reference import Reference
from tests.harness.support import REFERENCE, ROOT

SUBJECT = NanoBragg()

EXAMPLE = ROOT / "reports" / "example_supervisor"
PIXELS = ((685, 1039), (0, 0), (1264, 1232))


def text(name: str) -> str:
    return (EXAMPLE / name).read_text("utf-8")


def test_the_example_verifies() -> None:
    assert verify(EXAMPLE).findings == ()


def test_its_pages_are_rendered_from_its_data() -> None:
    for name, page in render_pages(EXAMPLE).items():
        assert text(name) == page


def test_it_names_no_machine_and_no_user() -> None:
    content = "".join(path.read_text("utf-8") for path in EXAMPLE.iterdir())
    for word in ("/home/", "/root", "/tmp", str(Path.home()), str(ROOT)):
        assert word not in content
    assert json.loads(text("env.json"))["hostname"] == "[host]"


def test_its_verdict_is_parity() -> None:
    document = read_document(EXAMPLE)
    assert (document.verdict, document.exit_code) == ("parity", 0)
    assert json.loads(text("metrics.json"))["exit_code"] == 0


@pytest.mark.parametrize("side", ["c", "py"])
def test_both_programs_compute_its_numbers_again(side: str) -> None:
    prepared = prepare(SUBJECT, SUBJECT.case("supervisor"))
    recorded = json.loads(text("case.json"))
    assert recorded["argv"] == list(prepared.case.argv)
    if side == "c":
        traced = CProgram(Reference(REFERENCE, own=True), 60.0).trace(prepared, PIXELS)
    else:
        traced = Port(Computing("cpu")).trace(prepared, PIXELS)
    again = traced.text
    comparison = compare_traces(text(f"trace_{side}.log"), again)
    assert comparison.exit_code == 0, comparison.first_divergence
