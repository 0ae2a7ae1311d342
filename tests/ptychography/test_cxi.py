"""HDF5 and CXI input: the same scan as from the .npz file."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from simulator.errors import InputError
from subjects.ptychography.contract import Reading, read_scan

WAVELENGTH, DISTANCE, DETECTOR_PIXEL = 1e-10, 2.0, 75e-6
OBJECT_PIXEL = WAVELENGTH * DISTANCE / (32 * DETECTOR_PIXEL)


def cxi(path: Path, arrays: dict[str, np.ndarray], **changes: object) -> Path:
    moves = np.stack([arrays["xcoords"], arrays["ycoords"], 0 * arrays["xcoords"]], axis=1) * OBJECT_PIXEL
    datasets = {
        "entry_1/data_1/data": np.rint(arrays["diffraction"] ** 2).astype(np.uint32),
        "entry_1/sample_1/geometry_1/translation": moves,
        "entry_1/instrument_1/detector_1/distance": DISTANCE,
        "entry_1/instrument_1/detector_1/x_pixel_size": DETECTOR_PIXEL,
        "entry_1/instrument_1/source_1/wavelength": WAVELENGTH,
        "entry_1/instrument_1/source_1/illumination": arrays["probeGuess"],
    } | changes
    with h5py.File(path, "w") as file:
        for place, values in datasets.items():
            if values is not None:
                file[place] = values
    return path


def test_a_cxi_file_is_read_like_the_npz(small_arrays, scan_file, tmp_path):
    plain = read_scan(scan_file())
    found = read_scan(cxi(tmp_path / "s.cxi", small_arrays))
    np.testing.assert_allclose(found.counts, plain.counts, atol=0.05)
    np.testing.assert_allclose(found.x_px, plain.x_px, rtol=1e-12)
    assert found.gauge == "relative"


def test_the_energy_gives_the_wavelength(small_arrays, tmp_path):
    energy = 6.62607015e-34 * 299792458.0 / WAVELENGTH
    path = cxi(
        tmp_path / "s.cxi",
        small_arrays,
        **{"entry_1/instrument_1/source_1/wavelength": None, "entry_1/instrument_1/source_1/energy": energy},
    )
    np.testing.assert_allclose(read_scan(path).x_px, small_arrays["xcoords"], rtol=1e-9)


def test_a_mask_of_cxi_has_zeros_for_good_pixels(small_arrays, tmp_path):
    mask = np.zeros((32, 32), np.uint32)
    mask[3, 4] = 1
    scan = read_scan(cxi(tmp_path / "s.cxi", small_arrays, **{"entry_1/instrument_1/detector_1/mask": mask}))
    assert not scan.measured(0)[3, 4]
    assert scan.measured(0).sum() == 32 * 32 - 1


def test_the_pixel_size_can_be_given(small_arrays, tmp_path):
    path = cxi(tmp_path / "s.cxi", small_arrays, **{"entry_1/instrument_1/detector_1/distance": None})
    with pytest.raises(InputError, match="detector_1/distance"):
        read_scan(path)
    scan = read_scan(path, Reading(pixel_size_m=OBJECT_PIXEL))
    np.testing.assert_allclose(scan.x_px, small_arrays["xcoords"], rtol=1e-12)


@pytest.mark.parametrize(
    "place",
    [
        "entry_1/data_1/data",
        "entry_1/sample_1/geometry_1/translation",
        "entry_1/instrument_1/source_1/illumination",
    ],
)
def test_what_is_missing_is_named(place, small_arrays, tmp_path):
    with pytest.raises(InputError, match=place.rsplit("/", 1)[1]):
        read_scan(cxi(tmp_path / "s.cxi", small_arrays, **{place: None}))


def test_hdf5_with_the_contracts_own_names(small_arrays, tmp_path, scan_file):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        for key, values in small_arrays.items():
            file[key] = str(values) if values.dtype.kind == "U" else values
    found, plain = read_scan(tmp_path / "s.h5"), read_scan(scan_file())
    np.testing.assert_array_equal(found.counts, plain.counts)
    assert found.gauge == "physical"


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "s.h5").write_bytes(b"no hdf5")
    with pytest.raises(InputError, match="cannot read"):
        read_scan(tmp_path / "s.h5")
