"""Output files: the reference's bytes, figures of the image, and all files or none."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.commandline.reading import read_experiment
from simulator.errors import InputError
from simulator.experiment import Experiment
from simulator.files.hkl import dump_bytes
from simulator.files.outputs import (
    HeaderGeometry,
    grey_image,
    grey_scale,
    integer_image,
    integer_scale,
    last_subpixel_m,
    smv_header,
    statistics,
    stream_before_noise,
    write_outputs,
)

FIRST_ROWS = json.loads((Path(__file__).parent / "figures" / "first_row.json").read_text())
COMMAND_LINES = json.loads((Path(__file__).parent / "figures" / "command_lines.json").read_text())
GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
NOISE_CASES = ("noise_low", "noise_high")

GEOMETRY = HeaderGeometry(
    distance_m=0.1,
    close_distance_m=0.1,
    Xbeam_m=0.0405,
    Ybeam_m=0.0485,
    Fbeam_m=0.049,
    Sbeam_m=0.041,
    Fclose_m=0.049,
    Sclose_m=0.041,
    pix0_m=(0.1, 0.041, -0.049),
)
"""That of the noise cases, whose traces print it."""

SMALL = "-cell 40 50 60 -default_F 5 -detpixels_x 4 -detpixels_y 3 -seed 1"


def read(line: str, folder: Path) -> Experiment:
    return read_experiment(line.split(), folder)


def small_image() -> np.ndarray:
    return np.arange(12, dtype=np.float32).reshape(3, 4)


# Against the reference


@pytest.mark.parametrize("case", NOISE_CASES)
def test_smv_header_has_the_references_bytes(case: str, tmp_path: Path) -> None:
    header = smv_header(read(COMMAND_LINES[case]["argv"], tmp_path), GEOMETRY)
    text, _, padding = header.partition(b"\f")
    assert text.decode() == "\n".join(FIRST_ROWS[case]["smv_header"]).rstrip("\n")
    assert len(header) == 512
    assert padding == b" " * len(padding)


@pytest.mark.parametrize("case", NOISE_CASES)
def test_first_row_of_integer_and_grey_images_are_the_references(case: str) -> None:
    figures = FIRST_ROWS[case]
    image = np.array([[float.fromhex(value) for value in figures["image"]]], dtype=np.float32)
    assert integer_image(image, figures["int_scale"], figures["adc"])[0].tolist() == figures["int"]
    assert grey_image(image, figures["pgm_scale"])[0].tolist() == figures["pgm"]


def test_golden_statistics_and_images() -> None:
    if not GOLDEN.is_dir():
        pytest.skip("../shared/golden is absent: statistics of the golden images are not compared")
    index = json.loads((GOLDEN / "public" / "index.json").read_text())
    for name, case in index.items():
        if case["exit"] != 0 or "setup" in case or "crop_slow0_slow1_fast0_fast1" in case:
            continue
        experiment = read_experiment(case["argv"], GOLDEN / "inputs")
        arrays = np.load(GOLDEN / "public" / f"{name}.npz")
        figures = statistics(arrays["image"], experiment.sampling.roi, experiment.sampling.mask)
        for figure in ("mean", "rms", "rmsd"):
            assert f"{getattr(figures, figure):g}" == f"{case['stats'][f'{figure}_printed']:g}", (name, figure)
        assert figures.max == case["stats"]["max"], name
        assert list(figures.max_slow_fast) == case["stats"]["argmax_slow_fast"], name
        assert figures.sum == pytest.approx(case["stats"]["sum"], rel=1e-13), name
        if "int" in arrays:
            scale = integer_scale(figures.max, experiment.output.scale)
            grey = grey_scale(figures.rmsd, experiment.output.pgm_scale)
            adc_offset = experiment.output.adc_offset
            np.testing.assert_array_equal(integer_image(arrays["image"], scale, adc_offset), arrays["int"])
            np.testing.assert_array_equal(grey_image(arrays["image"], grey), arrays["pgm"])


@pytest.mark.parametrize("case", NOISE_CASES)
def test_printed_figures_are_the_references(case: str, tmp_path: Path) -> None:
    if not GOLDEN.is_dir():
        pytest.skip("../shared/golden is absent: the printed log is not compared")
    experiment = read(COMMAND_LINES[case]["argv"], tmp_path)
    image = np.load(GOLDEN / "public" / f"{case}.npz")["image"]
    log = (GOLDEN / "public" / f"{case}.stdout.txt").read_text().splitlines()
    lines = write_outputs(experiment, image, GEOMETRY, tmp_path).lines(experiment, 9, 0.645387)
    assert len(lines) == 7
    assert set(lines) <= set(log)


# Figures of an image


def test_masked_pixels_count_in_the_rmsd_alone() -> None:
    image = np.array([[0, 2, 4], [6, 0, 0]], dtype=np.float32)
    mask = np.array([[False, True, True], [True, False, False]])
    figures = statistics(image, mask=mask)
    assert (figures.n_pixels, figures.sum, figures.mean) == (3, 12.0, 4.0)
    assert figures.rms == math.sqrt((4 + 16 + 36) / 2)
    assert figures.rmsd == math.sqrt((4 + 0 + 4 + 3 * 16) / 5)
    assert (figures.max, figures.max_slow_fast) == (6.0, (1, 0))


def test_statistics_are_those_of_the_region() -> None:
    figures = statistics(small_image(), roi=(1, 2, 0, 1))
    assert (figures.n_pixels, figures.sum, figures.max_slow_fast) == (4, 1 + 2 + 5 + 6, (1, 2))


def test_one_pixel_has_no_spread() -> None:
    figures = statistics(np.ones((1, 1), dtype=np.float32))
    assert (figures.mean, figures.rms, figures.max) == (1.0, math.inf, 1.0), "1/0, as in C"
    assert math.isnan(figures.rmsd)
    assert grey_scale(figures.rmsd) == 1.0


@pytest.mark.parametrize("roi", [(5, 3, 0, 2), (20, 30, 0, 2)])
def test_a_region_without_pixels_has_no_mean(roi: tuple[int, int, int, int]) -> None:
    image = np.ones((4, 6), dtype=np.float32)
    figures = statistics(image, roi)
    assert math.isnan(figures.mean)
    assert (figures.n_pixels, figures.rms, figures.rmsd, figures.max, figures.max_slow_fast) == (0, 0, 0, 0, (0, 0))
    assert not integer_image(image, 1.0, 40.0, roi).any()
    assert not grey_image(image, 1.0, roi).any()


@pytest.mark.parametrize("value", [-2.0, math.nan])
def test_the_search_for_the_largest_pixel_begins_at_0(value: float) -> None:
    assert statistics(np.full((2, 3), value, dtype=np.float32)).max == 0.0


def test_last_subpixel() -> None:
    fast, slow = last_subpixel_m((50, 41), 0.001, 9)
    assert (f"{fast:g}", f"{slow:g}") == ("0.0419444", "0.0509444")


def test_integer_image_rounds_clips_and_leaves_the_outside_zero() -> None:
    image = np.array([[0.0, 0.49, 0.5, 1e9, -1e9]], dtype=np.float32)
    assert integer_image(image, 1.0, 40.0)[0].tolist() == [40, 40, 41, 65535, 0]
    assert integer_image(image, 1.0, 40.0, roi=(1, 2, 0, 0))[0].tolist() == [0, 40, 41, 0, 0]
    assert integer_scale(110.0) == 500.0
    assert integer_scale(0.0) == 1.0
    assert integer_scale(110.0, 0.25) == 0.25


def test_grey_image_cuts_and_truncates() -> None:
    image = np.array([[0.0, 1.99, 254.9, 300.0]], dtype=np.float32)
    assert grey_image(image, 1.0)[0].tolist() == [0, 1, 254, 255]
    assert grey_scale(10.0) == 5.0
    assert grey_scale(10.0, 3.0) == 3.0
    assert grey_scale(0.0, flat=7.0) == grey_scale(0.0, -1.0, flat=7.0) == 7.0


# Files


def test_all_files_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "a.hkl").write_text("0 0 0 1\n1 0 0 2\n")
    experiment = read(f"{SMALL} -hkl a.hkl -scale 10 -pgmscale 2", tmp_path)
    written = write_outputs(experiment, small_image().astype(np.float64), GEOMETRY, tmp_path)
    names = ["Fdump.bin", "floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img"]
    assert [path.name for path in written.files] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "a.hkl"])
    factors = experiment.structure_factors
    assert (tmp_path / "Fdump.bin").read_bytes() == dump_bytes(np.asarray(factors.values), factors.minima)
    np.testing.assert_array_equal(np.fromfile(tmp_path / "floatimage.bin", "<f4"), np.arange(12))
    integer = (tmp_path / "intimage.img").read_bytes()
    assert integer[:512] == smv_header(experiment, GEOMETRY)
    assert np.frombuffer(integer[512:], "<u2").tolist() == [40 + 10 * i for i in range(12)]
    grey = b"P5\n4 3\n# pixels scaled by 2\n255\n" + bytes(range(0, 24, 2))
    assert (tmp_path / "image.pgm").read_bytes() == grey
    assert written.noise is not None
    noise = (tmp_path / "noiseimage.img").read_bytes()
    assert np.frombuffer(noise[512:], "<u2").tolist() == written.noise.pixels.ravel().tolist()


def test_files_left_out_are_not_written(tmp_path: Path) -> None:
    experiment = read(f"{SMALL} -nonoise -nopgm -floatfile f.bin -intimage i.img", tmp_path)
    written = write_outputs(experiment, small_image(), GEOMETRY, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.bin", "i.img"]
    assert written.noise is None
    assert len(written.lines(experiment, 1)) == 3


def test_a_file_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    experiment = read(f"{SMALL} -noisefile missing/noise.img", tmp_path)
    (tmp_path / "floatimage.bin").write_text("before")
    with pytest.raises(InputError, match=r"missing/noise\.img"):
        write_outputs(experiment, small_image(), GEOMETRY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["floatimage.bin"]
    assert (tmp_path / "floatimage.bin").read_text() == "before"


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "floatimage.bin").mkdir()
    with pytest.raises(InputError, match=r"floatimage\.bin"):
        write_outputs(read(SMALL, tmp_path), small_image(), GEOMETRY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["floatimage.bin"]


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)
    try:
        write_outputs(read(f"{SMALL} -floatfile pipe -nonoise", tmp_path), small_image(), GEOMETRY, tmp_path)
        assert pipe.is_fifo()
        assert np.frombuffer(os.read(reader, 4096), "<f4").tolist() == list(range(12))
    finally:
        os.close(reader)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "floatimage.bin").symlink_to(tmp_path / "elsewhere" / "f.bin")
    write_outputs(read(f"{SMALL} -nonoise", tmp_path), small_image(), GEOMETRY, tmp_path)
    assert (tmp_path / "floatimage.bin").is_symlink()
    assert (tmp_path / "elsewhere" / "f.bin").stat().st_size == 48


def test_seeds_from_the_clock_are_printed(tmp_path: Path) -> None:
    experiment = read("-cell 40 50 60 -default_F 5 -detpixels 3 -misset random", tmp_path)
    lines = write_outputs(experiment, np.ones((3, 3)), GEOMETRY, tmp_path).lines(experiment, 1)
    assert f"  seed: {experiment.output.noise_seed}" in lines
    assert f"random orientation seed: {experiment.crystal.random_misset_seed}" in lines


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 x 4"):
        write_outputs(read(SMALL, tmp_path), small_image().T, GEOMETRY, tmp_path)
    assert not list(tmp_path.iterdir())


def test_header_angles_and_size_come_from_the_experiment(tmp_path: Path) -> None:
    experiment = read(f"{SMALL} -phi 5 -osc 0.5 -twotheta 12 -lambda 0.9768 -detsize_s 0.32", tmp_path)
    header = smv_header(experiment, replace(GEOMETRY, pix0_m=(0.0, -0.0, 0.25)))
    lines = header.decode("ascii").split("\n")
    for line in ("PHI=5;", "OSC_START=5;", "OSC_RANGE=0.5;", "TWOTHETA=12;", "WAVELENGTH=0.9768;", "SIZE2=3;"):
        assert line in lines
    assert "DIALS_ORIGIN=250,0,0" in lines, "never -0"


def test_noise_goes_on_with_the_stream_before_it_only_for_a_positive_stored_seed(tmp_path: Path) -> None:
    assert stream_before_noise(read(SMALL, tmp_path)) is None
    negative = "-cell 40 50 60 -default_F 5 -mosaic 1 -mosaic_domains 2 -seed -9"
    assert stream_before_noise(read(negative, tmp_path)) is not None
    assert stream_before_noise(read("-cell 40 50 60 -default_F 5 -seed -9", tmp_path)) is None
