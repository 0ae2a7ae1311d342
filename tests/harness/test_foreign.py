"""A reference program of somebody else's: what it prints among other things, what it does not know, how it is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.choices import chosen_tasks
from harness.errors import WrongUse
from harness.questions.parity import run_task
from harness.running.computing import Computing
from harness.running.scratch import prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.judging import used_lines
from subjects.nanobragg.programs import CProgram, Port
from subjects.nanobragg.reference import Reference, sections_of, switches_defects, traced

OWN = Path(__file__).parents[2] / "reference_c" / "build" / "nanobragg_c"
SUBJECT = NanoBragg()

GLUED = "s/^TRACE_C: n_sources/12% done&/;s/^TRACE_C: default_F/TRACE_C: odd_name 3&/"
UNSET = "s/^TRACE_C: attenuation_per_meter 0$/TRACE_C: attenuation_per_meter -1/"
NAMELESS = "/^TRACE_C: \\(program\\|defects\\|mode\\|version\\) /d"


def wrapper(folder: Path, *, knows_defects: bool, edit: str = "s/a/a/", several: bool = True) -> Reference:
    """The project's own program as a stranger: it may ignore -defects, or trace one pixel alone."""
    if not OWN.is_file():
        pytest.skip("the C program is not built")
    drop = "" if knows_defects else 'if [ "$1" = -defects ]; then shift 2; n=$((n-2)); continue; fi'
    once = "" if several else 'if [ "$1" = -trace_pixel ]; then t="$1 $2 $3"; shift 3; n=$((n-3)); continue; fi'
    script = f"""#!/bin/sh
echo "threads $OMP_NUM_THREADS" >&2
n=$#; t=
while [ $n -gt 0 ]; do
{drop}
{once}
set -- "$@" "$1"; shift; n=$((n-1))
done
{OWN} $t "$@" > out.txt || exit $?
sed -e '{edit}' out.txt
"""
    path = folder / "stranger"
    path.write_text(script)
    path.chmod(0o755)
    return Reference(path, own=False)


def test_glued_lines_are_found_and_unset_is_unset(tmp_path: Path) -> None:
    stranger = CProgram(wrapper(tmp_path, knows_defects=False, edit=f"{GLUED};{UNSET};{NAMELESS}"), 60)
    case = SUBJECT.case("oblique_cell")
    (task,) = chosen_tasks(SUBJECT, ["oblique_cell"], None, "c-parity", stranger, Port(Computing("cpu")), None)
    outcome = run_task(task)
    assert outcome.exit_code == 0, [check for check in outcome.checks if not check.passed]
    assert {str(trace.value("attenuation_per_meter")) for trace in outcome.reference_traces.values()} == {"0"}
    assert all(trace.value("n_sources") and trace.value("odd_name") for trace in outcome.reference_traces.values())
    assert set(outcome.reference_traces) >= set(case.sections)


def test_a_program_that_ignores_defects_is_compared_in_one_mode_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = wrapper(tmp_path, knows_defects=False, edit=NAMELESS)
    assert not switches_defects(reference, 60)
    stranger, port = CProgram(reference, 60), Port(Computing("cpu"))
    tasks = chosen_tasks(SUBJECT, ["oblique_cell"], None, None, stranger, port, None)
    assert [task.mode for task in tasks] == ["c-parity"]
    assert "switches no defects: compared in c-parity alone" in capsys.readouterr().err
    with pytest.raises(WrongUse, match="c-parity alone"):
        chosen_tasks(SUBJECT, ["oblique_cell"], None, "spec", stranger, port, None)


def test_a_program_that_knows_defects_is_compared_in_all_modes(tmp_path: Path) -> None:
    stranger, port = CProgram(wrapper(tmp_path, knows_defects=True), 60), Port(Computing("cpu"))
    tasks = chosen_tasks(SUBJECT, ["oblique_cell"], None, None, stranger, port, None)
    assert [task.mode for task in tasks] == ["c-parity", "spec"]


@pytest.mark.parametrize("several", [True, False])
def test_several_pixels_take_one_run_where_the_program_can(several: bool, tmp_path: Path) -> None:
    stranger = wrapper(tmp_path, knows_defects=True, several=several)
    prepared = prepare(SUBJECT, SUBJECT.case("oblique_cell"))
    pixels = [(31, 57), (10, 20)]
    made = traced(stranger, prepared, pixels, timeout_s=60)
    assert len(made.runs) == (1 if several else 3), "the try, then one for each pixel"
    assert [trace.value("pixel") for trace in made.traces.values()] == ["31 57", "10 20"]


@pytest.mark.parametrize(("said", "threads"), [(None, "1"), ("3", "3")])
def test_it_runs_on_one_thread_unless_told_otherwise(
    said: str | None, threads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    stranger = wrapper(tmp_path, knows_defects=True)
    made = traced(stranger, prepare(SUBJECT, SUBJECT.case("oblique_cell")), [(31, 57)], timeout_s=60)
    assert f"threads {threads}\n" in made.runs[0].stderr
    assert CProgram(stranger, 60).facts()["reference_OMP_NUM_THREADS"] == threads
    assert "OMP_NUM_THREADS" not in os.environ or said


def test_sections_begin_with_a_pixel_line_where_there_is_no_format_line() -> None:
    text = "TRACE_C: pixel 1 2\nTRACE_C: a 1\nTRACE_C: pixel 3 4\nTRACE_C: a 2\n"
    assert sections_of(text) == {
        (1, 2): "TRACE_C: pixel 1 2\nTRACE_C: a 1\n",
        (3, 4): "TRACE_C: pixel 3 4\nTRACE_C: a 2\n",
    }


STATES = "TRACE_C: phi_carryover 0\nTRACE_C: carried_from none\nTRACE_C: a0_angstroms 1 2 3\n"
SILENT = "TRACE_C: carried_from 3 3\nTRACE_C: carried_ap_angstroms 7 8 9\nTRACE_C: a0_angstroms 1 2 3\n"


def test_a_carried_cell_that_nobody_uses_is_not_compared() -> None:
    stated, silent = used_lines(STATES, SILENT)
    assert stated.split() == ["TRACE_C:", "phi_carryover", "0", "TRACE_C:", "a0_angstroms", "1", "2", "3"]
    assert silent.split() == ["TRACE_C:", "a0_angstroms", "1", "2", "3"]
    assert silent.count("\n") == SILENT.count("\n"), "lines keep their numbers"


def test_a_carried_cell_is_compared_where_it_may_be_used() -> None:
    carries = STATES.replace("phi_carryover 0", "phi_carryover 1")
    assert used_lines(carries, SILENT) == (carries, SILENT)
    assert used_lines(STATES, STATES) == (STATES, STATES), "both say the same of it"
    assert used_lines(SILENT, SILENT) == (SILENT, SILENT)
