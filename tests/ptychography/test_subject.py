"""Ptychography as a subject of the harness: parity, planted faults by name, replays that agree with the graph."""

from pathlib import Path

import numpy as np
import pytest

from compare.judging.engine import compare_traces as compare_logs
from compare.judging.result import Origin, Verdict
from compare.reading.source import Held
from harness.finding import open_subject
from harness.questions.comparing import compare_sections
from harness.questions.explaining import Ported, explained, try_defects
from harness.questions.traced import Trace, joined
from harness.running.computing import Computing
from harness.running.scratch import prepare
from harness.subject import Role
from simulator.errors import InputError
from subjects.ptychography.cases import CASES
from subjects.ptychography.defects import NAMES
from subjects.ptychography.independence import dependent, programs
from subjects.ptychography.mutations import mutated
from subjects.ptychography.replay_steps import TABLE, At
from subjects.ptychography.replaying import sections_of
from tests.ptychography.test_parity import FAULTS

SUBJECTS = ("ptychography", "ptychography-stitch")


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_both_programs_agree_on_the_default_case(name, mode, ptycho_c):
    subject = open_subject(name)
    case = subject.switched(subject.case("sub_pixel"), mode, [])
    prepared = prepare(subject, case)
    a = subject.reference(None, 60).run(prepared, case.sections)
    b = subject.port(Computing("cpu")).run(prepared, case.sections)
    checks = list(subject.judge(a, b))
    assert checks
    assert all(check.passed for check in checks)
    comparison = compare_sections(a.traces, b.traces, ("c", "py"), subject)
    assert comparison.verdict is Verdict.PARITY
    assert f"mode {mode}" in b.traces[case.sections[0]].text


def test_two_positions_of_one_pixel_stay_apart_in_one_log_and_in_replays(ptycho_c):
    subject = open_subject("ptychography")
    case, sections = subject.case("sub_pixel"), ((0, 16, 16), (9, 16, 16))
    a = subject.reference(None, 60).trace(prepare(subject, case), sections).traces
    b = subject.port(Computing("cpu")).trace(prepare(subject, case), sections[::-1]).traces
    assert compare_sections(a, b, ("c", "py"), subject).verdict is Verdict.PARITY
    head, mark, rest = b[sections[1]].text.partition("TRACE_PY_EXIT pos=9 mode=0 row=7 ")
    at_nine = head + mark + rest.replace("row_power=", "row_power=1", 1)
    found = explained(subject, Trace(joined(a)), Trace(at_nine + b[sections[0]].text), None).comparison
    at_fault = [str(pair.key) for pair in found.pairs if pair.origin in (Origin.ORIGIN, Origin.MIXED)]
    assert at_fault == ["pixel 16 16 position 9: EXIT[pos=9 mode=0 row=7].row_power"]


@pytest.mark.parametrize("name", FAULTS)
def test_replays_name_the_same_step_and_no_other(name, ptycho_c):
    case_name, number, steps = FAULTS[name]
    subject = open_subject("ptychography-stitch" if number == 2 else "ptychography")
    case = subject.switched(subject.case(case_name), "spec", [])
    section = case.sections[0 if number == 2 else number]
    a = subject.reference(None, 60).trace(prepare(subject, case), [section]).traces[section]
    faulty = subject.switched(case, None, [f"{name}=on"])
    b = subject.port(Computing("cpu")).trace(prepare(subject, faulty), [section]).traces[section]
    explanation = Ported(subject, case).explain(a, b, section)
    origins = {
        f"{pair.key.record}.{pair.key.name}"
        for pair in explanation.comparison.pairs
        if pair.origin in (Origin.ORIGIN, Origin.MIXED)
    }
    named = explanation.comparison.first_origin
    assert named is not None
    assert f"{named.key.record}.{named.key.name}" in steps
    partners = {".freq_fast", "PLACE.top_px", "PLACE.row0", "PLACE.col0", "PLACE.frac_x", "PLACE.frac_y", "PLACE.y_px"}
    partners |= {"PATCH.patch_im", "TOUCH.value_im", "PROBE.probe_im"}
    assert origins <= steps | partners  # the other axis or the imaginary part of the same step


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("case_name", ["sub_pixel", "two_modes", "fourier", "group_of_four"])
def test_the_graph_has_the_inputs_that_the_steps_read(name, case_name):
    subject = open_subject(name)
    vocabulary = subject.vocabulary()
    case = subject.case(case_name)
    machine = subject.replay.machine(case, None)  # type: ignore[union-attr]
    text = subject.replay.trace(machine, case.sections[0]).text  # type: ignore[union-attr]
    log = Held("t.log", text)
    comparison = compare_logs([log], [log], vocabulary=vocabulary)
    graph, checked = vocabulary.steps(), 0
    pairs, side, _ = next(sections_of(comparison))
    for pair in pairs:
        step = TABLE.get((pair.key.record, pair.key.name))
        if step is None or pair.key.pixel is None:
            continue
        side.read.clear()
        value = step(side, At(machine.setup.steps, machine, pair.key.pixel, pair.key.indices))
        assert value == pair.a, pair.key  # a replay on the port's own inputs makes the port's own value
        label = f"{pair.key.record}.{pair.key.name}".lstrip(".")
        read = {f"{record}.{quantity}".lstrip(".") for record, quantity in side.read} - {label}
        stated = set(graph[label]) - {label}
        assert read <= stated, label
        assert stated - read <= {"weighting", "PLACE.weights"}, label
        checked += 1
    assert checked > 50


def test_the_words_of_a_command_line_have_roles():
    subject = open_subject("ptychography")
    line = subject.command_line(("-scan", "a.npz", "-crop", "20", "-image", "i.npy", "-defects", "none"))
    roles = [word.role for word in line.words]
    assert roles[1::2] == [Role.INPUT, Role.COUNT, Role.OUTPUT, Role.SWITCH]


def test_defects_of_both_sets_are_switched():
    subject = open_subject("ptychography")
    case = subject.case("sub_pixel")
    assert subject.defects_on(case) == set(NAMES)
    off = subject.switched(case, None, ["crop-stitch=off"])
    assert subject.defects_on(off) == set(NAMES) - {"crop-stitch"}
    assert subject.switched(case, "c-parity", []) == case
    planted = subject.switched(case, None, ["no-shift=on"])
    assert planted.argv == (*case.argv, "--mutation", "no-shift")
    assert subject.defects_on(planted) == {*NAMES, "no-shift"}
    assert subject.switched(planted, None, ["no-shift=off"]) == case
    both = subject.switched(planted, None, ["coherent-modes=on"])
    assert both.argv[-4:] == ("--mutation", "no-shift", "--mutation", "coherent-modes")


def test_two_mistakes_are_both_made_and_two_of_one_step_are_refused():
    steps = mutated("coherent-modes", "no-shift")
    assert (steps.intensity, steps.frequency) == (mutated("coherent-modes").intensity, mutated("no-shift").frequency)
    with pytest.raises(InputError, match="both replace the step intensity"):
        mutated("coherent-modes", "batch-as-modes")


def test_only_the_planted_fault_restores_parity_when_it_is_switched_off(ptycho_c, monkeypatch):
    subject = open_subject("ptychography")
    monkeypatch.setattr(type(subject), "defect_names", lambda _: ("shift-forward", "batch-as-modes", "coherent-modes"))
    case = subject.switched(subject.case("two_modes"), None, ["coherent-modes=on"])
    section, ported = case.sections[0], Ported(subject, case)
    a = subject.reference(None, 60).trace(prepare(subject, case), [section]).traces[section]
    b = ported.trace(section)
    explanation = ported.explain(a, b, section)
    tried = try_defects(explanation, a, b, ported, section)
    assert [(trial.defect, trial.on) for trial in tried.trials if trial.restores] == [("coherent-modes", False)]
    named = tried.comparison.first_origin
    assert named is not None
    assert named.cause is not None
    assert named.cause.label == "coherent-modes"


def test_every_case_has_a_scan_and_pixels():
    for name in SUBJECTS:
        subject = open_subject(name)
        assert set(subject.case_names()) == {case.name for case in CASES}
        assert subject.case_names()[0] == subject.default_case
        assert subject.case("masked").sections
    content = open_subject("ptychography").input_file("integer.npz")
    assert content is not None
    assert content[:2] == b"PK"


def test_another_binary_is_taken_by_its_path(tmp_path: Path):
    subject = open_subject("ptychography")
    with pytest.raises(Exception, match="executable program"):
        subject.reference(tmp_path / "absent", None)


def test_patterns_do_not_depend_on_each_other(ptycho_c, tmp_path):
    both, count = programs(CASES[1], tmp_path)
    assert count == 16
    for images in both.values():
        assert dependent(images, count) == []


def test_a_pattern_that_depends_on_the_others_is_found():
    assert dependent(lambda chosen: np.array([[[j + 10.0 * (len(chosen) > 1 and j == 2)]] for j in chosen]), 4) == [2]
