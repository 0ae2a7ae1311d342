"""One-place faults in a log: is the true step named first origin, and is the label right?

Only the one value is changed, as if a port computed that step wrongly and nobody looked further; the values after it
are the reference's. (Faults that spread through a whole run are tested where the port runs.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, Pair

Change = Callable[[list[float]], Sequence[object]]
SUB = {"thick_tic": 1}
SRC = SUB | {"source": 1}
PHI = SRC | {"phi_tic": 1}
DOM = PHI | {"mos_tic": 1}
PIXEL_SIZE = 0.0002
OMEGA = "omega_pixel"


def scaled(factor: float) -> Change:
    return lambda v: [x * factor for x in v]


def picked(*order: int) -> Change:
    return lambda v: [v[i] for i in order]


def added(*steps: float) -> Change:
    return lambda v: [x + s for x, s in zip(v, steps, strict=True)]


def whole(change: Callable[[int], int], at: int = 0) -> Change:
    return lambda v: [change(int(x)) if i == at else int(x) for i, x in enumerate(v)]


def float32(v: list[float]) -> list[float]:
    return np.array(v, np.float32).astype(float).tolist()


def digits(count: int) -> Change:
    return lambda v: [float(f"{x:.{count - 1}e}") for x in v]


def cut(count: int) -> Change:
    return lambda v: [math.trunc(x * 10**count) / 10**count for x in v]


FAULTS: list[tuple[str, str, dict[str, int], Change, str]] = [
    # sign
    ("pix0_vector_meters", "", {}, scaled(-1), "sign"),
    ("Fclose_meters", "", {}, scaled(-1), "sign"),
    ("SUBPIXEL", "diffracted_vec", SUB, scaled(-1), "sign"),
    ("SOURCE", "scattering_vec_A_inv", SRC, scaled(-1), "sign"),
    ("DOMAIN", "hkl_frac", DOM, scaled(-1), "sign"),
    ("DOMAIN", "F_latt", DOM, scaled(-1), "sign"),
    # unit
    ("distance_meters", "", {}, scaled(1000), "unit"),
    ("thick_step_meters", "", {}, scaled(1e6), "unit"),
    ("PHI", "phi_deg", PHI, scaled(math.pi / 180), "unit"),
    ("mosaic_spread_deg", "", {}, scaled(math.pi / 180), "unit"),
    ("SOURCE", "stol_A_inv", SRC, scaled(2), "unit"),
    ("DOMAIN", "I_term", DOM, scaled(0.5), "unit"),
    ("SOURCE", "lambda_angstroms", SRC, scaled(1e-10), "unit"),
    ("a0_angstroms", "", {}, scaled(0.1), "unit"),
    # components
    ("fdet_vec", "", {}, picked(1, 0, 2), "swapped-components"),
    ("DOMAIN", "hkl_rounded", DOM, lambda v: [int(v[1]), int(v[0]), int(v[2])], "swapped-components"),
    ("DOMAIN", "hkl_frac", DOM, picked(2, 1, 0), "swapped-components"),
    ("odet_vec", "", {}, picked(2, 0, 1), "shifted-components"),
    ("c0_angstroms", "", {}, picked(1, 2, 0), "shifted-components"),
    ("UMAT", "umat", {"mos_tic": 1}, picked(0, 3, 6, 1, 4, 7, 2, 5, 8), "transposed-components"),
    # half a pixel
    ("SUBPIXEL", "pixel_pos_meters", SUB, added(0.0, 0.5 * PIXEL_SIZE, 0.0), "half-pixel"),
    ("pix0_vector_meters", "", {}, added(0.0, 0.5 * PIXEL_SIZE, -0.5 * PIXEL_SIZE), "half-pixel"),
    ("Fbeam_meters", "", {}, added(0.5 * PIXEL_SIZE), "half-pixel"),
    ("Ybeam_meters", "", {}, added(-0.5 * PIXEL_SIZE), "half-pixel"),
    # off by one
    ("DOMAIN", "hkl_rounded", DOM, whole(lambda n: n + 1, 1), "off-by-one"),
    ("n_phi_steps", "", {}, whole(lambda n: n - 1), "off-by-one"),
    ("N_cells", "", {}, lambda v: [int(x) + 1 for x in v], "off-by-one"),
    # rounded
    ("SUBPIXEL", "R_distance_meters", SUB, float32, "float32-rounding"),
    ("SUBPIXEL", "diffracted_vec", SUB, float32, "float32-rounding"),
    ("PHI", "ap_angstroms", PHI, float32, "float32-rounding"),
    ("DOMAIN", "I_running", DOM, float32, "float32-rounding"),
    ("V_cell_A3", "", {}, digits(5), "truncated-constant"),
    ("r_e_sqr", "", {}, digits(4), "truncated-constant"),
    ("a_star_A_inv", "", {}, scaled(3.14159 / math.pi), "truncated-constant"),
    ("SOURCE", "polar", SRC, cut(6), "unknown"),  # no constant: digits that agree are no evidence
    # a factor that is missing, or once too often
    ("SUBPIXEL", OMEGA + "_sr", SUB, lambda v: [v[0] / 0.11981729263673518], "missing-factor"),
    ("I_pixel_final", "", {}, lambda v: [v[0] / POLAR[0]], "missing-factor"),
    ("I_before_scaling", "", {}, lambda v: [v[0] * 12], "missing-factor"),
    ("DOMAIN", "I_term", DOM, lambda v: [v[0] / LATTICE[0]], "missing-factor"),
    # nan
    ("DOMAIN", "F_cell", DOM, lambda v: ["nan"], "not-a-number"),
    ("pix0_vector_meters", "", {}, lambda v: ["nan", *v[1:]], "not-a-number"),
    # none of these
    ("SUBPIXEL", "R_distance_meters", SUB, scaled(1.0000317), "unknown"),
    ("DOMAIN", "hkl_frac", DOM, added(0.013, 0.0, 0.0), "unknown"),
    ("detector_pivot", "", {}, lambda v: ["SAMPLE"], "unknown"),
    ("polarization_factor", "", {}, scaled(0.913), "different-input"),
    ("PHI", "bp_angstroms", PHI, added(1e-6, 0.0, -3e-6), "unknown"),
]
POLAR: list[float] = []
LATTICE: list[float] = []


def name_of(record: str, name: str) -> tuple[str, str]:
    return (record, name) if name else ("", record)


def compared(trace, write, record: str, name: str, indices: dict[str, int], change: Change) -> Comparison:
    POLAR[:] = [float(trace.value("polar", "")[0])]
    LATTICE[:] = [float(trace.value("DOMAIN", "F_latt", **DOM)[0])]
    texts = trace.value(record, name, **indices)
    before = [float(text) for text in texts] if texts[0][-1].isdigit() else texts
    faulty = trace.replaced(record, name, list(change(before)), **indices)
    return compare_traces(write(trace, "a.log"), write(faulty, "b.log"))


def is_at(pair: Pair, record: str, name: str, indices: dict[str, int]) -> bool:
    same = (pair.key.record, pair.key.name) == name_of(record, name)
    return same and indices.items() <= dict(pair.key.indices).items()


IDS = [f"{f[0]}.{f[1] or 'line'}-{f[4]}-{number}" for number, f in enumerate(FAULTS)]


@pytest.mark.parametrize(("record", "name", "indices", "change", "label"), FAULTS, ids=IDS)
def test_the_faulty_step_is_named_with_its_label(
    trace, write, record: str, name: str, indices: dict[str, int], change: Change, label: str
) -> None:
    result = compared(trace, write, record, name, indices, change)
    assert result.exit_code == 1
    assert result.first_origin is not None
    assert is_at(result.first_origin, record, name, indices)
    assert result.first_origin.cause is not None
    assert result.first_origin.cause.label == label


STALE = [
    ("PHI", "bp_angstroms", PHI, 2, "stale-step"),
    ("PHI", "cp_angstroms", PHI, 0, "stale-step"),
    ("DOMAIN", "hkl_frac", DOM, 2, "stale-step"),
    ("DOMAIN", "F_latt_b", DOM, 0, "stale-step"),
]


@pytest.mark.parametrize(("record", "name", "indices", "other", "label"), STALE)
def test_the_value_of_another_phi_step_is_recognised(
    trace, write, record: str, name: str, indices: dict[str, int], other: int, label: str
) -> None:
    stale = trace.value(record, name, **{**indices, "phi_tic": other})
    result = compared(trace, write, record, name, indices, lambda _: stale)
    assert result.first_origin is not None
    assert is_at(result.first_origin, record, name, indices)
    assert result.first_origin.cause is not None
    assert result.first_origin.cause.label == label
    assert "b at phi_tic=1 has a's value at phi_tic=" in result.first_origin.cause.evidence


def test_a_fresh_rotation_where_the_reference_has_a_stale_one_is_the_named_defect(trace, write) -> None:
    fresh = trace.value("a0_angstroms", "")
    at_zero = {**PHI, "phi_tic": 0}
    result = compared(trace, write, "PHI", "ap_angstroms", at_zero, lambda _: fresh)
    assert result.first_origin is not None
    assert is_at(result.first_origin, "PHI", "ap_angstroms", at_zero)
    assert result.first_origin.cause is not None
    assert result.first_origin.cause.label == "phi-carryover"


def test_a_mosaic_domain_with_anothers_lattice_factor_is_stale_in_that_loop(trace, write) -> None:
    other = trace.value("DOMAIN", "F_latt_c", **{**DOM, "mos_tic": 0})
    result = compared(trace, write, "DOMAIN", "F_latt_c", DOM, lambda _: other)
    assert result.first_origin is not None
    assert result.first_origin.cause is not None
    assert "mos_tic=0" in result.first_origin.cause.evidence
