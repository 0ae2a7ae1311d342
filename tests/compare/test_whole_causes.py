"""Labels that take both logs to see, on small logs of the kinds that people have."""

from __future__ import annotations

from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, Verdict
from compare.words.vocabulary import packaged

SCALING = {
    "r_e_sqr": "7.94079248018965e-30", "fluence_photons_per_m2": "1e+24", "steps": "10", "capture_fraction": "1",
    "polar": "0.91463969894451", "omega_pixel": "4.20412684465831e-07", "I_pixel_final": "2.88139542684698e-07",
}  # fmt: skip
PHI = [0.607255839576692, 0.591177727127411, 0.593187745641004, 0.595197691574922, 0.607255839576692]


def compared(tmp_path: Path, a: dict[str, str], b: dict[str, str], also: str = "") -> Comparison:
    for side, lines in (("a", a), ("b", b)):
        text = "".join(f"TRACE_X: {name} {value}\n" for name, value in lines.items())
        (tmp_path / f"{side}.log").write_text(text + (also if side == "a" else ""))
    return compare_traces(tmp_path / "a.log", tmp_path / "b.log", vocabulary=packaged())


def causes(result: Comparison) -> dict[str, str]:
    return {pair.key.name: pair.cause.label for pair in result.pairs if pair.cause is not None}


@pytest.mark.parametrize("scaled", [False, True])
def test_an_older_sum_is_taken_as_the_log_s_own_result_asks(tmp_path, scaled: bool) -> None:
    """The name says "before polarization"; whether the factors are in it, only the final value knows."""
    total = 943654.80923755
    printed = total * float(SCALING["polar"]) * float(SCALING["omega_pixel"]) if scaled else total
    a = {"I_before_scaling": repr(total), **SCALING}
    b = {"I_before_scaling_pre_polar": repr(printed), **SCALING}
    result = compared(tmp_path, a, b)
    (pair,) = (pair for pair in result.pairs if pair.key.name == "I_before_scaling")
    assert pair.relative == pytest.approx(0.0, abs=1e-12)


def test_a_sum_that_the_result_does_not_use_is_named_and_does_not_decide(tmp_path) -> None:
    total = 943654.80923755
    final = float(SCALING["I_pixel_final"]) / float(SCALING["polar"])
    a = {"I_before_scaling": repr(total), **SCALING}
    b = a | {"I_before_scaling": repr(0.122 * total), "polar": "1", "I_pixel_final": repr(final)}
    result = compared(tmp_path, a, b)
    assert result.dominant is not None
    assert result.dominant.key.name == "polar"
    assert causes(result)["polar"] == "missing-factor"
    assert any("b prints I_before_scaling" in note for note in result.account.notes)


def test_a_transposed_triple(tmp_path) -> None:
    rows = [["-14.356", "-21.880", "-5.547"], ["-11.498", "0.671", "-29.114"], ["21.069", "-24.404", "-9.714"]]
    names = [f"rot_{letter}_angstroms" for letter in "abc"]
    a = {name: " ".join(row) for name, row in zip(names, rows, strict=True)}
    b = {name: " ".join(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    assert causes(compared(tmp_path, a, b)) == dict.fromkeys(names, "transposed-triple")


def test_axes_that_one_side_leaves_unnormalised(tmp_path) -> None:
    a = {"fdet_vec": "0.999982004873912 -0.00599800002923425 -0.000118000000575132"}
    assert causes(compared(tmp_path, a, {"fdet_vec": "0.999982 -0.005998 -0.000118"})) == {"fdet_vec": "not-normalised"}


def test_an_axis_in_another_direction_is_not_called_unnormalised(tmp_path) -> None:
    a = {"fdet_vec": "0.999982004873912 -0.00599800002923425 -0.000118000000575132"}
    found = causes(compared(tmp_path, a, {"fdet_vec": "0.999982 -0.005999 -0.000118"}))
    assert found["fdet_vec"] == "unknown"


def test_another_structure_factor_is_another_input(tmp_path) -> None:
    a = {"hkl_rounded": "0 5 0", "F_cell": "100", "I_pixel_final": "0.229943264387978"}
    result = compared(tmp_path, a, a | {"F_cell": "108.21", "I_pixel_final": "0.269249860279197"})
    assert causes(result)["F_cell"] == "different-input"
    assert result.cause is not None
    assert result.cause.label == "different-input"
    assert result.exit_code == 1


def test_the_same_case_on_both_sides_is_no_other_input(tmp_path) -> None:
    a = {"case": "supervisor", "hkl_rounded": "0 5 0", "F_cell": "100", "I_pixel_final": "0.229943264387978"}
    result = compared(tmp_path, a, a | {"F_cell": "108.21"})
    assert result.cause is None
    assert "different-input" not in causes(result).values()


def test_a_vector_as_it_was_given_against_a_computed_one(tmp_path) -> None:
    a = {"pix0_vector_meters": "-0.216475836204836 0.216343050492215 -0.230192414300537"}
    long = {"diffracted_vec": "-0.391782158179886 0.14487608188769 -0.908580024779756"}
    long |= {"odet_vec": "-8.85282813644494e-05 0.00491361907271126 -0.999987924182263"}
    b = {"pix0_vector_meters": "-0.216336293 0.215205512 -0.230200866"}
    assert causes(compared(tmp_path, a | long, b | long))["pix0_vector_meters"] == "different-input"


def test_another_pixel(tmp_path) -> None:
    frame = {
        "pix0_vector_meters": "0.1 0.0513 -0.0513", "fdet_vec": "0 0 1", "sdet_vec": "0 -1 0",
        "I_pixel_final": "1.5",
    }  # fmt: skip
    a, b = (frame | {"pixel_pos_meters": f"0.1 {y} -0.00665"} for y in ("0.0123456789012345", "0.0121736789012345"))
    result = compared(tmp_path, a, b)
    assert causes(result) == {"pixel_pos_meters": "other-pixel"}
    assert result.cause is not None
    assert result.cause.label == "other-pixel"


@pytest.mark.parametrize(("b_k", "label"), [(0.589174403552437, "phi-carryover"), (0.7, None)])
def test_a_carried_cell_is_proved_by_the_reference_s_other_steps(tmp_path, b_k: float, label: str | None) -> None:
    """a's first step repeats its last one, and b lies where a's other steps lead; elsewhere it is something else."""
    sweep = "".join(f"TRACE_X_PHI phi_tic={i} phi_deg={i / 100} k_frac={k!r}\n" for i, k in enumerate(PHI))
    a = {"rot_b_angstroms": "-11.4986968432508 0.671588233999813 -29.1143056268565", "hkl_frac": f"-6.8 {PHI[0]} -13.7"}
    b = {"rot_b_angstroms": "-11.4986968432508 0.717320030990266 -29.1132147806318", "hkl_frac": f"-6.8 {b_k} -13.7"}
    assert causes(compared(tmp_path, a, b, sweep)).get("rot_b_angstroms") == label


def test_all_that_a_program_in_32_bits_prints(tmp_path) -> None:
    import numpy as np

    values = {f"x{i}": 1 / (3 + i) for i in range(12)} | {"polarization_factor": 0.9123456789}
    a = {name: f"{value:.15g}" for name, value in values.items()}
    b = {name: f"{float(np.float32(value)):.15g}" for name, value in values.items()}
    assert set(causes(compared(tmp_path, a, b)).values()) == {"float32-rounding"}


def test_two_logs_that_agree_have_no_cause(tmp_path) -> None:
    result = compared(tmp_path, SCALING, SCALING)
    assert result.cause is None
    assert result.verdict in (Verdict.PARITY, Verdict.INCOMPLETE)


@pytest.mark.parametrize(
    ("a", "b", "label"),
    [
        ("all", "none", None),  # two defects spoil the step: which of them is not known
        ("curved-axes,stale-dump", "stale-dump", "curved-axes"),
        ("none", "curved-axes", "curved-axes"),
        ("all", "all", None),
        ("all", "something-else", None),
        ("stale-dump", "none", None),
    ],
)
def test_a_defect_that_one_program_states_and_that_spoils_the_step(tmp_path, a: str, b: str, label: str | None) -> None:
    lines = {"case": "curved", "pixel_pos_meters": "0.1 0.0123456789 -0.00665"}
    other = {"case": "curved", "pixel_pos_meters": "0.1 0.0123789123 -0.00669"}
    result = compared(tmp_path, {"defects": a} | lines, {"defects": b} | other)
    assert causes(result).get("pixel_pos_meters") == label
