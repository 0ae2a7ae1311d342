"""A C program and its port, nobody's instrumentation: paired, compared, the step at fault named in both sources."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from capture import CaptureError
from capture.pair_of_programs import Captured, capture_pair
from capture.report import document, exit_code, first_line, lines, one_of_each_place, proposals, unpaired
from capture.settings import read_setup
from compare.folders.bundle import verify
from harness.cli import run

PROGRAMS = Path(__file__).parent / "programs"


def captured(
    folder: Path, *changes: tuple[str, str], settings: str = "", pair: str = "oscillator", port_file: str = "port.py"
) -> Captured:
    """The capture of a pair of programs, with changes made to the port."""
    shutil.copytree(PROGRAMS / pair, folder, dirs_exist_ok=True)
    port = folder / "port" / port_file
    text = port.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    port.write_text(text)
    with open(folder / "parity.toml", "a") as file:
        file.write(settings)
    setup = read_setup(folder / "parity.toml")
    return capture_pair(setup, "small")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    return captured(tmp_path_factory.mktemp("sound"))


def test_a_sound_port_is_parity_without_a_step_at_fault(sound: Captured) -> None:
    assert exit_code(sound) == 0
    assert sound.guilty() == []
    assert first_line(sound).startswith("parity: sum = 9.619228360272")


def test_every_pair_of_a_sound_port_is_right(sound: Captured) -> None:
    pairs = {(p.a.first.name, p.b.first.name) for p in sound.pairing.accepted()}
    known = {"spring", "drag", "half", "after", "a", "kinetic", "potential", "energy", "stiffness"}
    assert {name for name, _ in pairs} >= {"spring", "drag", "half", "kinetic", "potential"}
    assert all(a == b for a, b in pairs if a in known or b in known)


FAULTS = [
    ("kinetic = 0.5 * v * v", "kinetic = 0.5 * v * np.abs(v) * 1.01", "kinetic", "oscillator.c:21", "port.py:24"),
    ("drag = -damping * v", "drag = damping * v", "drag", "oscillator.c:6", "port.py:10"),
    ("2.0 + np.sqrt(i + 1.0)", "2.0 + np.sqrt(i)", "stiffness", "main.c:13", "port.py:34"),
    ("half = v + 0.5 * dt * a", "half = v + dt * a", "half", "oscillator.c:13", "port.py:16"),
]


@pytest.mark.parametrize(("old", "new", "name", "place_a", "place_b"), FAULTS)
def test_the_step_at_fault_is_named_first_and_alone(
    old: str, new: str, name: str, place_a: str, place_b: str, tmp_path: Path
) -> None:
    found = captured(tmp_path, (old, new))
    assert exit_code(found) == 1
    (guilty,) = found.guilty()
    assert name in guilty.pair.a.names & guilty.pair.b.names
    said = list(lines(found))
    assert said[0].startswith("divergence: sum = ")
    for line in said[:2]:  # the answer in one line, then the evidence for it
        assert place_a in line
        assert place_b in line
    assert guilty.share == pytest.approx(1.0, abs=1e-6)


def test_two_faults_share_the_final_difference(tmp_path: Path) -> None:
    found = captured(tmp_path, (FAULTS[0][0], FAULTS[0][1]), ("0.5 * stiffness * x * x", "0.6 * stiffness * x * x"))
    assert [step.pair.a.first.name for step in found.guilty()] == ["kinetic", "potential"]
    shares = [step.share for step in found.guilty()]
    assert sum(share for share in shares if share is not None) == pytest.approx(1.0, abs=1e-3)


def test_both_excerpts_stand_side_by_side_in_the_page(tmp_path: Path) -> None:
    found = captured(tmp_path, FAULTS[0][:2])
    (excerpt,) = (section for section in document(found, "x").sections if section.heading.startswith("At fault"))
    (marked,) = (line for line in excerpt.preformatted.splitlines() if line.startswith(">"))
    assert "double kinetic" in marked
    assert "np.abs(v)" in marked


def test_a_proposal_is_a_comment_and_a_stated_pair_is_accepted(tmp_path: Path) -> None:
    found = captured(tmp_path / "a", FAULTS[0][:2])
    assert '# "kinetic" = "kinetic"' in proposals(found)
    stated = captured(tmp_path / "b", FAULTS[0][:2], settings='\n[capture.pairs]\nkinetic = "kinetic"\n')
    assert any(p.evidence == "stated in parity.toml" for p in stated.pairing.accepted())


def test_a_stated_name_that_nobody_stores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"\[capture.pairs\] names 'kinetics'"):
        captured(tmp_path, settings='\n[capture.pairs]\nkinetics = "kinetic"\n')


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('port_folder = "port"', 'port_folders = "port"', "did you mean 'port_folder'"),
        ('reference_folder = "c"', 'reference_folder = "missing"', "reference_folder is no folder"),
        ('run = "./oscillator {argv}"', 'run = "./oscillator {args}"', "place that case 'small' does not fill"),
        ("[capture]", "[capture", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = (PROGRAMS / "oscillator" / "parity.toml").read_text()
    assert old in text
    (tmp_path / "c").mkdir()
    (tmp_path / "port").mkdir()
    (tmp_path / "parity.toml").write_text(text.replace(old, new))
    with pytest.raises(CaptureError, match=message):
        read_setup(tmp_path / "parity.toml")


def test_the_command_seals_a_folder_with_traces_and_proposals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(PROGRAMS / "oscillator", tmp_path / "o")
    (tmp_path / "o" / "parity.toml").rename(tmp_path / "o" / "described.toml")
    file, reports = tmp_path / "o" / "described.toml", tmp_path / "reports"
    assert run(["capture", "small", "--file", str(file), "--out-dir", str(reports)]) == 0
    assert capsys.readouterr().out.startswith("parity: sum = ")
    (folder,) = reports.iterdir()
    assert verify(folder) is not None
    names = {path.name for path in folder.iterdir()}
    assert {
        "trace_reference.npz",
        "trace_port.npz",
        "proposals.toml",
        "vocabulary.toml",
        "report.html",
        "sha256.txt",
    } <= names


BODIES_FAULTS = [
    ("accel(x, m, eps)\n        v", "accel(x, m, 1.02 * eps)\n        v", "r2", "force.c:5", "bodies.py:7"),
    ("return 1.0 / (r2 * np.sqrt(r2))", "return 1.0 / (r2 * r2)", "softened", "force.c:6", "bodies.py:8"),
    ("x = x + dt * v", "x = x + dt * v + 0.5 * dt * dt * a", "x", "main.c:17", "bodies.py:37"),
    ("w = m[None, :] *", "w = 1.001 * m[None, :] *", "w", "force.c:14", "bodies.py:13"),
    ("(w[..., None] * d).sum(1)", "(w[..., None] * d).sum(0)", "accel", "force.c:15", "bodies.py:15"),
]


@pytest.mark.parametrize(("old", "new", "name", "place_a", "place_b"), BODIES_FAULTS)
def test_a_vectorised_port_is_held_to_loops_that_leave_iterations_out(
    old: str, new: str, name: str, place_a: str, place_b: str, tmp_path: Path
) -> None:
    """The reference sums over the others of each body; the port computes all pairs in one go, and itself with them."""
    found = captured(tmp_path, (old, new), pair="bodies", port_file="bodies.py")
    (guilty,) = one_of_each_place(found.guilty())
    assert name in guilty.pair.b.names
    assert guilty.share == pytest.approx(1.0, abs=0.05)
    assert place_a in first_line(found)
    assert place_b in first_line(found)


def test_what_has_no_pair_on_the_way_to_a_step_is_named_with_it(tmp_path: Path) -> None:
    hidden = "    pot = -(m[i] * m[j] / np.sqrt(r2)).sum()\n"
    tangled = "    weight = m[i] * m[j] * 1.01\n    pot = -(weight / np.sqrt(r2)).sum()\n"
    found = captured(tmp_path, (hidden, tangled), pair="bodies", port_file="bodies.py")
    (guilty,) = one_of_each_place(found.guilty())
    assert "pot" in guilty.pair.b.names
    assert any("weight (bodies.py:22)" in line for line in unpaired(found, guilty))


def test_a_port_that_breaks_off_is_explained_up_to_there(tmp_path: Path) -> None:
    found = captured(
        tmp_path, FAULTS[0][:2], ("sum = energy.sum()", 'sum = energy.sum()\n    raise ValueError("too late")')
    )
    assert "exit status 1: ValueError: too late" in found.port.remarks[0]
    assert "kinetic" in first_line(found)


def test_a_sign_that_is_taken_back_is_a_convention(tmp_path: Path) -> None:
    found = captured(tmp_path, ("drag = -damping * v", "slowing = damping * v"), ("spring + drag", "spring - slowing"))
    assert exit_code(found) == 0
    assert any(pair.factor == -1.0 for pair in found.pairing.accepted() if "drag" in pair.a.names)


@pytest.mark.parametrize("wrong", ["10.0 * (kin + pot)", "-(kin + pot)"])
@pytest.mark.parametrize("called", ["energy", "total"])
def test_a_factor_that_nothing_takes_back_is_a_fault(wrong: str, called: str, tmp_path: Path) -> None:
    changes = [("return kin + pot", f"total = {wrong}\n    return total")]
    if called != "energy":
        changes += [("def energy(", f"def {called}_of("), ("{energy(", f"{{{called}_of(")]
    found = captured(tmp_path, *changes, pair="bodies", port_file="bodies.py")
    assert exit_code(found) == 1
    (guilty,) = one_of_each_place(found.guilty())
    assert guilty.pair.a.first.name == "energy"


def test_equal_values_are_no_parity_where_the_result_is_not_among_them(sound: Captured) -> None:
    asked = replace(sound, setup=replace(sound.setup, result="absent"))
    assert exit_code(asked) == 3
    assert first_line(asked).startswith("incomplete: ")
    assert "[capture.pairs]" in first_line(asked)


def test_a_few_equal_values_are_no_parity(sound: Captured) -> None:
    few = replace(sound, steps=sound.steps[-1:], setup=replace(sound.setup, result=""))
    left = replace(sound.pairing, pairs=sound.pairing.pairs[-1:], unpaired_b=tuple(p.b for p in sound.pairing.pairs))
    few = replace(few, pairing=left)
    assert exit_code(few) == 3
    assert "of what the port computes" in first_line(few)
