"""The size of a case's image, as ``compare images --case`` asks for it."""

from __future__ import annotations

import contextlib
import json
import tomllib
import warnings
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.case_sizes import shape_of_case
from harness.errors import WrongUse
from harness.running.scratch import prepare
from simulator import Experiment
from subjects.nanobragg.description import NanoBragg
from tests.harness.support import ROOT, Run, sealed_folders

SUBJECT = NanoBragg()


def test_compare_finds_the_harness_by_its_entry_point() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["compare.case_sizes"]
    assert EntryPoint("harness", points["harness"], "compare.case_sizes").load() is shape_of_case


@pytest.mark.parametrize("name", SUBJECT.case_names())
def test_packaged_cases_have_the_size_of_their_detector(name: str) -> None:
    case = SUBJECT.case(name)
    warnings.simplefilter("ignore")  # words and files that a case has on purpose
    if case.fails:
        with contextlib.suppress(WrongUse):
            assert shape_of_case(name) is not None
        return
    if case.setup:
        assert shape_of_case(name) is not None
        return
    with prepare(SUBJECT, case).scratch() as folder:
        detector = Experiment.from_argv(case.argv, folder).detector
    assert shape_of_case(name) == (detector.pixels_slow, detector.pixels_fast)


def test_a_case_file_has_one_and_what_is_no_case_has_none(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[case]\nname = "mine"\nargv = "-cell 40 40 40 90 90 90 -detpixels_x 7 -detpixels_y 5"\n')
    assert shape_of_case(str(file)) == (5, 7)
    for unknown in ("no such case", str(tmp_path), str(tmp_path / "case.json")):
        assert shape_of_case(unknown) is None


def test_evidence_states_the_size(harness: Run, tmp_path: Path) -> None:
    detector = "-cell 40 40 40 90 90 90 -N 2 -default_F 1 -detpixels_x 7 -detpixels_y 5"
    done = harness(*f"trace --device cpu --out-dir reports --pixel 2 3 -- {detector}".split())
    assert done.returncode == 0, done.stderr
    (folder,) = sealed_folders(tmp_path / "reports")
    assert json.loads((folder / "case.json").read_text())["image_shape"] == [5, 7]
    assert shape_of_case(str(folder)) == (5, 7)


@pytest.mark.parametrize("content", ["[]", "{}", '{"argv": []}'])
def test_a_record_without_a_command_line_is_no_case(content: str, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(content)
    assert shape_of_case(str(tmp_path)) is None
