"""The data contract: what real files get wrong is refused, or said."""

import io
import logging
import zipfile

import numpy as np
import pytest

from simulator.errors import InputError
from subjects.ptychography.contract import Reading, read_scan


def test_a_simulated_file_is_read_as_photons(scan_file):
    scan = read_scan(scan_file())
    assert (scan.scale, scan.gauge, scan.gauge_factor) == (1.0, "physical", 1.0)
    assert scan.counts.sum(axis=(1, 2)).mean() == pytest.approx(1e6, rel=1e-3)
    assert scan.object is not None


REFUSED = {
    "positions last": (lambda a: {"diffraction": a["diffraction"].transpose(1, 2, 0)}, "--axes hwn"),
    "cube": (
        lambda a: {"diffraction": a["diffraction"][:, :16, :16], "probeGuess": np.ones((16, 16)) + 0j},
        "--axes nhw",
    ),
    "not square": (lambda a: {"diffraction": a["diffraction"][:, :30]}, "30 x 32"),
    "other probe": (lambda a: {"probeGuess": a["probeGuess"][:30, :30]}, "must have the patterns' side"),
    "real probe": (lambda a: {"probeGuess": np.abs(a["probeGuess"])}, "complex"),
    "float counts": (
        lambda a: {"diffraction": np.rint(a["diffraction"] ** 2), "measurement": None},
        "--measurement counts or --measurement amplitude",
    ),
    "amplitudes as counts": (lambda a: {"measurement": np.array("counts")}, "look like amplitude"),
    "counts as amplitudes": (
        lambda a: {"diffraction": a["diffraction"] ** 2, "measurement": np.array("amplitude")},
        "look like counts",
    ),
    "corner": (lambda a: {"diffraction": np.fft.ifftshift(a["diffraction"], axes=(1, 2))}, "--centred no"),
    "negative": (lambda a: {"diffraction": a["diffraction"] - 1}, "--clip-negative"),
    "no number": (
        lambda a: {"diffraction": np.where(a["diffraction"] == a["diffraction"].max(), np.nan, 1)},
        "not finite",
    ),
    "metres": (lambda a: {"xcoords": a["xcoords"] * 1e-8, "ycoords": a["ycoords"] * 1e-8}, "--pixel-size"),
    "other length": (lambda a: {"xcoords": a["xcoords"][:-1]}, "nothing is cut to fit"),
    "outside": (lambda a: {"xcoords": a["xcoords"] + 9}, "position 2 .*would do"),
    "two that differ": (lambda a: {"diff3d": a["diffraction"] + 1}, "differ"),
    "nothing": (lambda a: {"diffraction": None}, "has no 'diffraction'"),
    "pickled": (lambda a: {"probeGuess": np.array([{}], object)}, "pickled"),
    "word": (lambda a: {"measurement": np.array("photons")}, "amplitude or counts"),
    "mask": (lambda a: {"mask": np.ones((3, 3), bool)}, "mask"),
    "real labels": (lambda a: {"Y": np.ones((16, 32, 32))}, "complex"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_pitfall_is_refused_with_what_to_do(name, scan_file, small_arrays, tmp_path):
    change, words = REFUSED[name]
    changes = change(small_arrays)
    if name == "pickled":
        np.savez(tmp_path / "scan.npz", **(small_arrays | changes))
        path = tmp_path / "scan.npz"
    else:
        path = scan_file(**changes)
    with pytest.raises(InputError, match=words):
        read_scan(path)


DECIDED = {
    "hwn": (lambda a: {"diffraction": a["diffraction"].transpose(1, 2, 0)}, Reading(axes="hwn")),
    "corner": (lambda a: {"diffraction": np.fft.ifftshift(a["diffraction"], axes=(1, 2))}, Reading(centred=False)),
    "swapped": (lambda a: {"xcoords": a["ycoords"], "ycoords": a["xcoords"]}, Reading(swap_xy=True)),
    "metres": (
        lambda a: {"xcoords": a["xcoords"] * 2.0**-30, "ycoords": a["ycoords"] * 2.0**-30},
        Reading(pixel_size_m=2.0**-30),
    ),
    "float counts": (
        lambda a: {"diffraction": np.rint(a["diffraction"] ** 2), "measurement": None},
        Reading(measurement="counts"),
    ),
    "trailing axis": (
        lambda a: {"diffraction": a["diffraction"][..., None], "probeGuess": a["probeGuess"][..., None]},
        Reading(),
    ),
    "old name": (lambda a: {"diffraction": None, "diff3d": a["diffraction"]}, Reading()),
    "counts": (
        lambda a: {"diffraction": np.rint(a["diffraction"] ** 2).astype(np.uint32), "measurement": None},
        Reading(),
    ),
}


@pytest.mark.parametrize("name", DECIDED)
def test_a_decision_gives_the_same_scan(name, scan_file, small_arrays):
    plain = read_scan(scan_file())
    change, reading = DECIDED[name]
    decided = read_scan(scan_file(**change(small_arrays)), reading)
    np.testing.assert_allclose(decided.counts, plain.counts, atol=0.05)
    np.testing.assert_array_equal(decided.x_px, plain.x_px)
    np.testing.assert_array_equal(decided.probe, plain.probe)


SAID = {
    "duplicates": (
        lambda a: {"xcoords": a["xcoords"] * 0 + 30, "ycoords": a["ycoords"] * 0 + 30},
        "15 positions occur",
    ),
    "nominal": (lambda a: {"xcoords_start": a["xcoords"] + 1}, "nominal positions are not used"),
    "placeholder": (lambda a: {"objectGuess": np.ones((55, 55), np.complex64)}, "placeholder"),
    "labels": (lambda a: {"Y": np.broadcast_to(a["probeGuess"], (16, 32, 32))}, "look multiplied by the probe"),
    "unknown": (lambda a: {"beamline": np.array("x")}, "not read: beamline"),
    "scale": (lambda a: {"intensity_scale": np.float64(2.0)}, "intensity_scale of the file"),
    "photons": (lambda a: {"diffraction": a["diffraction"] / 977}, "the file's nphotons"),
    "default": (lambda a: {"diffraction": a["diffraction"] / 977, "nphotons": None}, "default of 1e"),
    "gauge": (lambda a: {"probe_gauge": None}, "probe gauge relative"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_not_refused_is_said(name, scan_file, small_arrays, caplog):
    caplog.set_level(logging.INFO, "ptychography.data")
    change, words = SAID[name]
    reading = Reading(checked=name != "duplicates")
    read_scan(scan_file(**change(small_arrays)), reading)
    assert words in caplog.text


def test_the_flag_beats_the_file_for_photons(scan_file, small_arrays):
    path = scan_file(diffraction=small_arrays["diffraction"] / 977)
    scan = read_scan(path, Reading(nphotons=5e5))
    assert scan.counts.sum(axis=(1, 2)).mean() == pytest.approx(5e5)


def test_a_relative_probe_gives_the_brightest_pattern(scan_file, small_arrays):
    scan = read_scan(scan_file(probeGuess=small_arrays["probeGuess"] / 50, probe_gauge=None))
    assert (np.abs(scan.probe) ** 2).sum() == pytest.approx(scan.counts.sum(axis=(1, 2)).max())


def test_integers_never_overflow(scan_file):
    scan = read_scan(
        scan_file(
            diffraction=np.full((16, 32, 32), 300, np.uint16),
            measurement=np.array("amplitude"),
            intensity_scale=np.float64(1),
        ),
        Reading(checked=False),
    )
    assert scan.counts.max() == 90000


def test_negatives_are_clipped_when_asked(scan_file, small_arrays):
    values = small_arrays["diffraction"].copy()
    values[2, 3, 4] = -1
    assert read_scan(scan_file(diffraction=values), Reading(clip_negative=True)).counts[2, 3, 4] == 0


def test_pickled_extras_are_skipped_with_a_warning(small_arrays, tmp_path, caplog):
    np.savez(tmp_path / "s.npz", **small_arrays, _metadata=np.array([{"a": 1}], object))
    read_scan(tmp_path / "s.npz")
    assert "'_metadata' holds pickled objects; skipped" in caplog.text


def test_a_small_file_cannot_announce_a_huge_array(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**9)})
    with zipfile.ZipFile(tmp_path / "s.npz", "w") as archive:
        archive.writestr("diffraction.npy", header.getvalue())
    with pytest.raises(InputError, match="announces"):
        read_scan(tmp_path / "s.npz")
