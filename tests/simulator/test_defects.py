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
from simulator.model.random_numbers import Ran1
from tests.simulator.defect_cases import (
    CARRIED,
    HEADER,
    INDIFFERENT,
    MATTERS,
    OBLIQUE,
    PIXEL,
    REACH,
    SENSOR,
    SMALL,
    WHITE,
    angles_deg,
    changed,
    records_of,
    rotation,
    scaled,
    without,
    write_dump,
)


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


@pytest.fixture
def both_positions(
    eager: Callable[..., Any], inputs: Path, with_dump: Path
) -> Callable[..., tuple[Simulator, Simulator]]:
    """both_positions(argv, defect): with the defect on, and off."""

    def make(argv: str, defect: str) -> tuple[Simulator, Simulator]:
        folder = with_dump if defect == "stale-dump" else inputs
        return eager(argv, folder), eager(f"{without(defect)} {argv}", folder)

    return make


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
