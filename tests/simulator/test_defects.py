"""Each defect switch changes exactly what it names where that matters, and no bit anywhere where it does not."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulator import Defects, InputError, Simulator
from simulator.defects import NAMES
from simulator.evaluation.trace import Trace
from simulator.model.random_numbers import Ran1

SMALL = "-lambda 1 -distance 100 -detpixels_x 12 -detpixels_y 10 -pixel 8 -oversample 1"
OBLIQUE = f"{SMALL} -cell 38 47 55 75 85 95 -default_F 100 -N 5"
LISTED = f"{SMALL} -cell 20 21 22 -hkl made.hkl -N 3 -default_F 1"
SENSOR = "-detector_abs 300 -detector_thick 450"
PIXEL = (6, 5)

SUMS = {"DOMAIN.I_running", "I_before_scaling", "I_pixel_final", "floatimage_accumulated"}
TERMS = {"DOMAIN.I_term", *SUMS}
LATTICE = {"DOMAIN.F_latt", "DOMAIN.F_latt_a", "DOMAIN.F_latt_b", "DOMAIN.F_latt_c", "PHI.F_latt", "PHI.F_latt_b"}
INDICES = {"DOMAIN.hkl_frac", "PHI.k_frac", *LATTICE, *TERMS}
ROTATED = {"PHI.ap_angstroms", "PHI.bp_angstroms", "PHI.cp_angstroms", *INDICES}
CARRIED = {"carried_ap_angstroms", "carried_bp_angstroms", "carried_cp_angstroms"}
POSITION = {"SUBPIXEL.pixel_pos_meters", "SUBPIXEL.diffracted_vec", "SUBPIXEL.R_distance_meters"}
DIRECTION = {
    "SOURCE.scattering_vec_A_inv",
    "SOURCE.stol_A_inv",
    "SOURCE.polar",
    "SOURCE.cos_2theta",
    "cos_2theta",
    "polar",
}
RECIPROCAL = {"a_star_A_inv", "b_star_A_inv", "c_star_A_inv"}
DIRECT = {"a0_angstroms", "b0_angstroms", "c0_angstroms", *CARRIED}
SOLID_ANGLE = {"SUBPIXEL.omega_pixel_sr", "omega_pixel"}

MATTERS: dict[str, tuple[str, set[str]]] = {
    "phi-carryover": (f"{OBLIQUE} -misset 10 20 30 -phi 0 -osc 8 -phisteps 4", {"carried_from", *CARRIED, *ROTATED}),
    "oversample-compounds": (f"{OBLIQUE} -oversample_polar -hdivrange 9 -hdivsteps 3", TERMS),
    "last-layer-capture": (f"{OBLIQUE} {SENSOR} -thicksteps 3 -detector_roty 20", {*SUMS}),
    "interpolation-latch": (f"{LISTED} -interpolate", {"DOMAIN.F_cell", *TERMS}),
    "source-weights-ignored": (f"{OBLIQUE} -sourcefile made.sources", TERMS),
    "background-scaling": (f"{OBLIQUE} -water 0.2 -fluence 1e28", SUMS),
    "skewed-default-cell": (
        OBLIQUE,
        # c* is wrong: c, across a* and b*, is not.
        {*DIRECT, *RECIPROCAL, *ROTATED}
        - {"c0_angstroms", "carried_cp_angstroms", "PHI.cp_angstroms", "DOMAIN.F_latt_c"},
    ),
    "random-misset-radians": (f"{OBLIQUE} -misset_seed 7 -misset random", {*DIRECT, *RECIPROCAL, *ROTATED}),
    "curved-axes": (
        f"{OBLIQUE} -curved_det -xds -ORGX 7 -polar 0.5",
        {*POSITION, *DIRECTION, *SOLID_ANGLE, *INDICES},
    ),
    "stale-dump": (f"{SMALL} -cell 20 -default_F 3 -N 5", {"hkl_ranges", "DOMAIN.F_cell", *TERMS}),
    "dump-whitespace": (f"{SMALL} -cell 5 5 25 -N 5 -dump made.dump -nointerpolate", {"DOMAIN.F_cell", *TERMS}),
    "flag-substrings": (
        f"{OBLIQUE} -misset_seed 7 -fudge 1.5 -nonoise",
        {*DIRECT, *RECIPROCAL, *ROTATED},
    ),
    "header-substrings": (
        f"-img made.img {OBLIQUE}",
        # The spindle is along c.
        {"phi_start_deg", "PHI.phi_deg", *CARRIED, *ROTATED}
        - {"carried_cp_angstroms", "PHI.cp_angstroms", "DOMAIN.F_latt_c"},
    ),
    "curved-det-last-word": (
        f"{OBLIQUE} -xds -ORGX 7 -curved_det",
        {"curved_detector", *POSITION, *DIRECTION, *SOLID_ANGLE, *INDICES},
    ),
}

INDIFFERENT = {
    "phi-carryover": f"{OBLIQUE} -misset 10 20 30 -phi 10 -osc 8 -phisteps 4",
    "oversample-compounds": f"{OBLIQUE} {SENSOR} -thicksteps 2 -polar 0.5 -water 0.1",
    "last-layer-capture": f"{OBLIQUE} {SENSOR} -thicksteps 3 -oversample_thick",
    "interpolation-latch": f"{LISTED} -interpolate -roi 5 5 6 6",
    "source-weights-ignored": f"{OBLIQUE} -hdivrange 9 -hdivsteps 4",
    "background-scaling": f"{OBLIQUE} -fluence 1e28",
    "skewed-default-cell": f"{SMALL} -mat made.mat -default_F 100 -N 5",
    "random-misset-radians": f"{OBLIQUE} -misset 7 8 9",
    "curved-axes": f"{OBLIQUE} -xds -ORGX 7",
    "stale-dump": f"{SMALL} -cell 20 -default_F 3 -N 5 -dump Fdump.bin",
    "dump-whitespace": f"{SMALL} -cell 5 5 25 -N 5 -dump clean.dump -nointerpolate",
    "flag-substrings": f"{OBLIQUE} -misset 7 8 9 -twotheta 5",
    "header-substrings": f"-img plain.img {OBLIQUE}",
    "curved-det-last-word": f"-curved_det {OBLIQUE}",
}

HEADER = "{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nSIZE1=12;\nSIZE2=10;\nPHI=2;\n"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the command lines name."""
    folder = tmp_path_factory.mktemp("inputs")
    indices = range(-6, 7)
    (folder / "made.hkl").write_text(
        "".join(f"{h} {k} {l} {50 + 7 * h - 3 * k + 2 * l}\n" for h in indices for k in indices for l in indices)
    )
    (folder / "made.sources").write_text("-10 0 0 1\n-10 0.03 0 2\n-10 0 -0.04 0.5\n")
    (folder / "made.mat").write_text("0.0101 0.0021 -0.0037\n-0.0008 0.0117 0.0042\n0.0031 -0.0056 0.0129\n")
    (folder / "plain.img").write_text(f"{HEADER}}}\f".ljust(512))
    (folder / "made.img").write_text(f"{HEADER}PHI_START=9;\n}}\f".ljust(512))
    write_dump(folder / "made.dump", WHITE + struct.pack("<d", 10.0)[3:])
    write_dump(folder / "clean.dump", struct.pack("<d", 10.0))
    return folder


@pytest.fixture(scope="module")
def with_dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but a dump left behind."""
    folder = tmp_path_factory.mktemp("with_dump")
    write_dump(folder / "Fdump.bin", struct.pack("<d", 10.0))
    return folder


WHITE = b"\n \t"
REACH = 6


def write_dump(path: Path, first: bytes) -> None:
    """A dump of -6..6 in each index with given first bytes of its data and trailing rows of zeros."""
    n = 2 * REACH + 1
    values = np.zeros((n + 1,) * 3)
    values[:n, :n, :n] = 20.0 + np.arange(n**3).reshape(n, n, n) % 71
    values[0, 0, 0] = struct.unpack("<d", first)[0]
    path.write_bytes(f"{-REACH} {REACH} {-REACH} {REACH} {-REACH} {REACH}\n\f".encode() + values.tobytes())


def without(defect: str) -> str:
    """The words that turn one defect off and leave the others on."""
    return f"-defects {','.join(name for name in NAMES if name != defect)}"


@pytest.fixture
def both_positions(
    eager: Callable[..., Any], inputs: Path, with_dump: Path
) -> Callable[..., tuple[Simulator, Simulator]]:
    """both_positions(argv, defect): with the defect on, and off."""

    def make(argv: str, defect: str) -> tuple[Simulator, Simulator]:
        folder = with_dump if defect == "stale-dump" else inputs
        return eager(argv, folder), eager(f"{without(defect)} {argv}", folder)

    return make


SWITCHES = {"mode", "defects", *(name.replace("-", "_") for name in NAMES)}

Quantities = dict[tuple[str, tuple[int, ...], str], Any]


def quantities(trace: Any) -> Quantities:
    """Every value by record, indices and name, but for the lines that name the switches."""
    found: Quantities = {("", (), name): value for name, value in (trace.header | trace.closing).items()}
    for record in trace.umats + trace.records:
        key = (record.name, tuple(record.indices.values()))
        found.update({(*key, name): value for name, value in record.values.items()})
    return {key: value for key, value in found.items() if key[2] not in SWITCHES}


def changed(on: Trace, off: Trace) -> set[str]:
    """Names ("RECORD.name") whose values differ in any evaluation that both have."""
    a, b = quantities(on), quantities(off)
    return {
        f"{record}.{name}".lstrip(".") for (record, i, name) in a.keys() & b if a[record, i, name] != b[record, i, name]
    }


def records_of(trace: Trace, record: str, name: str) -> np.ndarray:
    """A name's values in all records of a kind, in execution order."""
    return np.array([r.values[name] for r in trace.records if r.name == record])


@pytest.mark.parametrize("defect", NAMES)
@pytest.mark.filterwarnings("ignore:-curved_det is the last word")
def test_switch_changes_exactly_what_it_names(defect: str, both_positions: Callable[..., Any]) -> None:
    argv, expected = MATTERS[defect]
    on, off = both_positions(argv, defect)
    traces = on.trace(*PIXEL), off.trace(*PIXEL)
    assert traces[0].header["mode"] == "c-parity"
    assert traces[1].header["mode"] == "custom"
    assert changed(*traces) - {"DOMAIN.hkl_rounded"} == expected
    records = [[(r.name, r.indices) for r in t.records if r.name != "TRICUBIC"] for t in traces]
    assert records[0] == records[1]
    assert not torch.equal(on.image(), off.image())


@pytest.mark.parametrize("defect", NAMES)
def test_switch_changes_no_bit_where_it_does_not_matter(defect: str, both_positions: Callable[..., Any]) -> None:
    on, off = both_positions(INDIFFERENT[defect], defect)
    assert torch.equal(on.image(), off.image())
    # What was carried into the pixel is said where it is not used too.
    said = {"carried_from", *CARRIED} if defect == "phi-carryover" else set()
    assert changed(on.trace(*PIXEL), off.trace(*PIXEL)) == said


@pytest.mark.parametrize("defect", NAMES[:9])
def test_switch_is_an_argument_too(defect: str, eager: Callable[..., Any], inputs: Path) -> None:
    argv, _ = MATTERS[defect]
    by_argument = eager(argv, inputs, defects={defect: False}).trace(*PIXEL)
    by_word = eager(f"{argv} {without(defect)}", inputs).trace(*PIXEL)
    assert list(by_argument.lines()) == list(by_word.lines())


@pytest.mark.parametrize("defect", NAMES[:9])
def test_spec_mode_turns_all_off(defect: str, eager: Callable[..., Any], inputs: Path) -> None:
    argv, _ = MATTERS[defect]
    spec = eager(argv, inputs, mode="spec", defects={defect: True})
    assert spec.defects == Defects(frozenset({defect}))
    assert not torch.equal(eager(argv, inputs, mode="spec").image(), spec.image())


# What each switch makes of it


def test_phi_carryover(both_positions: Callable[..., Any]) -> None:
    stale, fresh = both_positions(MATTERS["phi-carryover"][0], "phi-carryover")
    on, off = stale.trace(*PIXEL), fresh.trace(*PIXEL)
    for edge in "abc":
        stale_edges, fresh_edges = (records_of(t, "PHI", f"{edge}p_angstroms") for t in (on, off))
        np.testing.assert_array_equal(stale_edges[0], stale_edges[3])
        np.testing.assert_array_equal(fresh_edges[0], off.header[f"{edge}0_angstroms"])
        np.testing.assert_array_equal(stale_edges[1:], fresh_edges[1:])
        np.testing.assert_array_equal(on.header[f"carried_{edge}p_angstroms"], stale_edges[3])
    assert (on.header["carried_from"], off.header["carried_from"]) == ((6, 4), "none")
    differing = (stale.image() != fresh.image()).flatten()
    assert not differing[0]
    assert differing[1:].double().mean() > 0.9


def test_oversample_compounds(both_positions: Callable[..., Any]) -> None:
    argv = OBLIQUE.replace("-oversample 1", "-oversample 2")
    argv += f" -oversample_polar -oversample_omega -oversample_thick {SENSOR} -thicksteps 2"
    compounding, plain = (s.trace(*PIXEL) for s in both_positions(argv, "oversample-compounds"))
    names = (("SUBPIXEL", "capture_fraction"), ("SOURCE", "polar"), ("SUBPIXEL", "omega_pixel_sr"))
    for trace in (compounding, plain):
        factors = np.prod([records_of(trace, record, name) for record, name in names], axis=0)
        terms = (records_of(trace, "DOMAIN", "F_cell") * records_of(trace, "DOMAIN", "F_latt")) ** 2
        own = terms if trace is compounding else terms * factors
        total = 0.0
        for term, factor, running in zip(own, factors, records_of(trace, "DOMAIN", "I_running"), strict=True):
            assert running == pytest.approx(total + term, rel=1e-13)
            total = (total + term) * (factor if trace is compounding else 1.0)
        assert trace.closing["I_before_scaling"] == pytest.approx(total, rel=1e-13)
        assert trace.I_pixel_final == pytest.approx(scaled(trace, total), rel=1e-13)


def scaled(trace: Any, I: float, *factors: float) -> float:
    """r_e^2 fluence I / steps times factors."""
    fluence, r_e_sqr, steps = (float(trace.header[n]) for n in ("fluence_photons_per_m2", "r_e_sqr", "steps"))
    return r_e_sqr * fluence * I / steps * math.prod(factors)


def test_last_layer_capture(both_positions: Callable[..., Any]) -> None:
    last, own = (s.trace(*PIXEL) for s in both_positions(MATTERS["last-layer-capture"][0], "last-layer-capture"))
    captures = records_of(last, "SUBPIXEL", "capture_fraction")
    assert len(set(captures)) == 3
    np.testing.assert_array_equal(captures, records_of(own, "SUBPIXEL", "capture_fraction"))
    layers = (records_of(last, "DOMAIN", "F_cell") * records_of(last, "DOMAIN", "F_latt")) ** 2
    factors = [float(last.closing[name]) for name in ("polar", "omega_pixel")]
    assert last.I_pixel_final == pytest.approx(scaled(last, layers.sum(), captures[-1], *factors), rel=1e-13)
    assert own.closing["I_before_scaling"] == pytest.approx((layers * captures).sum(), rel=1e-13)
    assert own.I_pixel_final == pytest.approx(scaled(own, (layers * captures).sum(), *factors), rel=1e-13)


def test_interpolation_latch(both_positions: Callable[..., Any], eager: Callable[..., Any], inputs: Path) -> None:
    """The first pixel leaves the list: nothing is interpolated after it, or everything that lies inside."""
    argv = MATTERS["interpolation-latch"][0]
    latched, alone = both_positions(argv, "interpolation-latch")
    never = eager(argv.replace("-interpolate", "-nointerpolate"), inputs).image()
    inside = eager(f"{argv} -roi 5 5 6 6", inputs).image()
    assert torch.equal(latched.image(), never)
    image = alone.image()
    assert image[PIXEL] == inside[PIXEL] != never[PIXEL]
    assert image[0, 0] == never[0, 0]
    assert not [r for r in latched.trace(*PIXEL).records if r.name == "TRICUBIC"]
    assert len([r for r in alone.trace(*PIXEL).records if r.name == "TRICUBIC"]) == 1


def test_source_weights_ignored(both_positions: Callable[..., Any]) -> None:
    pair = both_positions(MATTERS["source-weights-ignored"][0], "source-weights-ignored")
    ignored, weighted = (records_of(s.trace(*PIXEL), "DOMAIN", "I_term") for s in pair)
    np.testing.assert_allclose(weighted / ignored, np.array([1, 2, 0.5]) * 3 / 3.5, rtol=1e-14)


@pytest.mark.parametrize("oversample", [1, 2])
@pytest.mark.parametrize("fluence", [1e27, 1e28])
def test_background_scaling(oversample: int, fluence: float, both_positions: Callable[..., Any]) -> None:
    """Next to no diffraction: the pixel is the background alone."""
    argv = f"{SMALL} -cell 40 -default_F 1e-30 -water 0.2 -fluence {fluence} -oversample {oversample}"
    squared, once = (s.trace(*PIXEL) for s in both_positions(argv, "background-scaling"))
    molecules = (0.2e-6) ** 3 * 1e6 * 6.02214179e23 / 18.0
    background = 2.57**2 * 7.94079248018965e-30 * fluence * molecules
    factors = [float(once.closing[name]) for name in ("polar", "omega_pixel")]
    assert squared.I_pixel_final == pytest.approx(scaled(squared, background, *factors), rel=1e-12)
    assert once.I_pixel_final == pytest.approx(background * math.prod(factors), rel=1e-12)
    assert once.closing["I_before_scaling"] < 1e-40


def test_background_takes_every_layers_capture(both_positions: Callable[..., Any]) -> None:
    argv = f"{SMALL} -cell 40 -default_F 1e-30 -water 0.2 {SENSOR} -thicksteps 3 -oversample_omega -defects "
    spec = both_positions(argv + "none", "background-scaling")[0].trace(*PIXEL)
    held = both_positions(argv + "last-layer-capture", "background-scaling")[0].trace(*PIXEL)
    captures = records_of(spec, "SUBPIXEL", "capture_fraction")
    omega = records_of(spec, "SUBPIXEL", "omega_pixel_sr")[-1]
    lit = float(spec.header["background_I"]) * omega * float(spec.closing["polar"])
    assert spec.I_pixel_final == pytest.approx(lit * captures.sum(), rel=1e-12)
    assert held.I_pixel_final == pytest.approx(lit * captures[-1], rel=1e-12)


def angles_deg(trace: Any) -> list[float]:
    a, b, c = (np.array(trace.header[f"{edge}0_angstroms"]) for edge in "abc")
    cosines = (u @ v / np.linalg.norm(u) / np.linalg.norm(v) for u, v in ((b, c), (c, a), (a, b)))
    return [float(np.degrees(np.arccos(cosine))) for cosine in cosines]


def test_skewed_default_cell(both_positions: Callable[..., Any]) -> None:
    skewed, asked = (s.trace(*PIXEL) for s in both_positions(OBLIQUE, "skewed-default-cell"))
    assert angles_deg(skewed) == pytest.approx([75.039, 85.014, 95.008], abs=5e-4)
    assert angles_deg(asked) == pytest.approx([75, 85, 95], abs=1e-10)
    for trace in (skewed, asked):
        lengths = [np.linalg.norm(trace.header[f"{edge}0_angstroms"]) for edge in "abc"]
        assert lengths == pytest.approx([38, 47, 55], rel=1e-12)


def test_random_misset_radians(both_positions: Callable[..., Any], eager: Callable[..., Any]) -> None:
    pair = both_positions(MATTERS["random-misset-radians"][0], "random-misset-radians")
    radians, uniform = (np.array(s.trace(*PIXEL).header["a_star_A_inv"]) for s in pair)
    unrotated = np.array(eager(OBLIQUE).trace(*PIXEL).header["a_star_A_inv"])
    printed = eager(f"{OBLIQUE} -misset 22.076402 19.703339 8.204977").trace(*PIXEL)  # what the reference prints
    np.testing.assert_allclose(radians, printed.header["a_star_A_inv"], atol=1e-9)
    u1, u2, u3 = Ran1(-7).draw(3).astype(float)
    vector = np.array([math.sqrt(1 - u1) * math.sin(2 * math.pi * u2), math.sqrt(1 - u1) * math.cos(2 * math.pi * u2)])
    x, y, z = (*vector, math.sqrt(u1) * math.sin(2 * math.pi * u3))
    w = math.sqrt(u1) * math.cos(2 * math.pi * u3)
    rotated = unrotated + 2 * np.cross((x, y, z), np.cross((x, y, z), unrotated) + w * unrotated)
    np.testing.assert_allclose(uniform, rotated, rtol=1e-10, atol=1e-12)


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    return (
        np.cos(angle) * np.eye(3)
        + np.sin(angle) * np.cross(np.eye(3), axis)
        + (1 - np.cos(angle)) * np.outer(axis, axis)
    )


@pytest.mark.parametrize("convention", ["-mosflm", "-xds", "-adxv", "-dials", "-denzo", "-fdet_vector 0 0.1 1"])
def test_curved_axes(convention: str, both_positions: Callable[..., Any]) -> None:
    pair = both_positions(f"{OBLIQUE} -curved_det {convention}", "curved-axes")
    on, off = (s.trace(*PIXEL) for s in pair)
    names = ("beam_vec", "fdet_vec", "sdet_vec", "pix0_vector_meters")
    beam, fdet, sdet, pix0 = (np.array(off.header[name]) for name in names)
    distance, Fbeam, Sbeam = (float(off.header[f"{n}_meters"]) for n in ("distance", "Fbeam", "Sbeam"))
    Fdet, Sdet = 5.5 * 0.008, 6.5 * 0.008
    flat = Fdet * fdet + Sdet * sdet + pix0
    sign = 1 if np.cross(fdet, sdet) @ beam >= 0 else -1
    turns = ((on, flat[1], flat[2]), (off, sign * (Fdet - Fbeam), -sign * (Sdet - Sbeam)))
    for trace, about_slow, about_fast in turns:
        bent = rotation(fdet, about_fast / distance) @ rotation(sdet, about_slow / distance) @ (distance * beam)
        np.testing.assert_allclose(records_of(trace, "SUBPIXEL", "pixel_pos_meters")[0], bent, atol=1e-15)
    position = records_of(off, "SUBPIXEL", "pixel_pos_meters")[0]
    assert np.sign(position @ fdet) == np.sign(Fdet - Fbeam)
    assert np.sign(position @ sdet) == np.sign(Sdet - Sbeam)


def test_stale_dump(both_positions: Callable[..., Any], eager: Callable[..., Any], with_dump: Path) -> None:
    argv = MATTERS["stale-dump"][0]
    stale, fresh = both_positions(argv, "stale-dump")
    named = eager(f"{argv} -dump Fdump.bin {without('stale-dump')}", with_dump)
    assert stale.trace(*PIXEL).header["hkl_ranges"] == (-6, 6, -6, 6, -6, 6)
    assert fresh.trace(*PIXEL).header["hkl_ranges"] == "none"
    assert torch.equal(named.image(), stale.image())
    with pytest.raises(InputError, match="default_F"):
        eager(f"{SMALL} -cell 20 -N 5 {without('stale-dump')}", with_dump)


def test_dump_whitespace(both_positions: Callable[..., Any], inputs: Path) -> None:
    """Three bytes of the first value are white space: with the defect, every value is made of bytes further on."""
    pair = both_positions(MATTERS["dump-whitespace"][0], "dump-whitespace")
    eaten, right = (s.experiment.structure_factors.values for s in pair)
    data = (inputs / "made.dump").read_bytes().split(b"\f", 1)[1]
    n = 2 * REACH + 1
    expected = np.frombuffer(data).reshape(n + 1, n + 1, n + 1)[:n, :n, :n]
    shifted = np.frombuffer(data[len(WHITE) :].ljust(len(data), b"\0")).reshape(n + 1, n + 1, n + 1)[:n, :n, :n]
    np.testing.assert_array_equal(right, expected)
    np.testing.assert_array_equal(eaten, shifted)


def test_flag_substrings_of_the_twotheta_axis(both_positions: Callable[..., Any]) -> None:
    on, off = both_positions(f"{OBLIQUE} -Xbeam 40 -twotheta_axis 3 1 0", "flag-substrings")
    assert on.experiment.detector.twotheta_rad == pytest.approx(math.radians(3), rel=1e-15)
    assert off.experiment.detector.twotheta_rad == 0
    pivots = [s.trace(*PIXEL).header["detector_pivot"] for s in (on, off)]
    assert pivots == ["SAMPLE", "BEAM"]


def test_flag_substrings_of_the_misset_seed(eager: Callable[..., Any]) -> None:
    on, off = eager(f"{OBLIQUE} -misset_seed 7 -fudge 1.5"), eager(f"{OBLIQUE} {without('flag-substrings')}")
    swallowed = eager(f"{OBLIQUE} -misset 7 0 1.5 -fudge 1.5")
    assert on.trace(*PIXEL).header["a_star_A_inv"] == swallowed.trace(*PIXEL).header["a_star_A_inv"]
    assert off.trace(*PIXEL).header["a_star_A_inv"] == eager(OBLIQUE).trace(*PIXEL).header["a_star_A_inv"]
