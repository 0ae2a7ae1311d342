"""Replays: rounding seen operation by operation, origins, counterfactuals, noise floors, and shrinking."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from compare.judging import tolerances
from compare.judging.engine import compare_traces as compare_logs
from compare.judging.result import Comparison, DifferenceClass, Origin, Verdict
from harness.case import Case, read_case_file
from harness.cli import join_sections, make_app
from harness.errors import ProgramFailed
from harness.questions.explaining import Ported, try_defects
from harness.questions.traced import Trace
from harness.running.scratch import prepare
from simulator import Experiment, Simulator
from simulator.model import prepare as preparing
from simulator.model.algebra import value_of
from subjects.nanobragg.defect_words import without
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.explaining import compare_texts, port_of
from subjects.nanobragg.noise_floor import measured
from subjects.nanobragg.reference import Reference, find_reference, trace_pixels
from subjects.nanobragg.replay.machine import RUNS
from subjects.nanobragg.replay.preparation import preparation_spreads
from subjects.nanobragg.replay.replays import own_step
from subjects.nanobragg.replay.rounding import (
    UNIT_ROUNDOFF,
    Perturbed,
    Recorded,
    first_order_bound,
    ulps_of,
)

SUBJECT = NanoBragg()

SCAN = (
    "-lambda 0.9 -distance 100 -detpixels 64 -pixel 1 -Xbeam 30.5 -Ybeam 34.5 -nonoise -nopgm "
    "-cell 41 47 53 83 97 101 -misset 11 23 -35 -N 5 -default_F 103 -phi -1 -osc 3 -phisteps 3 -oversample 1"
)
PIXEL = (17, 41)


@cache
def port(words: str = SCAN) -> Simulator:
    return Simulator(Experiment.from_argv(words.split()), device="cpu")


@cache
def trace(words: str = SCAN) -> str:
    return "\n".join(port(words).trace(*PIXEL).lines()) + "\n"


def of(comparison: Comparison, record: str, name: str) -> list:
    return [pair for pair in comparison.pairs if (pair.key.record, pair.key.name) == (record, name)]


# ---- rounding ---------------------------------------------------------------------------------------------------


def test_a_perturbed_run_moves_every_rounded_result_by_at_most_one_roundoff_each() -> None:
    x = torch.full((1000,), 1.1, dtype=torch.float64)
    with Perturbed(torch.Generator().manual_seed(1)):
        moved = torch.sqrt(x * 3.3)
    off = (moved / torch.sqrt(x * 3.3) - 1.0).abs()
    assert 0.5 * UNIT_ROUNDOFF < float(off.max()) <= 4.0 * UNIT_ROUNDOFF
    assert len(set(moved.tolist())) > 2


def test_whole_numbers_are_exact() -> None:
    threes = torch.full((9,), 3.0, dtype=torch.float64)
    with Perturbed(torch.Generator().manual_seed(1)):
        product = threes * 5.0
    assert product.tolist() == [15.0] * 9


def test_the_bound_is_the_sum_over_operations() -> None:
    x = torch.tensor([0.7, 2.3], dtype=torch.float64, requires_grad=True)
    with Recorded() as recorded:
        y = torch.sin(x * 3.0)
    bound, slopes = first_order_bound(y, [x], recorded)
    product = (3.0 * x * torch.cos(3.0 * x)).abs()
    expected = 2.0 * UNIT_ROUNDOFF * (2.0 * product + 2.0 * torch.sin(3.0 * x).abs())
    assert torch.allclose(bound, expected, rtol=1e-12)
    assert torch.allclose(slopes[0], (3.0 * torch.cos(3.0 * x)).abs())


def test_the_bound_covers_what_perturbed_runs_do() -> None:
    x = torch.linspace(0.1, 3.0, 200, dtype=torch.float64, requires_grad=True)
    with Recorded() as recorded:
        clean = torch.exp(torch.sin(x) / x) - x
    bound, _ = first_order_bound(clean, [x], recorded)
    with torch.no_grad(), Perturbed(torch.Generator().manual_seed(5)):
        moved = torch.exp(torch.sin(x) / x) - x
    assert bool(((moved - clean).abs() <= bound).all())


def test_an_operation_of_unknown_rounding_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="logsumexp"):
        ulps_of(torch.logsumexp)


# ---- origins ----------------------------------------------------------------------------------------------------


def test_every_value_of_a_trace_is_replayed_to_its_own_bits_or_within_tolerance() -> None:
    comparison = compare_texts(trace(), trace(), port()).comparison
    assert comparison.verdict is Verdict.PARITY
    assert comparison.replayed


def test_a_difference_is_split_into_local_and_propagated() -> None:
    words = SCAN.replace("-distance 100", "-distance 100.0001")
    comparison = compare_texts(trace(), trace(words), port()).comparison
    (position,) = of(comparison, "SUBPIXEL", "pixel_pos_meters")
    assert position.origin is Origin.PROPAGATED
    assert position.local == pytest.approx(0.0, abs=1e-15)
    assert position.local + position.propagated == pytest.approx(position.absolute, rel=1e-6)
    assert comparison.first_origin is not None
    assert comparison.first_origin.key.record == ""


def test_a_decision_carries_no_rounding_and_integers_no_tolerance() -> None:
    comparison = compare_texts(trace(), trace(), port()).comparison
    for pair in of(comparison, "DOMAIN", "hkl_rounded"):
        assert pair.difference is DifferenceClass.IDENTICAL


def test_the_step_of_another_program_is_judged_by_what_it_adds_to_the_ports() -> None:
    assert own_step(2.0, 5.0, 5.0, 1e-15, 1e-15) == 2.0  # b is the port
    assert own_step(2.0, 5.5, 5.0, 1e-15, 1e-15) == 2.5  # b adds a half
    assert own_step(2.0, 5.0 + 1e-16, 5.0, 1e-15, 1e-15) == 2.0
    assert np.isnan(own_step(2.0, float("nan"), 5.0, 1e-15, 1e-15))
    assert own_step("all", "none", "all", 0.0, 0.0) == "none"


def test_without_a_case_the_flags_are_found_by_what_reproduces_the_traces() -> None:
    words = SCAN + " -oversample_polar -oversample_omega -point_pixel"
    comparison = compare_texts(trace(words), trace(words)).comparison
    assert comparison.verdict is Verdict.PARITY
    changed = trace(words).replace("I_pixel_final ", "I_pixel_final 1", 1)
    first = compare_texts(trace(words), changed).comparison.first_origin
    assert first is not None
    assert first.key.name == "I_pixel_final"


def test_logs_of_few_digits_are_given_what_printing_loses() -> None:
    lines = []
    for line in trace().splitlines():
        words = line.split(" ")
        lines.append(" ".join(_shortened(word) for word in words))
    comparison = compare_texts("\n".join(lines) + "\n", trace(), port(), digits=(15, None)).comparison
    assert comparison.first_origin is None
    assert comparison.verdict is Verdict.PARITY


def _shortened(word: str) -> str:
    head, equals, value = word.rpartition("=")
    parts = []
    for part in value.split(","):
        try:
            parts.append(part if part.lstrip("-").isdigit() else f"{float(part):.15g}")
        except ValueError:
            parts.append(part)
    return head + equals + ",".join(parts)


# ---- counterfactuals and defects --------------------------------------------------------------------------------


def test_putting_the_references_values_in_takes_the_error_away() -> None:
    switched = Simulator(Experiment.from_argv(SCAN.split()), device="cpu", defects={"phi-carryover": False})
    other = "\n".join(switched.trace(*PIXEL).lines()) + "\n"
    explanation = compare_texts(trace(), other, switched)
    steps = {one.step: one.share for one in explanation.counterfactuals}
    assert {"PHI.ap_angstroms", "PHI.bp_angstroms", "PHI.cp_angstroms"} <= set(steps)
    assert steps["values at all these steps"] == pytest.approx(1.0, abs=1e-9)
    assert steps["PHI.ap_angstroms"] != pytest.approx(1.0, abs=0.01)


def test_the_defect_that_restores_parity_is_named() -> None:
    case = Case("switched", tuple(SCAN.split()))
    off = Case("switched", (*case.argv, "-defects", "none"))
    text = "\n".join(port_of(off, None).trace(*PIXEL).lines()) + "\n"
    phi_only = Case("switched", (*case.argv, "-defects", "phi-carryover"))
    carried = "\n".join(port_of(phi_only, None).trace(*PIXEL).lines()) + "\n"
    ported = Ported(SUBJECT, phi_only)
    compared = compare_texts(text, carried, port_of(phi_only, None))
    explanation = try_defects(compared, Trace(text), Trace(carried), ported, PIXEL)
    assert [trial.defect for trial in explanation.trials if trial.restores] == ["phi-carryover"]
    first = explanation.comparison.first_origin
    assert first is not None
    assert first.cause is not None
    assert first.cause.label == "phi-carryover"
    assert "turning phi-carryover off in the port restores parity" in first.cause.evidence


def test_a_defect_that_changes_nothing_is_not_replayed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("switched", tuple(SCAN.split()))
    off = Case("switched", (*case.argv, "-defects", "none"))
    text = "\n".join(port_of(off, None).trace(*PIXEL).lines()) + "\n"
    carried = "\n".join(port_of(case, None).trace(*PIXEL).lines()) + "\n"
    ported = Ported(SUBJECT, case)
    compared = compare_texts(text, carried, port_of(case, None))
    replayed: list[str] = []
    usual = Ported.explain

    def watched(self: Ported, *arguments: Any, **named: Any) -> Any:
        replayed.append(self.case.argv[-1])
        return usual(self, *arguments, **named)

    monkeypatch.setattr(Ported, "explain", watched)
    explanation = try_defects(compared, Trace(text), Trace(carried), ported, PIXEL)
    assert len(explanation.trials) == len(SUBJECT.defect_names())
    assert 0 < len(replayed) < len(explanation.trials) / 2
    assert all("phi-carryover" not in words or "stale-dump" in words for words in replayed)


def test_runs_of_the_preparation_side_by_side_stray_as_runs_one_by_one_do() -> None:
    simulator = port_of(Case("cell", tuple(SCAN.split())), None)
    spreads = preparation_spreads(simulator, PIXEL).moved
    crystal = simulator.experiment.crystal
    one = torch.tensor(1.0, dtype=torch.float64)
    moving = replace(
        simulator.experiment,
        crystal=replace(
            crystal,
            cell_lengths_A=[one * length for length in crystal.cell_lengths_A],
            cell_angles_rad=[one * angle for angle in crystal.cell_angles_rad],
            misset_rad=[one * angle for angle in crystal.misset_rad],
        ),
    )
    generator = torch.Generator().manual_seed(7)
    volumes = []
    for _ in range(RUNS):
        with torch.no_grad(), Perturbed(generator):
            volumes.append(value_of(preparing.prepare(moving, simulator.defects).cell.V_cell_A3))
    alone = float(np.abs(np.array(volumes) - value_of(simulator.prepared.cell.V_cell_A3)).max())
    together = spreads["", "V_cell_A3"]
    assert together.shape == (RUNS, 1, 1)
    assert alone / 4 < float(np.abs(together).max()) < 4 * alone
    assert not (together == together[0]).all()


def test_defect_words_are_taken_off_command_lines() -> None:
    case = Case("c", ("-cell", "1", "-defects", "none", "-N", "2"), setup=(("-defects", "all"),))
    assert without(case).argv == ("-cell", "1", "-N", "2")
    assert without(case).setup == ((),)


# ---- noise floor ------------------------------------------------------------------------------------------------


def test_a_measured_tolerance_file_serves_a_comparison_without_replays(tmp_path: Path) -> None:
    case = Case("floor", tuple(SCAN.split()))
    path = tmp_path / "floor.toml"
    path.write_text(tolerances.dump(measured(case, [PIXEL], None)))
    loaded = tolerances.load(path)
    assert {"torch", "numpy", "harness", "argv"} <= set(loaded.measured_with)
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    a.write_text(trace())
    value = port().trace(*PIXEL).I_pixel_final
    b.write_text(trace().replace(f"I_pixel_final {value:.17g}", f"I_pixel_final {value * (1 + 4e-16):.17g}"))
    assert compare_logs(str(a), str(b), tolerances=loaded).verdict is Verdict.PARITY
    b.write_text(trace().replace(f"I_pixel_final {value:.17g}", f"I_pixel_final {value * (1 + 1e-11):.17g}"))
    assert compare_logs(str(a), str(b), tolerances=tolerances.load(path)).exit_code == 1


# ---- command lines ----------------------------------------------------------------------------------------------


def test_a_command_line_is_cut_into_flags() -> None:
    argv = ["-cell", "40", "50", "60", "-N", "5", "-nonoise", "-misset", "1", "2", "3", "-default_F", "9"]
    groups = [[word.text for word in group] for group in SUBJECT.command_line(tuple(argv)).groups()]
    assert [group[0] for group in groups] == ["-cell", "-N", "-nonoise", "-misset", "-default_F"]
    assert [word for group in groups for word in group] == argv


@pytest.fixture(scope="module")
def program() -> Reference:
    try:
        return find_reference(None)
    except ProgramFailed as error:
        pytest.skip(f"the C program is not built: {error}")


@pytest.mark.parametrize("name", ["scan_sources_subpixels", "thick_sensor", "mosaic_gauss", "tricubic_leaves_list"])
def test_sound_programs_are_not_accused(name: str, program: Reference) -> None:
    case = SUBJECT.case(name)
    pixel = case.sections[0]
    text = trace_pixels(program, prepare(SUBJECT, case), [pixel])[1][pixel]
    own = port_of(case, None)
    of_port = "\n".join(own.trace(*pixel).lines()) + "\n"
    for simulator in (own, None):
        comparison = compare_texts(text, of_port, simulator).comparison
        assert comparison.verdict is Verdict.PARITY
        assert comparison.first_origin is None


def test_explain_names_the_step_and_the_defect(program: Reference) -> None:
    words = ["explain", "--case", "scan_through_zero", "--defect", "phi-carryover=off", "--try-defects"]
    result = CliRunner().invoke(make_app(SUBJECT), join_sections(words))
    assert result.exit_code == 1, result.output
    assert "first step at fault" in result.output
    assert ": phi-carryover (" in result.output
    assert "turning phi-carryover on in the port restores parity" in result.output
    assert "100.0% of the final error goes away" in result.output


@pytest.mark.parametrize(
    "words",
    [["explain", "only_one.log"], ["explain"], ["explain", "a", "b", "--try-defects"], ["explain", "no.log", "no.log"]],
)
def test_explain_refuses_what_it_cannot_use(words: list[str]) -> None:
    result = CliRunner().invoke(make_app(SUBJECT), words)
    assert result.exception is not None
    assert getattr(result.exception, "exit_code", 2) == 2


def test_a_failing_case_is_made_smaller(program: Reference, tmp_path: Path) -> None:
    argv = f"{SCAN} -fluence 1e20".split()
    source = tmp_path / "failing.toml"
    source.write_text(f'[case]\nname = "failing"\nargv = {argv!r}\npixels = [[17, 41]]\n'.replace("'", '"'))
    out = tmp_path / "smaller.toml"
    words = ["minimise", "--case", str(source), "--defect", "phi-carryover=off", "--out", str(out)]
    result = CliRunner().invoke(make_app(SUBJECT), words)
    assert result.exit_code == 0, result.output
    smaller = read_case_file(out)
    assert len(smaller.argv) < len(argv) / 2
    assert "-phisteps" in smaller.argv  # the defect needs a scan
    assert "nanobragg_c" in out.read_text()
    assert tomllib.loads(out.read_text())["case"]["pixels"] == [[17, 41]]


def test_a_sound_case_has_nothing_to_shrink(program: Reference) -> None:
    result = CliRunner().invoke(make_app(SUBJECT), ["minimise", "--case", "cubic_adxv"])
    assert getattr(result.exception, "exit_code", None) == 3
