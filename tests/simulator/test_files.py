"""Input files: what is read from each, and what is said about a file that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulator.commandline.reading import read_experiment
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import RADIANS_TO_DEGREES, Experiment, Source, StructureFactors
from simulator.files.hkl import dump_bytes, read_dump, read_hkl
from simulator.files.smv import read_smv_mask, smv_header_bytes
from simulator.files.text import read_matrix, read_sources
from simulator.remarks import IgnoredInput, Remarks

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
CELL = "-cell 40 50 60"
BASE = f"{CELL} -default_F 5"


def read(line: str, folder: Path, defects: Defects | None = None) -> Experiment:
    return read_experiment(line.split(), folder, defects)


def refusal(reader: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        reader()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Structure factor lists


def hkl(tmp_path: Path, text: str | bytes, default_F: float = 0.0) -> StructureFactors:
    (tmp_path / "a.hkl").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_hkl(tmp_path / "a.hkl", "a.hkl", default_F)


def test_a_list_fills_its_ranges(tmp_path: Path) -> None:
    factors = hkl(tmp_path, "  1 -2 3  10.5\r\n\n-1\t0 4 2e1\n", default_F=7.0)
    assert (factors.minima, factors.n_listed) == ((-1, -2, 3), 2)
    assert np.shape(factors.values) == (3, 3, 2)
    assert factors.values[2, 0, 0] == 10.5
    assert factors.values[0, 2, 1] == 20.0
    assert np.count_nonzero(np.asarray(factors.values) == 7.0) == 16


def test_the_last_of_repeated_indices_counts(tmp_path: Path) -> None:
    assert hkl(tmp_path, "0 0 0 1\n0 0 0 2").values[0, 0, 0] == 2.0


def test_the_quick_reading_is_the_careful_reading(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows = random.integers(-20, 20, (2000, 3))
    F = random.normal(size=2000) * 10.0 ** random.integers(-300, 300, 2000)
    lines = [f"{h} {k} {l} {f!r}" for (h, k, l), f in zip(rows.tolist(), F.tolist(), strict=True)]
    values = np.zeros(rows.max(axis=0) - rows.min(axis=0) + 1)
    for (h, k, l), f in zip((rows - rows.min(axis=0)).tolist(), F.tolist(), strict=True):
        values[h, k, l] = f
    np.testing.assert_array_equal(hkl(tmp_path, "\n".join(lines)).values, values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n \n", "holds no reflections"),
        ("1 2 3 4\n1 2 3\n", "line 2: expected 'h k l F'"),
        ("1 2 3 4 5\n", "line 1: expected 'h k l F'"),
        ("1 2 3\n4 1 2 3 4\n", "line 1"),
        ("1 2 3 4\n1.5 2 3 4\n", "line 2: expected 'h k l F'"),
        ("1.0 2 3 4\n", "line 1: expected 'h k l F'"),
        ("1 2 1e1 4\n", "line 1: expected 'h k l F'"),
        ("1 2 3 x\n", "line 1: expected 'h k l F'"),
        ("1 2 3 nan\n", "line 1: expected 'h k l F'"),
        ("1 2 3 1e999\n", "line 1: expected 'h k l F'"),
        ("1 2 1-2 3\n", "line 1: expected 'h k l F'"),
        ("h k l F\n", "line 1: expected 'h k l F'"),
        ("1 2 3 4\n99999999999 2 3 4\n", "line 2: expected 'h k l F'"),
        (b"1 2 3 \xff\xfe\n", "line 1"),
        (b"\x00\x01\x02", "line 1"),
        ("0 0 0 1\n999999 999999 999999 1\n", "structure factors, at most"),
    ],
)
def test_an_unusable_list_is_refused(text: str | bytes, said: str, tmp_path: Path) -> None:
    message = refusal(lambda: hkl(tmp_path, text))
    assert "a.hkl" in message
    assert said in message


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(f"{CELL} -hkl .", tmp_path)
    assert caught.value.exit_code == 9


# Dump files


def dumped() -> tuple[np.ndarray, tuple[int, int, int]]:
    return np.arange(24, dtype=float).reshape(2, 3, 4) + 0.1, (-1, 0, 2)


def test_a_dump_reads_back(tmp_path: Path) -> None:
    values, minima = dumped()
    (tmp_path / "d").write_bytes(dump_bytes(values, minima))
    factors = read_dump(tmp_path / "d", "d", 3.0, skip_all_white_space=False)
    np.testing.assert_array_equal(factors.values, values)
    assert (factors.minima, factors.default_F) == (minima, 3.0)


def test_a_dump_has_the_references_layout() -> None:
    content = dump_bytes(*dumped())
    assert content.startswith(b"-1 0 0 2 2 5\n\f")
    padded = np.frombuffer(content[content.index(b"\f") + 1 :]).reshape(3, 4, 5)
    assert not padded[-1].any()
    assert not padded[:, -1].any()
    assert not padded[:, :, -1].any()


def test_the_golden_dump_is_ours() -> None:
    if not GOLDEN.is_dir():
        pytest.skip("../shared/golden is absent: the dump written by the reference is not compared")
    factors = read_hkl(GOLDEN / "inputs" / "sparse.hkl", "sparse.hkl", 12.0)
    golden = (GOLDEN / "dump" / "sparse_default_F_12.Fdump.bin").read_bytes()
    assert dump_bytes(np.asarray(factors.values), factors.minima) == golden


def test_white_space_defect_eats_data(tmp_path: Path) -> None:
    values = np.array([[[0.0, 1.0, 2.0]]])
    values.view(np.uint8)[..., :2] = [ord(" "), ord("\n")]
    (tmp_path / "d").write_bytes(dump_bytes(values, (0, 0, 0)))
    exact = read_dump(tmp_path / "d", "d", 0.0, skip_all_white_space=False).values
    np.testing.assert_array_equal(exact, values)
    data = values.tobytes() + bytes(8)
    shifted = np.frombuffer(data[2:] + bytes(2))
    eaten = read_dump(tmp_path / "d", "d", 0.0, skip_all_white_space=True).values
    np.testing.assert_array_equal(np.asarray(eaten).ravel(), shifted[:3])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"1 2 3", "six integers"),
        (b"0 0 0 0 0 x\n\f", "six integers"),
        (b"1 0 0 0 0 0\n\f" + bytes(64), "ends before it begins"),
        (b"0 0 0 0 0 0\n\f" + bytes(63), "64 bytes of data"),
        (b"0 0 0 0 0 0\n" + bytes(80), "form feed"),
        (b"0 99999 0 99999 0 99999\n\f", "structure factors, at most"),
    ],
)
@pytest.mark.parametrize("eats", [True, False])
def test_a_malformed_dump_is_refused(content: bytes, said: str, eats: bool, tmp_path: Path) -> None:
    (tmp_path / "d").write_bytes(content)
    message = refusal(lambda: read_dump(tmp_path / "d", "d", 0.0, skip_all_white_space=eats))
    assert message.startswith(("d:", "d spans", "the structure factor dump file d"))
    assert said in message


def test_a_dump_is_read_as_the_switches_say(tmp_path: Path) -> None:
    values, minima = dumped()
    (tmp_path / "Fdump.bin").write_bytes(dump_bytes(values, minima))
    (tmp_path / "own.bin").write_bytes(dump_bytes(2 * values, minima))
    spec = Defects(frozenset())
    stale = read(BASE, tmp_path).structure_factors
    np.testing.assert_array_equal(stale.values, values)
    assert read(BASE, tmp_path, spec).structure_factors.values is None
    named = read(f"{BASE} -dump own.bin", tmp_path, spec).structure_factors
    np.testing.assert_array_equal(named.values, 2 * values)
    (tmp_path / "a.hkl").write_text("0 0 0 1\n")
    assert read(f"{BASE} -hkl a.hkl", tmp_path).structure_factors.values.shape == (1, 1, 1)
    assert read(f"{BASE} -hkl a.hkl", tmp_path).output.dump_file == "Fdump.bin"
    assert read(BASE, tmp_path).output.dump_file is None, "only a list is dumped"
    with pytest.raises(InputError) as caught:
        read(CELL, tmp_path, spec)
    assert caught.value.exit_code == 9


# Matrix and sources


def test_a_matrix_is_its_first_nine_numbers(tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text("1 0 0\n0 2 0\n\n0 0 3\n 0.1 0.2 0.3\nnot numbers\n")
    assert read_matrix(tmp_path / "A.mat", "A.mat") == (1, 0, 0, 0, 2, 0, 0, 0, 3)
    crystal = read("-mat A.mat -default_F 1", tmp_path).crystal
    assert crystal.cell_lengths_A is None
    assert crystal.orientation_matrix == (1, 0, 0, 0, 2, 0, 0, 0, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("1 2 3\n4 5 6\n", "this one has 6"),
        ("1 0 0\n0 x 0\n", "line 2: a matrix is nine finite numbers"),
        ("1 0 0\n0 inf 0\n0 0 1", "line 2: a matrix is nine finite numbers"),
        ("1 0 0\n0 1 0\n0 0 0\n", "one plane"),
        ("1 2 3\n2 4 6\n1 1 1", "one plane"),
    ],
)
def test_an_unusable_matrix_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text(text)
    message = refusal(lambda: read_matrix(tmp_path / "A.mat", "A.mat"))
    assert "A.mat" in message
    assert said in message


def test_missing_matrix_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.mat") as caught:
        read("-mat none.mat -default_F 1", tmp_path)
    assert caught.value.exit_code == 2


def test_source_columns_default_from_the_right(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("-10,0.02;0:2!1.01e-10\n\n-9 1\n-8 0 1 0.5\r\n")
    assert read_sources(tmp_path / "s.txt", "s.txt", Remarks()) == (
        Source((-10.0, 0.02, 0.0), 2.0, 1.01e-10),
        Source((-9.0, 1.0, None)),
        Source((-8.0, 0.0, 1.0), 0.5),
    )
    assert len(read(f"{BASE} -sourcefile s.txt", tmp_path).beam.sources or ()) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "holds no sources"),
        ("-10 0 0\nx y z\n", "s.txt line 2: a source is one to five finite numbers"),
        (" ,;\n", "holds no sources"),
        ("-10 0\0 0\n", "line 1 holds a zero byte"),
        ("-10 0 0\n0 0 0\n", "line 2: a source at the origin"),
        ("-10 nan 0\n", "one to five finite numbers"),
    ],
)
def test_an_unusable_source_file_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(text)
    message = refusal(lambda: read_sources(tmp_path / "s.txt", "s.txt", Remarks()))
    assert "s.txt" in message
    assert said in message


@pytest.mark.parametrize("text", ["-10 0 0 1 1e-10 5 x\n", "-10 0 0 -1\n", "-10 0 0 1 0\n"])
def test_an_odd_source_is_a_remark(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(text)
    remarks = Remarks()
    assert len(read_sources(tmp_path / "s.txt", "s.txt", remarks)) == 1
    assert len(remarks.said) == 1
    assert remarks.said[0].startswith("s.txt line 1: ")
    refusal(lambda: read_sources(tmp_path / "s.txt", "s.txt", Remarks(strict=True)))


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


def test_dimensions_stand_for_a_missing_size(tmp_path: Path) -> None:
    smv(tmp_path / "h.img", ["SIZE1=0;", "SIZE2=9;", "DETECTOR_DIMENSIONS=7 8;"])
    detector = read(f"{BASE} -img h.img", tmp_path).detector
    assert (detector.pixels_fast, detector.pixels_slow) == (7, 7)


def test_reading_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.hkl").write_text("0 0 0 1\n")
    read(f"{CELL} -hkl a.hkl", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.hkl"]
