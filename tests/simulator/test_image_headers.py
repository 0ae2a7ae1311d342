"""Headers of images and masks: what they set, and which are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulator.commandline.reading import read_experiment
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import RADIANS_TO_DEGREES, Experiment
from simulator.files.smv import read_smv_mask, smv_header_bytes
from simulator.remarks import IgnoredInput, Remarks

CELL = "-cell 40 50 60"
BASE = f"{CELL} -default_F 5"


def read(line: str, folder: Path, defects: Defects | None = None) -> Experiment:
    return read_experiment(line.split(), folder, defects)


def refusal(reader: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        reader()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# SMV headers and masks


LAYOUT = ["HEADER_BYTES=512;", "BYTE_ORDER=little_endian;"]


def smv(path: Path, lines: list[str], pixels: np.ndarray | None = None, layout: list[str] = LAYOUT) -> None:
    content = b"" if pixels is None else pixels.astype("<u2").tobytes()
    path.write_bytes(smv_header_bytes([*layout, *lines]) + content)


def mask_of(path: Path, shape: tuple[int, int], remarks: Remarks | None = None) -> np.ndarray | None:
    return read_smv_mask(path, path.name, shape, remarks or Remarks(strict=True), substrings=True)


HEADER = [
    "SIZE1=96;",
    "SIZE2=80;",
    "PIXEL_SIZE=0.9;",
    "DISTANCE=110;",
    "CLOSE_DISTANCE=105;",
    "WAVELENGTH=1.1;",
    "BEAM_CENTER_X=39.7;",
    "BEAM_CENTER_Y=47.3;",
    "ORGX=3;",
    "XDS_ORGX=99;",
    "PHI=1;",
    "PHI=2;",
    "OSC_RANGE=1;",
    "TWOTHETA=30;",
]


def test_an_image_header_sets_what_flags_do_not(tmp_path: Path) -> None:
    smv(tmp_path / "h.img", HEADER)
    experiment = read(f"-distance 200 {BASE} -img h.img", tmp_path)
    detector, spindle = experiment.detector, experiment.spindle
    assert (detector.pixels_fast, detector.pixels_slow, detector.pixel_size_m) == (96, 80, 0.9 / 1000)
    assert (detector.distance_m, detector.close_distance_m) == (0.2, 0.105)
    assert read(f"{BASE} -img h.img", tmp_path).detector.distance_m == 0.105, "DISTANCE is found in CLOSE_DISTANCE"
    whole = read(f"{BASE} -img h.img -defects none", tmp_path).detector
    assert (whole.distance_m, whole.Fclose_m) == (0.11, 2.5 * (0.9 / 1000))
    assert (detector.Xbeam_m, detector.Ybeam_m) == (39.7 / 1000, 47.3 / 1000)
    assert detector.Fclose_m == 98.5 * (0.9 / 1000), "ORGX is found in XDS_ORGX too"
    assert detector.twotheta_rad == 0.0
    assert detector.pivot == "BEAM"
    assert experiment.beam.wavelength_A == 1.1
    assert spindle.phi_start_rad == 2 / RADIANS_TO_DEGREES, "the last occurrence of a keyword counts"
    assert spindle.phi_steps == 2
    assert experiment.sampling.mask is None


def test_a_mask_counts_its_beam_centre_from_the_far_edge_and_skips_zeros(tmp_path: Path) -> None:
    pixels = np.ones((80, 96))
    pixels[3, 5] = 0
    smv(tmp_path / "m.img", [*HEADER[:3], "BEAM_CENTER_Y=40.5;"], pixels)
    experiment = read(f"{BASE} -mask m.img", tmp_path)
    assert experiment.detector.Ybeam_m == 0.9 / 1000 * 80 - 40.5 / 1000
    assert experiment.sampling.mask is not None
    assert experiment.sampling.mask.dtype == bool
    assert np.argwhere(~experiment.sampling.mask).tolist() == [[3, 5]]
    assert "masked" in refusal(lambda: read(f"{BASE} -mask m.img -trace_pixel 3 5", tmp_path))


def test_the_image_header_outweighs_the_masks(tmp_path: Path) -> None:
    smv(tmp_path / "m.img", ["SIZE1=4;", "SIZE2=3;", "DISTANCE=50;", "PHI=7;"], np.ones((3, 4)))
    smv(tmp_path / "h.img", ["DISTANCE=60;"])
    experiment = read(f"{BASE} -img h.img -mask m.img", tmp_path)
    assert experiment.detector.distance_m == 0.06
    assert experiment.spindle.phi_start_rad == 7 / RADIANS_TO_DEGREES


def test_a_long_header_says_so(tmp_path: Path) -> None:
    text = "{\nHEADER_BYTES=1024;\nBYTE_ORDER=big_endian;\nSIZE1=2;\nSIZE2=1;\n" + "COMMENT=x;\n" * 60
    text += "DISTANCE=77;\n}\n"
    (tmp_path / "m.img").write_bytes(text.encode().ljust(1024) + np.array([256, 0], ">u2").tobytes())
    mask = mask_of(tmp_path / "m.img", (1, 2))
    assert mask is not None
    assert mask.tolist() == [[True, False]], "in either byte order"
    assert read(f"{BASE} -mask m.img", tmp_path).detector.distance_m == 0.077


@pytest.mark.parametrize(
    ("lines", "n_pixels", "said"),
    [
        (["SIZE1=4;", "SIZE2=3;"], 11, "a mask needs 24 bytes of pixels"),
        (["SIZE1=-4;", "SIZE2=3;"], 12, "-4 pixels along its fast axis"),
        (["SIZE1=1e30;", "SIZE2=3;"], 12, "SIZE1=1e+30 is too large"),
        (["SIZE1=4;", "SIZE2=3;", "HEADER_BYTES=0;"], 12, "HEADER_BYTES is 0"),
        (["SIZE1=4;", "SIZE2=3;", "HEADER_BYTES=many;"], 12, "HEADER_BYTES is 0"),
        (["SIZE1=4;", "SIZE2=3;", "PIXEL_SIZE=zero;"], 12, "pixels along its fast axis"),
    ],
)
@pytest.mark.filterwarnings("ignore::simulator.remarks.IgnoredInput")
def test_an_unusable_mask_is_refused(lines: list[str], n_pixels: int, said: str, tmp_path: Path) -> None:
    smv(tmp_path / "m.img", lines, np.ones(n_pixels))
    assert said in refusal(lambda: read(f"{BASE} -mask m.img", tmp_path))


def test_a_header_without_byte_order_is_refused_as_the_reference_crashes(tmp_path: Path) -> None:
    smv(tmp_path / "m.img", ["SIZE1=4;", "SIZE2=3;", "BYTE_ORDER = little_endian;"], layout=LAYOUT[:1])
    assert "BYTE_ORDER=" in refusal(lambda: read(f"{BASE} -img m.img", tmp_path))
    assert read(f"{BASE} -img m.img -defects none", tmp_path).detector.pixels_fast == 4


@pytest.mark.parametrize("content", [b"", b"P5\n", b"{\nSIZE1=3;\n", b"{" + bytes(600), b"{\r\nHEADER_BYTES=512;\r\n"])
@pytest.mark.parametrize("flag", ["-img", "-mask"])
def test_a_file_without_an_smv_header_is_ignored_and_in_strict_refused(
    content: bytes, flag: str, tmp_path: Path
) -> None:
    (tmp_path / "m.img").write_bytes(content)
    with pytest.warns(IgnoredInput, match="the reference goes on without it"):
        experiment = read(f"{BASE} {flag} m.img", tmp_path)
    assert experiment.detector == read(BASE, tmp_path).detector
    assert experiment.sampling.mask is None
    assert "m.img" in refusal(lambda: read(f"{BASE} --strict {flag} m.img", tmp_path))


def test_a_smaller_mask_is_refused_and_a_larger_one_taken_in_a_row(tmp_path: Path) -> None:
    pixels = np.ones((3, 4))
    pixels[1, 0] = 0
    smv(tmp_path / "m.img", ["SIZE1=4;", "SIZE2=3;"], pixels)
    assert "4 x 3" in refusal(lambda: mask_of(tmp_path / "m.img", (4, 4), Remarks()))
    remarks = Remarks()
    mask = mask_of(tmp_path / "m.img", (2, 3), remarks)
    assert mask is not None
    assert np.argwhere(~mask).tolist() == [[1, 1]], "the fifth pixel of the file is the fifth of the detector"
    assert "takes its pixels in a row" in remarks.said[0]


HEADER_VALUES = [
    ("DISTANCE=70 mm;", 0.07, 0.07),
    ("DISTANCE=7.0E+01;", 0.07, 0.07),
    ("DISTANCE=70;\nDISTANCE=55;", 0.055, 0.055),
    ("DISTANCE=70;\nCOMMENT=was DISTANCE=55 before;", 0.055, 0.07),
    ("DISTANCE=70;\nDISTANCE_UNIT=mm;", 0.0, 0.07),
    ("DISTANCE=70;\nBEAM=CLOSE_DISTANCE\nX=4;", 0.004, 0.07),
    ("DISTANCE = 70;", 0.07, 0.07),
    ("DISTANCE=nan;", 0.1, None),
    ("DISTANCE=far;", 0.0, None),
    ("DISTANCE=0x46;", 0.07, 0.07),
    ("DISTANCE=7 cm;", 0.007, None),
    ("DISTANCE=\n 70;", 0.07, None),
]


@pytest.mark.parametrize(("lines", "as_reference", "corrected"), HEADER_VALUES)
@pytest.mark.filterwarnings("ignore::simulator.remarks.IgnoredInput")
def test_a_keyword_is_found_as_the_reference_finds_it(
    lines: str, as_reference: float, corrected: float | None, tmp_path: Path
) -> None:
    smv(tmp_path / "h.img", ["SIZE1=4;", "SIZE2=3;", lines])
    assert read(f"{BASE} -img h.img", tmp_path).detector.distance_m == as_reference
    if corrected is None:
        assert "DISTANCE" in refusal(lambda: read(f"{BASE} -img h.img -defects none", tmp_path))
    else:
        assert read(f"{BASE} -img h.img -defects none", tmp_path).detector.distance_m == corrected
