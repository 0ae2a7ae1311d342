"""The packaged cases: complete, readable, and covering every defect and every group of flags."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.case import Case, case_from_argv, read_case_file
from harness.choices import named_case
from harness.errors import WrongUse
from harness.questions.parity import Outcome, Task, run_task
from harness.running.computing import Computing
from harness.running.scratch import Prepared, prepare
from simulator import Experiment
from simulator.defects import NAMES
from simulator.errors import InputError
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.flag_roles import command_line
from subjects.nanobragg.inputs import (
    SUPERVISOR_INDEX_RANGES,
    SUPERVISOR_RECIPROCAL_A_INV,
    supervisor_matrix,
    supervisor_reflections,
)
from subjects.nanobragg.judging import printed_check

SUBJECT = NanoBragg()

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"

FLAGS_OF_EACH_GROUP = {
    "crystal": {"-cell", "-mat", "-misset", "-misset_seed", "-N", "-Na", "-xtalsize", "-round_xtal", "-gauss_xtal"},
    "shape": {"-tophat_spots", "-fudge"},
    "mosaic": {"-mosaic", "-mosaic_spread", "-mosaic_domains", "-mosaic_seed"},
    "spindle": {"-phi", "-osc", "-phistep", "-phisteps", "-spindle_axis"},
    "structure factors": {"-hkl", "-default_F", "-dump", "-interpolate", "-nointerpolate"},
    "beam": {"-lambda", "-energy", "-fluence", "-flux", "-exposure", "-beamsize", "-polar", "-nopolar", "-dispersion"},
    "sources": {"-dispsteps", "-divergence", "-divsteps", "-sourcefile", "-beam_vector", "-polar_vector"},
    "detector": {"-distance", "-close_distance", "-pixel", "-Xbeam", "-Ybeam", "-ORGX", "-ORGY", "-pivot", "-twotheta"},
    "conventions": {"-adxv", "-mosflm", "-denzo", "-xds", "-dials", "-fdet_vector", "-twotheta_axis"},
    "sensor": {"-curved_det", "-point_pixel", "-detector_abs", "-detector_thick", "-detector_thicksteps"},
    "sampling": {"-oversample", "-oversample_thick", "-oversample_polar", "-oversample_omega", "-roi", "-mask", "-img"},
    "limits": {"-dmin", "-water"},
    "output": {"-pgmfile", "-nopgm", "-nonoise", "-scale", "-adc", "-seed", "-printout_pixel", "-noprogress"},
    "without effect": {"-density", "-MW", "-coherent", "-Q"},
}


@pytest.mark.parametrize("name", SUBJECT.case_names())
@pytest.mark.filterwarnings("ignore::simulator.remarks.IgnoredInput")
def test_every_packaged_case_is_found_whole_and_read(name: str, tmp_path: Path) -> None:
    case = SUBJECT.case(name)
    assert case.name == name
    prepared = prepare(SUBJECT, case)
    prepared.fill(tmp_path)
    if case.fails:
        with pytest.raises(InputError):
            Experiment.from_argv(prepared.case.argv, tmp_path)
    elif not case.setup:
        experiment = Experiment.from_argv(prepared.case.argv, tmp_path)
        shape = experiment.detector.pixels_slow, experiment.detector.pixels_fast
        assert all(0 <= slow < shape[0] and 0 <= fast < shape[1] for slow, fast in case.sections)
        assert case.sections or name == "empty_region"


def test_the_cases_cover_every_defect_in_both_modes() -> None:
    cases = [SUBJECT.case(name) for name in SUBJECT.case_names()]
    covering = {defect for case in cases for defect in case.covers if set(case.modes) == {"c-parity", "spec"}}
    assert covering == set(NAMES)


@pytest.mark.parametrize("group", FLAGS_OF_EACH_GROUP)
def test_the_cases_use_the_flags_of_a_group(group: str) -> None:
    used = {word for name in SUBJECT.case_names() for word in SUBJECT.case(name).argv}
    used |= {word for name in SUBJECT.case_names() for line in SUBJECT.case(name).setup for word in line}
    assert FLAGS_OF_EACH_GROUP[group] - used == set()


def test_the_generated_list_has_the_index_ranges_and_falls_with_resolution() -> None:
    rows = [line.split() for line in supervisor_reflections().splitlines()]
    for axis, (low, high) in enumerate(SUPERVISOR_INDEX_RANGES):
        indices = {int(row[axis]) for row in rows}
        assert (min(indices), max(indices)) == (low, high)
    by_index = {(int(h), int(k), int(l)): float(F) for h, k, l, F in rows}
    assert len(by_index) == len(rows)
    assert all(F > 0 for F in by_index.values())
    assert all(by_index.get((-h, -k, -l), F) == F for (h, k, l), F in by_index.items())
    inner = [F**2 for (h, k, l), F in by_index.items() if abs(h) + abs(k) + abs(l) < 12]
    outer = [F**2 for (h, k, l), F in by_index.items() if abs(h) + abs(k) + abs(l) > 40]
    assert sum(inner) / len(inner) > 20 * sum(outer) / len(outer)


def test_wilson_statistics_of_the_generated_list() -> None:
    """Acentric: <I^2>/<I>^2 = 2 and <|E|> = 0.886 within thin shells (here: the strong inner ones)."""
    import numpy as np

    rows = np.array([[float(word) for word in line.split()] for line in supervisor_reflections().splitlines()])
    inverse_d = np.linalg.norm(rows[:, :3] @ np.array(SUPERVISOR_RECIPROCAL_A_INV), axis=1)
    order = np.argsort(inverse_d)
    for shell in np.array_split(order, 60)[5:20]:
        intensity = rows[shell, 3] ** 2
        assert (intensity**2).mean() / intensity.mean() ** 2 == pytest.approx(2.0, abs=0.35)
        assert rows[shell, 3].mean() / np.sqrt(intensity.mean()) == pytest.approx(0.886, abs=0.03)


def test_the_matrix_gives_back_the_reciprocal_cell(tmp_path: Path) -> None:
    numbers = [float(word) for word in supervisor_matrix().split()]
    for row in range(3):
        for column in range(3):
            expected = SUPERVISOR_RECIPROCAL_A_INV[column][row] * 0.9768
            assert numbers[3 * row + column] == expected


@pytest.mark.parametrize(
    ("argv", "roles"),
    [
        ("-matrix A.mat -N 5", "flag input flag count"),
        ("-dump d.bin -cell 40 50 -intfile i.img", "flag MAYBE flag value value flag output"),
        ("-hkl a.hkl -dump d.bin", "flag input flag output"),
        ("-hdiv 0 -roi 1 2 3 4", "flag value flag region region region region"),
        ("-defects none -nonoise x", "flag switch flag value"),
        ("-threads 0 -img h.img", "flag value flag input"),
        ("-misset_seed 7 -misset random", "flag value flag value"),
        ("-phisteps 3 -mosaic_domain 4 -detector_thicksteps 2", "flag count flag count flag count"),
    ],
)
def test_words_have_the_roles_that_the_programs_give_them(argv: str, roles: str) -> None:
    found = [word.role for word in command_line(tuple(argv.split())).words]
    assert found == [role.replace("MAYBE", "maybe input") for role in roles.replace("_", " ").split()]


def test_what_runs_before_makes_files(tmp_path: Path) -> None:
    (tmp_path / "b.mat").write_text("1 0 0\n0 1 0\n0 0 1\n")
    setup = (("-matrix", str(tmp_path / "b.mat"), "-intfile", "made.img"),)
    prepared = prepare(SUBJECT, replace(case_from_argv(["-img", "made.img"]), setup=setup))
    assert prepared.case.setup == (("-matrix", "b.mat", "-intfile", "made.img"),)
    assert [item.name for item in prepared.inputs] == ["b.mat"]


def test_paths_in_a_command_line_become_plain_names(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.hkl").write_text("0 0 0 1\n")
    (tmp_path / "a.hkl").write_text("0 0 0 2\n")
    words = ["-hkl", str(tmp_path / "a.hkl"), "-mat", str(tmp_path / "deep" / "a.hkl"), "-floatfile", "/etc/x.bin"]
    prepared = prepare(SUBJECT, case_from_argv(words))
    assert prepared.case.argv == ("-hkl", "a.hkl", "-mat", "other_a.hkl", "-floatfile", "x.bin")
    assert {item.name: item.content for item in prepared.inputs} == {
        "a.hkl": b"0 0 0 2\n",
        "other_a.hkl": b"0 0 0 1\n",
    }


def test_data_comes_before_the_package(tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text("mine")
    inputs = {item.name: item for item in prepare(SUBJECT, SUBJECT.case("supervisor"), tmp_path).inputs}
    assert inputs["A.mat"].content == b"mine"
    assert inputs["scaled.hkl"].source == "package"


def test_a_missing_input_names_the_places_looked_in(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"nowhere\.hkl.*the package.*--data"):
        prepare(SUBJECT, case_from_argv(["-hkl", "nowhere.hkl"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"\[case\]"),
        ("[case]\nname = 'x'", "needs 'argv'"),
        ("[case]\nname = 'x'\nargv = ''\npixel = []", "unknown key 'pixel'"),
        ("[case]\nname = '../x'\nargv = ''", "name must be"),
        ("[case]\nname = 'x'\nargv = ''\npixels = [[1]]", "two integers, SLOW FAST"),
        ("[case]\nname = 'x'\nargv = ''\nmodes = ['best']", "modes must be"),
        ("[case]\nname = 'x'\nargv = [true]", "list of words"),
        ("[case", "not TOML"),
    ],
)
def test_a_bad_case_file_says_what_is_wrong(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(WrongUse, match=said):
        named_case(SUBJECT, str(tmp_path / "mine.toml"))


def test_a_case_file_of_ones_own_finds_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own.hkl").write_text("0 0 0 5\n")
    (tmp_path / "own.toml").write_text('[case]\nname = "own"\nargv = ["-hkl", "own.hkl", "-N", 5]\n')
    case = read_case_file(tmp_path / "own.toml")
    assert case.argv == ("-hkl", "own.hkl", "-N", "5")
    assert prepare(SUBJECT, case).inputs[0].content == b"0 0 0 5\n"


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="no golden figures beside the project")
def test_golden_entries_are_read_as_cases() -> None:
    cases = {case.name: case for case in SUBJECT.golden_cases(GOLDEN)}
    assert cases["supervisor"].golden is not None
    assert cases["supervisor"].golden.crop == (640, 740, 990, 1090)
    assert (685, 1039) in cases["supervisor"].sections
    assert cases["error_no_cell"].fails
    assert cases["fdump_reused"].setup


# ---- what a case file may name ------------------------------------------------------------------------------------


def confined_case(folder: Path, word: str) -> Prepared:
    folder.mkdir(exist_ok=True)
    (folder / "case.toml").write_text(f'[case]\nname = "x"\nargv = ["-mat", {json.dumps(word)}]\n')
    return prepare(SUBJECT, read_case_file(folder / "case.toml"))


def test_a_case_file_names_files_of_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "own.mat").write_text("1")
    (tmp_path / "case" / "link.mat").symlink_to("own.mat")
    assert [item.content for item in confined_case(tmp_path / "case", "own.mat").inputs] == [b"1"]
    assert [item.content for item in confined_case(tmp_path / "case", "link.mat").inputs] == [b"1"]


@pytest.mark.parametrize("word", ["../secret", "{absolute}", "out.mat", "deep/../../secret", "x" * 5000, "a\x00b"])
def test_a_case_file_names_nothing_outside(word: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "case" / "deep").mkdir(parents=True)
    (tmp_path / "case" / "out.mat").symlink_to(tmp_path / "secret")
    with pytest.raises(WrongUse, match=r"lies outside|not found"):
        confined_case(tmp_path / "case", word.format(absolute=tmp_path / "secret"))


def test_the_documentation_has_every_name_of_the_trace() -> None:
    root = Path(__file__).parents[2]
    fields = re.findall(r"TRACE_FIELD\(\w+, (\w+), \w+, \d+\)", (root / "reference_c" / "trace_fields.def").read_text())
    listed = set(re.findall(r"\w+", (root / "docs" / "trace_names.md").read_text()))
    assert sorted(set(fields) - listed) == []


# ---- golden figures and refusals ----------------------------------------------------------------------------------


def golden_folder(folder: Path, entry: dict[str, object]) -> Path:
    (folder / "users").mkdir()
    (folder / "users" / "index.json").write_text(json.dumps({"tiny": entry}))
    return folder


TINY = [
    *["-cell", "40", "50", "60", "-default_F", "10", "-N", "5", "-detpixels", "4"],
    *["-pixel", "8", "-oversample", "1", "-nonoise", "-nopgm"],
]


def outcome_of(case: Case, mode: str = "c-parity") -> Outcome:
    reference = SUBJECT.reference(None, 60)
    return run_task(Task(SUBJECT, case, mode, reference, SUBJECT.port(Computing("cpu", compile="never"))))


def test_a_golden_figure_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    folder = golden_folder(tmp_path, {"argv": TINY, "exit": 0, "traces": [], "stats": {}})
    (case,) = SUBJECT.golden_cases(folder)
    outcome = outcome_of(case)
    assert outcome.exit_code == 4
    assert "tiny.npz" in outcome.checks[-1].text
    assert outcome_of(case, "upstream-fixes").exit_code == 0  # the figures are of the reference as it was


@pytest.mark.parametrize(
    ("argv", "reason", "exit_code"),
    [
        ("-cell 40 -detpixels 4", "", 0),
        ("-cell 40 -detpixels 4", "no structure factors", 0),
        ("-cell 40 -detpixels 4", "the detector", 1),
        ("-cell 40 -detpixels 4 -hkl nowhere.hkl", "", 4),
        ("-cell 40 -detpixels 4 -hkl nowhere.hkl", "nowhere.hkl", 0),
        (" ".join(TINY), "", 1),
    ],
)
def test_a_case_must_fail_for_the_same_stated_reason(argv: str, reason: str, exit_code: int) -> None:
    case = replace(case_from_argv(argv.split()), fails=True, reason=reason, origin=None)
    assert outcome_of(case).exit_code == exit_code


def test_all_folders_with_an_index_are_golden(tmp_path: Path) -> None:
    for name in ("public", "users"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.json").write_text(json.dumps({"one": {"argv": TINY, "exit": 0, "traces": []}}))
    assert [case.name for case in SUBJECT.golden_cases(tmp_path)] == ["one", "users_one"]


PRINTED = {"maximum": ("3", "0.1", "0.2"), "mean, rms, rmsd": ("1", "2", "3")}


@pytest.mark.parametrize(
    ("other", "fine"),
    [
        (PRINTED, True),
        ({**PRINTED, "maximum": ("3.00001", "0.1", "0.2")}, True),
        ({**PRINTED, "maximum": ("3", "0.2", "0.1")}, False),
        ({**PRINTED, "mean, rms, rmsd": ("1", "2", "3.1")}, False),
        ({**PRINTED, "mean, rms, rmsd": ("nan", "2", "3")}, False),
        ({"maximum": PRINTED["maximum"]}, False),
    ],
)
def test_printed_figures_are_compared(other: dict[str, tuple[str, ...]], fine: bool) -> None:
    assert printed_check("printed", PRINTED, other).passed is fine
