"""Images from files, and `compare images` as a command: formats, sizes, what is refused, every output."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import jsonschema
import numpy as np
import pytest

from compare import cli
from compare.imaging.comparison import parse_roi
from compare.imaging.files import ImageFileError, parse_size, read_image, read_pair
from compare.render.image_json import render
from tests.compare.image_cases import SHAPE, compared, gaussians

needs_matplotlib = pytest.mark.skipif(
    find_spec("matplotlib") is None, reason="pictures are drawn by matplotlib, of the extras"
)

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/images-1.json").read_text())


def smv(pixels: np.ndarray, **keys: object) -> bytes:
    slow, fast = pixels.shape
    lines = {"HEADER_BYTES": 512, "DIM": 2, "BYTE_ORDER": "little_endian", "TYPE": "unsigned_short"}
    lines |= {"SIZE1": fast, "SIZE2": slow} | keys
    head = "{\n" + "".join(f"{key}={value};\n" for key, value in lines.items()) + "}\f"
    return head.encode().ljust(512) + pixels.tobytes()


class Run(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """`compare images` with these words."""

    def images(*words: object) -> Run:
        code = cli.run("images", [str(word) for word in words])
        return Run(code, *capsys.readouterr())

    return images


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two npy files with one image."""
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, gaussians())
    return tmp_path / "a.npy", tmp_path / "b.npy"


# ---------------------------------------------------------------- files


def test_every_format_reads_the_same_pixels(tmp_path: Path) -> None:
    pixels = np.arange(192, dtype=np.uint16).reshape(SHAPE)
    files = {
        "a.img": smv(pixels),
        "b.img": smv(pixels.astype(">u2"), BYTE_ORDER="big_endian"),
        "f.img": smv(pixels.astype("<f4"), TYPE="float"),
        "c.pgm": b"P5\n16 12\n# pixels scaled by 1\n255\n" + pixels.astype(np.uint8).tobytes(),
        "d.pgm": b"P5 16 12 65535\n" + pixels.astype(">u2").tobytes(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "e.npy", pixels)
    np.savez(tmp_path / "g.npz", image=pixels, noise=pixels + 1)
    for name in (*files, "e.npy", "g.npz"):
        np.testing.assert_array_equal(read_image(tmp_path / name).pixels, pixels, err_msg=name)


def test_the_last_occurrence_of_a_header_key_counts(tmp_path: Path) -> None:
    pixels = np.arange(192, dtype=np.uint16).reshape(SHAPE)
    content = smv(pixels).replace(b"DIM=2;\n", b"SIZE1=7;\n").replace(b"}\f  ", b"}\f")
    (tmp_path / "a.img").write_bytes(content)
    assert read_image(tmp_path / "a.img").shape == SHAPE


def test_raw_floats_take_their_size_from_the_option_the_neighbour_or_the_other_side(tmp_path: Path) -> None:
    pixels = gaussians(shape=SHAPE)
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    for folder in (alone, beside):
        folder.mkdir()
        (folder / "float.bin").write_bytes(pixels.tobytes())
    (beside / "int.img").write_bytes(smv(np.zeros(SHAPE, np.uint16)))
    (beside / "other.img").write_bytes(smv(np.zeros((3, 3), np.uint16)))
    np.save(tmp_path / "b.npy", pixels)

    assert read_image(alone / "float.bin", SHAPE).size_source == "--size"
    assert read_image(beside / "float.bin").size_source == "int.img"
    a, b = read_pair(alone / "float.bin", tmp_path / "b.npy")
    assert (a.shape, a.size_source) == (SHAPE, "the other image")
    np.testing.assert_array_equal(a.pixels, b.pixels)
    with pytest.raises(ImageFileError, match="--size"):
        read_pair(alone / "float.bin", alone / "float.bin")


def test_neighbours_that_disagree_are_not_guessed_between(tmp_path: Path) -> None:
    (tmp_path / "float.bin").write_bytes(np.zeros(192, "f4").tobytes())
    (tmp_path / "x.img").write_bytes(smv(np.zeros((12, 16), np.uint16)))
    (tmp_path / "y.img").write_bytes(smv(np.zeros((16, 12), np.uint16)))
    with pytest.raises(ImageFileError, match="--size"):
        read_image(tmp_path / "float.bin")
    (tmp_path / "float.img").write_bytes(smv(np.zeros((16, 12), np.uint16)))
    assert read_image(tmp_path / "float.bin").shape == (16, 12)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\0" * 100, "192|768"),
        (b"\0" * 1000, "768"),
        (smv(np.zeros(SHAPE, np.uint16))[:-2], "promises"),
        (smv(np.zeros(SHAPE, np.uint16)) + b"xx", "promises"),
        (smv(np.zeros(SHAPE, np.uint16), TYPE="quaternion"), "quaternion"),
        (smv(np.zeros(SHAPE, np.uint16), SIZE1="many"), "many"),
        (b"P5\n16 12\n", "PGM header"),
        (b"P5\n16 12\n255\n123", "promises"),
        (b"\x93NUMPY garbage", "readable npy"),
        (b"PK\x03\x04 garbage", "readable npy"),
    ],
)
def test_what_is_no_complete_image_is_refused_with_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad").write_bytes(content)
    np.save(tmp_path / "good.npy", np.ones(SHAPE))
    with pytest.raises(ImageFileError, match=message) as error:
        read_pair(tmp_path / "bad", tmp_path / "good.npy")
    assert str(tmp_path / "bad") in str(error.value)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((2, 2), complex), np.zeros((0, 4))])
def test_arrays_that_are_no_image_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ImageFileError, match="two-dimensional"):
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize("text", ["12", "0x5", "12x", "12x-3", "axb"])
def test_a_bad_size_is_refused(text: str) -> None:
    with pytest.raises(ImageFileError, match="SLOWxFAST"):
        parse_size(text)


@pytest.mark.parametrize("text", ["1:2", "5:5,0:3", "0:13,0:3", "0:3,5:17", "3:1,0:4", "all"])
def test_a_bad_region_is_refused(text: str) -> None:
    with pytest.raises(ImageFileError, match="--roi"):
        parse_roi(text, SHAPE)


# ---------------------------------------------------------------- the command


def test_the_command_passes_and_fails_with_the_house_exit_codes(
    run: Callable[..., Run], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    assert run(*pair).exit_code == 0
    np.save(pair[1], gaussians(1, 0))
    outcome = run(*pair)
    assert outcome.exit_code == 1
    assert "divergence" in outcome.stdout
    assert run(*pair, "--roi", "0:99,0:5").exit_code == 2
    assert run(*pair, "--atol", "-1").exit_code == 2
    outcome = run(tmp_path / "missing.npy", pair[1])
    assert outcome.exit_code == 2
    assert "missing.npy" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    np.save(pair[1], np.zeros((40, 50)))
    assert run(pair[1], pair[1]).exit_code == 3


@pytest.mark.parametrize("change", ["none", "shifted", "nan", "sizes", "masked"])
def test_json_follows_its_schema(run: Callable[..., Run], pair: tuple[Path, Path], tmp_path: Path, change: str) -> None:
    extra: list[str] = []
    b = gaussians(1, 0) if change == "shifted" else gaussians()
    if change == "nan":
        b[3, 3] = np.nan
    if change == "masked":
        np.save(tmp_path / "mask.npy", np.zeros(b.shape))
        extra = ["--mask", str(tmp_path / "mask.npy")]
    np.save(pair[1], b[:20] if change == "sizes" else b)
    outcome = run(*pair, "--json", *extra)
    document = json.loads(outcome.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == outcome.exit_code == {"none": 0, "masked": 3}.get(change, 1)


def test_the_schema_admits_no_more_than_what_is_written() -> None:
    document = json.loads(render(compared(gaussians(), gaussians())))
    document["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@needs_matplotlib
@pytest.mark.parametrize("change", ["none", "shifted", "nan", "sizes", "blank"])
def test_the_picture_is_drawn_for_whatever_was_compared(
    run: Callable[..., Run], pair: tuple[Path, Path], tmp_path: Path, change: str
) -> None:
    b = gaussians(1, 0) if change == "shifted" else gaussians()
    if change == "nan":
        b[3, 3] = np.nan
    if change == "blank":
        np.save(pair[0], np.zeros_like(b))
        b = np.zeros_like(b)
    np.save(pair[1], b[:20] if change == "sizes" else b)
    run(*pair, "--png", tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "b.npy", "out.png"]


@needs_matplotlib
def test_a_picture_that_cannot_be_written_is_bad_input(
    run: Callable[..., Run], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    outcome = run(*pair, "--png", tmp_path / "no/such/folder/out.png")
    assert outcome.exit_code == 2
    assert "no/such/folder" in outcome.stderr


def test_json_goes_to_a_file_beside_the_table(run: Callable[..., Run], pair: tuple[Path, Path], tmp_path: Path) -> None:
    outcome = run("--json", tmp_path / "out.json", *pair)
    assert outcome.stdout.startswith("parity")
    jsonschema.validate(json.loads((tmp_path / "out.json").read_text()), SCHEMA)
    assert run("--json", tmp_path / "no" / "out.json", *pair).exit_code == 2


def test_a_tolerance_that_is_none_is_bad_input(run: Callable[..., Run], pair: tuple[Path, Path]) -> None:
    outcome = run(*pair, "--equal-share", "2")
    assert outcome.exit_code == 2
    assert "equal_share" in outcome.stderr
