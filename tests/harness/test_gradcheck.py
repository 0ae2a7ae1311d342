"""``harness gradcheck``: what it finds, seals and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from compare.folders.bundle import verify
from harness.case import Case
from harness.running.scratch import Prepared, prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.gradcheck_report import Request, around, check, run_gradcheck
from tests.harness.support import Run, sealed_folders

SUBJECT = NanoBragg()

SMALL = (
    *("-cell", "36", "45", "52", "81", "99", "104", "-default_F", "100", "-N", "5", "-lambda", "1.1"),
    *("-distance", "90", "-detpixels_x", "9", "-detpixels_y", "7", "-pixel", "3", "-oversample", "1"),
    *("-phi", "0", "-osc", "3", "-phisteps", "2", "-spindle_axis", "0.1", "0.2", "1", "-nonoise", "-nopgm"),
)


def small(*words: str, **changes: object) -> Prepared:
    return prepare(SUBJECT, Case(name="small", argv=(*SMALL, *words), sections=((6, 8),), **changes))  # type: ignore[arg-type]


def test_gradients_flow_through_the_carried_cell_in_c_parity_alone() -> None:
    checked = check(Request(small(), (2, 3, 1, 2), ("fluence",)))
    assert checked.faults == []
    norms = {mode: {c.name: c.gradient_norm for c in checks} for mode, checks in checked.carried.items()}
    for name in ("spindle_axis at phi = 0", "phi_range at phi = 0"):
        assert norms["c-parity"][name] > 1e-3
        assert norms["spec"][name] < 1e-12


@pytest.mark.parametrize(
    ("words", "roi"),
    [((), (2, 2, 1, 1)), (("-defects", "none"), (2, 3, 1, 2)), (("-phi", "10"), (2, 3, 1, 2))],
    ids=["first pixel of the run", "corrected", "no step at 0"],
)
def test_where_no_cell_is_carried_none_is_missed(words: tuple[str, ...], roi: tuple[int, int, int, int]) -> None:
    checked = check(Request(small(*words), roi, ("fluence",)))
    assert checked.faults == []
    of_axis = [c.gradient_norm for c in checked.carried.get("c-parity", ()) if c.name == "spindle_axis at phi = 0"]
    assert of_axis in ([], [0.0]) or max(of_axis) < 1e-12


def test_a_wrong_gradient_is_exit_1_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The distance's gradient is cut by one part in a thousand where the solid angle is made."""
    from simulator.model import scatter

    def slightly_wrong(*arguments: object) -> object:
        omega = right(*arguments)
        return omega.detach() + 0.999 * (omega - omega.detach())

    right = scatter.solid_angle
    monkeypatch.setattr("simulator.evaluation.pixel_sum.solid_angle", slightly_wrong)
    monkeypatch.setattr("simulator.model.scatter.solid_angle", slightly_wrong)
    request = Request(small("-gauss_xtal", "-fudge", "1e-9"), (2, 3, 1, 2), ("distance", "fluence"))
    assert run_gradcheck(request, root=tmp_path, redact=False) == 1
    assert "FAIL distance: wrong" in capsys.readouterr().out
    (folder,) = sealed_folders(tmp_path)
    assert verify(folder).sealed
    faults = json.loads((folder / "metrics.json").read_text())["faults"]
    assert [fault.split(":")[0] for fault in faults] == ["distance"]


def test_a_cut_through_the_carried_cell_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.model import scan

    def detached(*arguments: object) -> object:
        step = rotated(*arguments)
        cut = [type(edge)(*(x.detach() if isinstance(x, torch.Tensor) else x for x in edge)) for edge in step[1:]]
        return type(step)(step[0], *cut)

    rotated = scan._rotated
    monkeypatch.setattr(scan, "_rotated", detached)
    faults = check(Request(small(), (2, 3, 1, 2), ("fluence",))).faults
    assert any(fault.startswith("spindle_axis at phi = 0: wrong") for fault in faults)


def test_the_default_region_ends_where_the_detector_does() -> None:
    assert around(small(), (6, 8)) == (7, 8, 5, 6)
    assert around(small(), (0, 0)) == (0, 1, 0, 1)
    assert around(small(), (3, 4)) == (3, 5, 2, 4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mode", "best"), "mode must be one of c-parity, spec"),
        (("--device", "abacus"), "device must be one of"),
    ],
)
def test_wrong_use_is_a_line_and_exit_2_and_leaves_nothing(
    harness: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    run = harness("gradcheck", "--out-dir", "reports", "--roi", "2", "3", "1", "2", *words, "--", *SMALL)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []
