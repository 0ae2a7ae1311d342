"""Each defect switch changes exactly what it names, on a case where it matters."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NAMES = [
    "phi-carryover",
    "oversample-compounds",
    "last-layer-capture",
    "interpolation-latch",
    "source-weights-ignored",
    "background-scaling",
    "skewed-default-cell",
    "random-misset-radians",
    "curved-axes",
    "stale-dump",
    "dump-whitespace",
    "flag-substrings",
    "header-substrings",
    "curved-det-last-word",
]

OBLIQUE = "-cell 38 47 55 75 85 95 -default_F 100 -N 5"
SMALL = "-lambda 1 -distance 100 -detpixels_x 12 -detpixels_y 10 -pixel 8 -nonoise -nopgm -oversample 1"
PIXEL = "-trace_pixel 6 5"


def without(defect: str) -> str:
    """The switch that turns one defect off and leaves the others on."""
    return f"-defects {','.join(name for name in NAMES if name != defect)}"


def final(run: Any, n_intensity: float, *factors: float) -> float:
    """r_e^2 fluence I/steps times factors, from the trace's own header."""
    steps, fluence, r_e_sqr = (run.quantity(n)[0] for n in ("steps", "fluence_photons_per_m2", "r_e_sqr"))
    return r_e_sqr * fluence * n_intensity / steps * float(np.prod(factors))


def terms(run: Any) -> np.ndarray:
    """F_cell^2 F_latt^2 of every evaluation."""
    return (run.records("DOMAIN", "F_cell") ** 2 * run.records("DOMAIN", "F_latt") ** 2).ravel()


FIXES = {"phi-carryover", "oversample-compounds", "curved-det-last-word"}


@pytest.mark.parametrize(
    ("switch", "mode", "text"),
    [
        ("", "c-parity", "all"),
        ("-defects all", "c-parity", "all"),
        ("-defects none", "spec", "none"),
        ("-defects curved-axes,phi-carryover", "custom", "phi-carryover,curved-axes"),
        (f"-defects {','.join(reversed(NAMES))}", "c-parity", "all"),
        ("-defects upstream-fixes", "upstream-fixes", "upstream-fixes"),
        (f"-defects {','.join(sorted(set(NAMES) - FIXES))}", "upstream-fixes", "upstream-fixes"),
    ],
)
def test_header_names_mode_and_defects(switch: str, mode: str, text: str, simulate: Callable[..., Any]) -> None:
    header = simulate(f"{SMALL} {OBLIQUE} {PIXEL} -trace_only {switch}").trace()[("",)]
    assert (header["mode"], header["defects"]) == ([mode], [text])


def test_phi_carryover(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -phi 0 -osc 8 -phisteps 4"
    stale, fresh = simulate(argv), simulate(f"{argv} {without('phi-carryover')}")
    stale_a, fresh_a = stale.records("PHI", "ap_angstroms"), fresh.records("PHI", "ap_angstroms")
    np.testing.assert_array_equal(stale_a[0], stale_a[3])
    np.testing.assert_array_equal(fresh_a[0], fresh.quantity("a0_angstroms"))
    np.testing.assert_array_equal(stale_a[1:], fresh_a[1:])
    assert stale.quantity("carried_from") == [6, 4]
    assert stale.quantity("carried_ap_angstroms") == list(stale_a[3])
    assert fresh.trace()[("",)]["carried_from"] == ["none"]
    assert fresh.quantity("carried_ap_angstroms") == fresh.quantity("a0_angstroms")
    differing = stale.image(12) != fresh.image(12)
    assert not differing[0, 0]
    assert differing.ravel()[1:].mean() > 0.9


def test_phi_carryover_in_the_middle_of_a_sweep(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -phi -4 -osc 8 -phisteps 4"
    stale, fresh = simulate(argv), simulate(f"{argv} {without('phi-carryover')}")
    stale_a = stale.records("PHI", "ap_angstroms")
    assert stale.records("PHI", "phi_deg").ravel()[2] == 0
    np.testing.assert_array_equal(stale_a[2], stale_a[1])
    np.testing.assert_array_equal(fresh.records("PHI", "ap_angstroms")[2], fresh.quantity("a0_angstroms"))
    assert stale.image(12)[0, 0] != fresh.image(12)[0, 0]


def test_oversample_compounds(simulate: Callable[..., Any]) -> None:
    flags = "-oversample_polar -oversample_omega -oversample_thick -detector_abs 300 -detector_thick 450 -thicksteps 2"
    argv = f"{SMALL.replace('-oversample 1', '-oversample 2')} {OBLIQUE} {PIXEL} {flags}"
    compounding, plain = simulate(argv), simulate(f"{argv} {without('oversample-compounds')}")
    for run in (compounding, plain):
        capture, polar, omega = (
            run.records(record, name).ravel()
            for record, name in (
                ("SUBPIXEL", "capture_fraction"),
                ("SOURCE", "polar"),
                ("SUBPIXEL", "omega_pixel_sr"),
            )
        )
        own = terms(run) if run is compounding else terms(run) * capture * polar * omega
        np.testing.assert_allclose(run.records("DOMAIN", "I_term").ravel(), own, rtol=1e-14)
        total = 0.0
        for i, term in enumerate(own):
            total += term
            assert run.records("DOMAIN", "I_running").ravel()[i] == pytest.approx(total, rel=1e-13)
            total *= capture[i] * polar[i] * omega[i] if run is compounding else 1.0
        assert run.quantity("I_before_scaling")[0] == pytest.approx(total, rel=1e-13)
        assert run.quantity("I_pixel_final")[0] == pytest.approx(final(run, total), rel=1e-13)
    assert (plain.image(12) > compounding.image(12)).all()


def test_last_layer_capture(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -detector_abs 300 -detector_thick 450 -thicksteps 3 -detector_roty 20"
    last, own = simulate(argv), simulate(f"{argv} {without('last-layer-capture')}")
    captures = last.records("SUBPIXEL", "capture_fraction").ravel()
    assert len(set(captures)) == 3
    polar, omega = last.quantity("polar")[0], last.quantity("omega_pixel")[0]
    layers = terms(last)
    assert last.quantity("I_pixel_final")[0] == pytest.approx(
        final(last, layers.sum(), captures[-1], polar, omega), rel=1e-13
    )
    assert own.quantity("I_before_scaling")[0] == pytest.approx((layers * captures).sum(), rel=1e-13)
    assert own.quantity("I_pixel_final")[0] == pytest.approx(
        final(own, (layers * captures).sum(), polar, omega), rel=1e-13
    )


def write_list(folder: Path, reach: int = 6) -> Path:
    """A reflection list for |h|, |k|, |l| <= reach with F that no symmetry relates."""
    path = folder / "made.hkl"
    indices = range(-reach, reach + 1)
    lines = [
        f"{h} {k} {l} {50 + 7 * h - 3 * k + 2 * l + (h * k) % 5:.3f}" for h in indices for k in indices for l in indices
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_interpolation_latch(simulate: Callable[..., Any], tmp_path: Path) -> None:
    reflections = write_list(tmp_path)
    argv = f"{SMALL} -cell 20 21 22 -hkl made.hkl -N 3 -interpolate -default_F 1 {PIXEL}"
    latched = simulate(argv, reflections)
    alone = simulate(f"{argv} {without('interpolation-latch')}", reflections)
    never = simulate(argv.replace("-interpolate", "-nointerpolate"), reflections)
    inside = simulate(f"{argv} -roi 5 5 6 6", reflections)
    assert "TRACE_C_TRICUBIC" not in latched.stdout
    assert len(alone.records("TRICUBIC", "block")) == 1
    np.testing.assert_array_equal(latched.image(12), never.image(12))
    assert alone.image(12)[6, 5] == inside.image(12)[6, 5] != never.image(12)[6, 5]
    assert alone.image(12)[0, 0] == never.image(12)[0, 0]


def test_source_weights_ignored(simulate: Callable[..., Any], tmp_path: Path) -> None:
    sources = tmp_path / "sources.txt"
    sources.write_text("-10 0 0 1\n-10 0.03 0 2\n-10 0 -0.04 0.5\n")
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -sourcefile sources.txt"
    ignored = simulate(argv, sources)
    weighted = simulate(f"{argv} {without('source-weights-ignored')}", sources)
    np.testing.assert_allclose(ignored.records("DOMAIN", "I_term").ravel(), terms(ignored), rtol=1e-14)
    relative = np.array([1, 2, 0.5]) * 3 / 3.5
    np.testing.assert_allclose(weighted.records("DOMAIN", "I_term").ravel(), terms(ignored) * relative, rtol=1e-14)


def test_background_scaling(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} -cell 40 -default_F 1e-30 -water 0.2 -fluence 1e28 {PIXEL}"
    for oversample in (1, 2):
        fine = argv.replace("-oversample 1", f"-oversample {oversample}")
        scaled, once = simulate(fine), simulate(f"{fine} {without('background-scaling')}")
        background = once.quantity("background_I")[0]
        omega, polar = once.quantity("omega_pixel")[0], once.quantity("polar")[0]
        assert background == scaled.quantity("background_I")[0]
        assert scaled.quantity("I_before_scaling") == [background]
        assert scaled.quantity("I_pixel_final")[0] == pytest.approx(final(scaled, background, omega, polar), rel=1e-13)
        assert once.quantity("I_before_scaling")[0] < 1e-40
        assert once.quantity("I_pixel_final")[0] == pytest.approx(background * omega * polar, rel=1e-13)


def angles_of_cell(run: Any) -> list[float]:
    a, b, c = (np.array(run.quantity(f"{axis}0_angstroms")) for axis in "abc")
    pairs = ((b, c), (c, a), (a, b))
    return [float(np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))) for u, v in pairs]


def test_skewed_default_cell(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -trace_only"
    skewed = simulate(argv)
    assert angles_of_cell(skewed) == pytest.approx([75.039, 85.014, 95.008], abs=5e-4)
    asked = simulate(f"{argv} {without('skewed-default-cell')}")
    assert angles_of_cell(asked) == pytest.approx([75, 85, 95], abs=1e-10)
    lengths = [np.linalg.norm(asked.quantity(f"{axis}0_angstroms")) for axis in "abc"]
    assert lengths == pytest.approx([38, 47, 55], rel=1e-12)


def uniform_deviates(seed: int, count: int) -> list[float]:
    """Numerical Recipes' ran1 started with -seed."""
    state, table = seed, [0] * 32
    for j in range(39, -1, -1):
        state = state * 16807 % 2147483647
        if j < 32:
            table[j] = state
    output, deviates = table[0], []
    for _ in range(count):
        state = state * 16807 % 2147483647
        j = output // (1 + 2147483646 // 32)
        output, table[j] = table[j], state
        deviates.append(float(np.float32(output / 2147483647)))
    return deviates


def test_random_misset_radians(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -trace_only -misset_seed 7 -misset random"
    unrotated = simulate(f"{SMALL} {OBLIQUE} {PIXEL} -trace_only").quantity("a_star_A_inv")
    radians = simulate(argv)
    angles = [float(word) for word in radians.printed(r"misset angles: (\S+) (\S+) (\S+) deg")]
    assert angles == pytest.approx([22.076402, 19.703339, 8.204977], abs=1e-6)
    uniform = simulate(f"{argv} {without('random-misset-radians')}")
    u1, u2, u3 = uniform_deviates(7, 3)
    x, y = np.sqrt(1 - u1) * np.sin(2 * np.pi * u2), np.sqrt(1 - u1) * np.cos(2 * np.pi * u2)
    z, w = np.sqrt(u1) * np.sin(2 * np.pi * u3), np.sqrt(u1) * np.cos(2 * np.pi * u3)
    vector = np.array([x, y, z])
    a_star = np.array(unrotated)
    rotated = a_star + 2 * np.cross(vector, np.cross(vector, a_star) + w * a_star)
    np.testing.assert_allclose(uniform.quantity("a_star_A_inv"), rotated, rtol=1e-10, atol=1e-12)


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    cross = np.cross(np.eye(3), axis)
    return np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(axis, axis)


@pytest.mark.parametrize("convention", ["-mosflm", "-xds", "-adxv", "-dials"])
def test_curved_axes(convention: str, simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} {convention} -curved_det -trace_only"
    bent = {"on": simulate(argv), "off": simulate(f"{argv} {without('curved-axes')}")}
    run = bent["off"]
    q = {n: np.array(run.quantity(n)) for n in ("beam_vec", "fdet_vec", "sdet_vec", "pix0_vector_meters")}
    distance, Fbeam, Sbeam = (run.quantity(f"{n}_meters")[0] for n in ("distance", "Fbeam", "Sbeam"))
    Fdet, Sdet = 5.5 * 0.008, 6.5 * 0.008
    flat = Fdet * q["fdet_vec"] + Sdet * q["sdet_vec"] + q["pix0_vector_meters"]
    sign = 1 if np.cross(q["fdet_vec"], q["sdet_vec"]) @ q["beam_vec"] >= 0 else -1
    turns = {
        "on": (flat[1] / distance, flat[2] / distance),
        "off": (sign * (Fdet - Fbeam) / distance, -sign * (Sdet - Sbeam) / distance),
    }
    for switch, (about_slow, about_fast) in turns.items():
        position = (
            rotation(q["fdet_vec"], about_fast) @ rotation(q["sdet_vec"], about_slow) @ (distance * q["beam_vec"])
        )
        np.testing.assert_allclose(bent[switch].records("SUBPIXEL", "pixel_pos_meters")[0], position, atol=1e-15)
    offset = bent["off"].records("SUBPIXEL", "pixel_pos_meters")[0]
    assert np.sign(offset @ q["fdet_vec"]) == np.sign(Fdet - Fbeam)
    assert np.sign(offset @ q["sdet_vec"]) == np.sign(Sdet - Sbeam)


def test_stale_dump(simulate: Callable[..., Any], tmp_path: Path) -> None:
    reflections = write_list(tmp_path)
    folder = simulate(f"{SMALL} -cell 20 -hkl made.hkl -N 5", reflections).folder
    argv = f"{SMALL} -cell 20 -default_F 3 -N 5 {PIXEL}"
    stale = simulate(argv, folder=folder).trace()
    fresh = simulate(f"{argv} {without('stale-dump')}", folder=folder).trace()
    named = simulate(f"{argv} {without('stale-dump')} -dump Fdump.bin", folder=folder).trace()
    assert stale[("",)]["hkl_ranges"] == named[("",)]["hkl_ranges"] == ["-6", "6", "-6", "6", "-6", "6"]
    assert fresh[("",)]["hkl_ranges"] == ["none"]
    assert (folder / "Fdump.bin").exists()


def write_dump(path: Path, first_bytes: bytes) -> list[float]:
    """A dump of h 0..1, k 0, l 0..2 whose data start with given bytes; returns the list's values."""
    first = struct.unpack("<d", first_bytes)[0]
    values = [first, 11.0, 12.0, 13.0, 14.0, 15.0]
    rows = [*values[:3], 0.0, *[0.0] * 4, *values[3:], 0.0, *[0.0] * 4, *[0.0] * 8]
    path.write_bytes(b"0 1 0 0 0 2\n\f" + struct.pack(f"<{len(rows)}d", *rows))
    return values


def test_dump_whitespace(simulate: Callable[..., Any], tmp_path: Path) -> None:
    eaten = b"\n \t"
    values = write_dump(tmp_path / "made.dump", eaten + struct.pack("<d", 10.0)[3:])
    argv = f"{SMALL} -cell 5 5 25 -N 5 -dump made.dump -trace_pixel 5 6 -trace_only -nointerpolate"
    argv += " -spindle_axis 1 0.2 0 -osc 360 -phisteps 40"
    right = simulate(f"{argv} {without('dump-whitespace')}", tmp_path / "made.dump")
    wrong = simulate(argv, tmp_path / "made.dump")
    shifted = np.frombuffer((tmp_path / "made.dump").read_bytes()[13 + len(eaten) :][:24], "<d")

    def F_of(run: Any) -> dict[tuple[int, ...], float]:
        indices = run.records("DOMAIN", "hkl_rounded").astype(int)
        return dict(zip(map(tuple, indices), run.records("DOMAIN", "F_cell").ravel(), strict=True))

    seen = {hkl for hkl in F_of(right) if hkl[0] == 0 and hkl[1] == 0 and 0 <= hkl[2] <= 2}
    assert len(seen) > 1
    for hkl in seen:
        assert F_of(right)[hkl] == values[hkl[2]]
        assert F_of(wrong)[hkl] == shifted[hkl[2]] != values[hkl[2]]


@pytest.mark.parametrize(
    ("flags", "name", "on", "off"),
    [
        ("-twotheta_axis 3 1 0", "TWOTHETA", "3", "0"),
        ("-twotheta_axis 3 1 0 -twotheta 5", "TWOTHETA", "5", "5"),
    ],
)
def test_flag_substrings_twotheta(flags: str, name: str, on: str, off: str, simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {flags} {PIXEL}"
    for switch, value in (("-defects all", on), (without("flag-substrings"), off)):
        run = simulate(f"{argv} {switch}")
        header = (run.folder / "intimage.img").read_bytes()[:512].decode()
        assert f"\n{name}={value};" in header


def test_flag_substrings_twotheta_axis_selects_the_sample_pivot(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} {OBLIQUE} {PIXEL} -trace_only -Xbeam 40 -twotheta_axis 3 1 0"
    assert simulate(argv).trace()[("",)]["detector_pivot"] == ["SAMPLE"]
    assert simulate(f"{argv} {without('flag-substrings')}").trace()[("",)]["detector_pivot"] == ["BEAM"]


def test_flag_substrings_misset_seed(simulate: Callable[..., Any]) -> None:
    argv = f"{SMALL} -cell 38 47 55 75 85 95 -default_F 100 {PIXEL} -trace_only"
    as_misset = simulate(f"{argv} -misset_seed 7 -N 5").quantity("a_star_A_inv")
    assert as_misset == simulate(f"{argv} -misset 7 0 5 -N 5").quantity("a_star_A_inv")
    alone = simulate(f"{argv} -misset_seed 7 -N 5 {without('flag-substrings')}").quantity("a_star_A_inv")
    assert alone == simulate(argv).quantity("a_star_A_inv")
    last = simulate(f"{argv} -N 5 -misset_seed 7").quantity("a_star_A_inv")
    assert last == alone
