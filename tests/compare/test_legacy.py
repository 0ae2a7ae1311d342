"""Logs of older builds, aligned with each other and with today's."""

from __future__ import annotations

from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import DifferenceClass, Verdict

PORT_HEADER = """\
TRACE_PY: fdet_vec 1 0 0
TRACE_PY: sdet_vec 0 1 0
TRACE_PY: pix0_vector_meters 0.1 0.2 0.3
TRACE_PY: close_distance_meters 0.1
TRACE_PY: scattering_vec_A_inv -1.5e9 3.9e9 9.1e8
TRACE_PY: F_cell_interpolated 155.0
TRACE_PY: F_cell_nearest 190.0
TRACE_PY: I_before_scaling_pre_polar 0.25
TRACE_PY: r_e_meters 3
TRACE_PY: r_e_sqr 9
TRACE_PY: steps 1
TRACE_PY: fluence_photons_per_m2 1
TRACE_PY: capture_fraction 1
TRACE_PY: polar 0.5
TRACE_PY: omega_pixel 0.125
TRACE_PY: I_pixel_final 2
TRACE_PY: floatimage_accumulated 2
"""


@pytest.fixture
def logs(golden: Path) -> dict[str, list[Path]]:
    stem = golden / "legacy" / "supervisor_685_1039"
    port = {device: [Path(f"{stem}.py_{device}{end}.log") for end in ("", "_per_phi")] for device in ("cpu", "cuda")}
    return {"c": [Path(f"{stem}.c_trace.log")], **port}


def test_the_older_port_against_the_older_c_build(logs: dict[str, list[Path]]) -> None:
    result = compare_traces(logs["c"], logs["cuda"])
    assert result.exit_code == 1
    header = [pair for pair in result.pairs if not pair.key.record]
    assert len(header) >= 30
    phi = [pair for pair in result.pairs if pair.key.record == "PHI" and pair.key.name == "F_latt"]
    assert [dict(pair.key.indices)["phi_tic"] for pair in phi] == list(range(10))
    differing = [pair.key.name for pair in result.differing]
    assert differing[:3] == ["pix0_vector_meters", "fdet_vec", "sdet_vec"]
    assert result.first_divergence is not None
    assert result.first_divergence.key.name == "fdet_vec"  # printed later, but the first pixel is made from it
    causes = {pair.cause.label for pair in result.differing if pair.cause and pair.key.record == "PHI"}
    assert causes == {"phi-carryover"}
    stale = [p for p in result.differing if p.cause and p.cause.label == "phi-carryover" and p.key.indices]
    assert {dict(pair.key.indices)["phi_tic"] for pair in stale} == {0}
    assert all("repeats a's value at phi_tic=9" in pair.cause.evidence for pair in stale if pair.cause)


def test_the_older_port_on_two_devices_is_parity(logs: dict[str, list[Path]]) -> None:
    result = compare_traces(logs["cpu"], logs["cuda"])
    assert result.verdict is Verdict.PARITY
    assert result.coverage.fraction == 1


def test_the_older_c_build_against_the_reference_is_parity_at_its_digits(
    logs: dict[str, list[Path]], golden: Path
) -> None:
    result = compare_traces(logs["c"], golden / "public" / "supervisor.trace_685_1039.log")
    assert result.verdict is Verdict.PARITY
    assert result.sides[0].digits == 17, "too few floats to infer a precision from"
    stated = compare_traces(logs["c"], golden / "public" / "supervisor.trace_685_1039.log", digits=(15, None))
    assert stated.verdict is Verdict.PARITY
    assert stated.counts["identical"] > result.counts["identical"]
    assert stated.counts[DifferenceClass.IDENTICAL] >= 55
    units = [remark for remark in result.warnings if remark.kind == "unit"]
    assert [remark.key and remark.key.name for remark in units] == ["scattering_vec_A_inv"]
    assert "1e-10" in units[0].message


def test_every_golden_trace_is_at_parity_with_itself(golden: Path) -> None:
    logs = sorted((golden / "public").glob("*.trace_*.log"), key=lambda path: path.stat().st_size)
    assert len(logs) > 60
    for log in logs[:-4]:  # the four largest take as long as all others
        result = compare_traces(log, log)
        assert result.verdict is Verdict.PARITY, log.name
        assert result.counts[DifferenceClass.IDENTICAL] == result.coverage.paired, log.name


def today(interpolate: int) -> str:
    """The same evaluation as a build of today prints it."""
    return (
        "\n".join(
            [
                *(
                    f"TRACE_C: {line}"
                    for line in ("fdet_vec 1 0 0", "sdet_vec 0 1 0", "pix0_vector_meters 0.1 0.2 0.3")
                ),
                "TRACE_C: close_distance_meters 0.1",
                f"TRACE_C: interpolate {interpolate}",
                "TRACE_C_SOURCE thick_tic=0 sub_s=0 sub_f=0 source=0 scattering_vec_A_inv=-0.15,0.39,0.091",
                f"TRACE_C_DOMAIN phi_tic=0 mos_tic=0 F_cell={155 if interpolate else 190}",
                "TRACE_C: I_before_scaling 4",
                "TRACE_C: r_e_sqr 9",
                *(f"TRACE_C: {name} 1" for name in ("steps", "fluence_photons_per_m2", "capture_fraction")),
                *("TRACE_C: polar 0.5", "TRACE_C: omega_pixel 0.125", "TRACE_C: I_pixel_final 2"),
                "TRACE_C: floatimage_accumulated 2",
            ]
        )
        + "\n"
    )


@pytest.mark.parametrize("interpolate", [0, 1])
def test_an_older_name_stands_for_todays_in_todays_unit(write, interpolate: int) -> None:
    result = compare_traces(write(today(interpolate), "a.log"), write(PORT_HEADER, "b.log"))
    assert result.verdict is Verdict.PARITY
    names = {pair.key.name: pair for pair in result.pairs if pair.name_b}
    assert names["F_cell"].name_b == ("F_cell_interpolated" if interpolate else "F_cell_nearest")
    assert names["F_cell"].key.record == "DOMAIN"
    assert names["I_before_scaling"].b == 4
    assert names["scattering_vec_A_inv"].b == pytest.approx((-0.15, 0.39, 0.091))
    left = {leftover.key.name for leftover in result.leftovers if leftover.side == "b"}
    assert left == {"F_cell_nearest" if interpolate else "F_cell_interpolated", "r_e_meters"}


def test_a_factor_of_ten_is_a_divergence_and_no_unit(write) -> None:
    wrong = PORT_HEADER.replace("-1.5e9 3.9e9 9.1e8", "-1.5e8 3.9e8 9.1e7")
    result = compare_traces(write(today(0), "a.log"), write(wrong, "b.log"))
    assert result.exit_code == 1
    assert result.first_divergence is not None
    assert result.first_divergence.key.name == "scattering_vec_A_inv"


def test_a_name_goes_before_its_aliases(write) -> None:
    both = PORT_HEADER.replace("TRACE_PY: r_e_meters 3\n", "TRACE_PY: r_e_meters 2\n")
    result = compare_traces(write(today(0), "a.log"), write(both, "b.log"))
    assert next(pair for pair in result.pairs if pair.key.name == "r_e_sqr").name_b == ""
    assert result.verdict is Verdict.PARITY
