"""Input files: what is read from each, and what is said about a file that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulator.commandline.reading import read_experiment
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import Experiment, Source, StructureFactors
from simulator.files.hkl import dump_bytes, read_dump, read_hkl
from simulator.files.smv import smv_header_bytes
from simulator.files.text import read_matrix, read_sources
from simulator.remarks import Remarks

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


def test_dimensions_stand_for_a_missing_size(tmp_path: Path) -> None:
    smv(tmp_path / "h.img", ["SIZE1=0;", "SIZE2=9;", "DETECTOR_DIMENSIONS=7 8;"])
    detector = read(f"{BASE} -img h.img", tmp_path).detector
    assert (detector.pixels_fast, detector.pixels_slow) == (7, 7)


def test_reading_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.hkl").write_text("0 0 0 1\n")
    read(f"{CELL} -hkl a.hkl", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.hkl"]
