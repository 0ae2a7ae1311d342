"""What the pages show is what the program does."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def write_files(page: str, folder: Path) -> None:
    """The files that a page shows as blocks ```kind file=NAME."""
    for name, content in re.findall(r"```\w+ file=(\S+)\n(.*?)```", page, re.S):
        (folder / name).write_text(content)


def test_the_worked_example_of_another_program(tmp_path, monkeypatch, compare_command) -> None:
    page = (DOCS / "vocabulary.md").read_text()
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    shown = re.search(r"```console\n\$ compare (.*?)\n(.*?)\.\.\.\n```", page, re.S)
    assert shown is not None
    ran = compare_command(*shlex.split(shown[1]))
    assert ran.code == 1
    assert " ".join(ran.out.split()).startswith(" ".join(shown[2].split()))
    assert compare_command("traces", "heat_fortran.log", "heat_fortran.log", "--vocabulary", "heat.toml").code == 0


def test_the_example_in_the_worked_vocabulary_needs_its_names(tmp_path, monkeypatch, compare_command) -> None:
    """Names that the vocabulary lists as required, and any other, must be on both sides."""
    write_files((DOCS / "vocabulary.md").read_text(), tmp_path)
    monkeypatch.chdir(tmp_path)
    log = (tmp_path / "heat_fortran.log").read_text()
    for change in (
        log.replace("TRACE_F: time_step_s 0.5\n", ""),
        log.replace("TRACE_F: mean_K", "TRACE_F: extra 1\nTRACE_F: mean_K"),
        log.replace("TRACE_F_CELL step=2 cell=0 flux_K_per_s=1.71875 temperature_K=302.109375\n", ""),
        log.replace("TRACE_F: mean_K 305.0\n", ""),
    ):
        (tmp_path / "other.log").write_text(change)
        ran = compare_command("traces", "heat_fortran.log", "other.log", "--vocabulary", "heat.toml")
        assert ran.code == 1


def test_a_cell_that_inherits_from_its_neighbour_in_the_step_before_is_not_called_an_origin(
    tmp_path, monkeypatch, compare_command
) -> None:
    write_files((DOCS / "vocabulary.md").read_text(), tmp_path)
    monkeypatch.chdir(tmp_path)
    log = (tmp_path / "heat_fortran.log").read_text()
    other = log.replace("cell=2 flux_K_per_s=1.25 temperature_K=305.625", "cell=2 flux_K_per_s=1.25 temperature_K=306")
    (tmp_path / "other.log").write_text(other.replace("flux_K_per_s=-2.34375", "flux_K_per_s=-2.25"))
    ran = compare_command("traces", "heat_fortran.log", "other.log", "--vocabulary", "heat.toml", "--json")
    document = json.loads(ran.out)
    origins = {(pair["key"]["name"], pair["origin"]) for pair in document["pairs"] if pair["difference"] == "divergent"}
    assert origins == {("temperature_K", "origin"), ("flux_K_per_s", "unknown")}
