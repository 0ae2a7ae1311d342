"""`compare images`: what passes, what does not, what it says, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compare import cli
from compare.imaging.comparison import ImageComparison, compare_images, parse_roi
from compare.imaging.files import Image, ImageFileError, parse_size, read_image, read_pair
from compare.imaging.peaks import peak_shifts, strongest_peaks
from compare.imaging.statistics import Tolerance, float32_ulps
from compare.judging.result import Verdict
from compare.render.image_json import render

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/images-1.json").read_text())
SHAPE = (12, 16)
FLOATS = hnp.arrays(np.float32, (4, 5), elements=st.floats(width=32))


def gaussians(shift_slow: float = 0.0, shift_fast: float = 0.0, shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    """Three Bragg peaks on a slope."""
    slow, fast = np.mgrid[: shape[0], : shape[1]].astype(float)
    image = 0.001 * slow
    for centre_slow, centre_fast, height in ((10, 12, 100.0), (25, 30, 60.0), (31, 9, 30.0)):
        r2 = (slow - centre_slow - shift_slow) ** 2 + (fast - centre_fast - shift_fast) ** 2
        image += height * np.exp(-r2 / 2)
    return image.astype(np.float32)


def as_image(pixels: np.ndarray, name: str = "x.npy") -> Image:
    return Image(name, "npy", pixels, "the file")


def compared(a: np.ndarray, b: np.ndarray, **options: object) -> ImageComparison:
    return compare_images(as_image(a, "a.npy"), as_image(b, "b.npy"), **options)  # type: ignore[arg-type]


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


# ---------------------------------------------------------------- verdict


def test_equal_images_are_parity() -> None:
    outcome = compared(gaussians(), gaussians())
    assert (outcome.verdict, outcome.exit_code, outcome.reasons) == (Verdict.PARITY, 0, ())
    assert outcome.statistics is not None
    assert outcome.statistics.equal == 40 * 50
    assert outcome.statistics.correlation == pytest.approx(1.0, abs=1e-12)
    assert all(peak.distance_pixels == 0 for peak in outcome.peaks)


@pytest.mark.parametrize(("steps", "verdict"), [(2, Verdict.PARITY), (3, Verdict.DIVERGENCE)])
def test_the_tolerance_in_ulps_decides(steps: int, verdict: Verdict) -> None:
    b = gaussians()
    for _ in range(steps):
        b[7, 9] = np.nextafter(b[7, 9], np.float32(np.inf))
    assert compared(gaussians(), b).verdict is verdict


def test_correlation_alone_never_passes() -> None:
    outcome = compared(gaussians(), gaussians() * np.float32(1.001))
    assert outcome.statistics is not None
    assert outcome.statistics.correlation == pytest.approx(1.0, abs=1e-9)
    assert outcome.verdict is Verdict.DIVERGENCE


@pytest.mark.parametrize(
    ("tolerance", "passes"),
    [
        (Tolerance(ulps=0, absolute=0.5, floor=0), True),
        (Tolerance(ulps=0, absolute=0.4, floor=0), False),
        (Tolerance(ulps=0, relative=0.005, floor=0), True),
        (Tolerance(ulps=0, relative=0.0049, floor=0), False),
        (Tolerance(ulps=0, floor=0.005), True),
        (Tolerance(ulps=0, floor=0.0049), False),
        (Tolerance(absolute=1, equal_share=0.99), True),
        (Tolerance(absolute=1, equal_share=0.9951), False),
    ],
)
def test_each_bound_counts_by_itself(tolerance: Tolerance, passes: bool) -> None:
    a = np.full((10, 20), 100.0)
    b = a.copy()
    b[4, 5] = 100.5
    assert (compared(a, b, tolerance=tolerance).verdict is Verdict.PARITY) == passes


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_nan_on_one_side_never_passes(value: float, side: int) -> None:
    pixels = [gaussians(), gaussians()]
    pixels[side][3, 4] = value
    outcome = compared(*pixels, tolerance=Tolerance(ulps=1e30, absolute=1e30, relative=1e30))
    assert outcome.verdict is Verdict.DIVERGENCE
    assert outcome.statistics is not None
    assert outcome.statistics.not_finite_one_sided == 1
    first = outcome.statistics.first_outside
    assert first is not None
    assert (first.slow, first.fast) == (3, 4)


def test_nan_in_the_same_pixels_is_incomplete_unless_accepted() -> None:
    a = gaussians()
    a[3, 4] = np.nan
    outcome = compared(a, a.copy())
    assert (outcome.verdict, outcome.exit_code) == (Verdict.INCOMPLETE, 1)
    assert outcome.statistics is not None
    assert outcome.statistics.nan_both == outcome.statistics.not_finite_both == 1
    assert compared(a, a.copy(), tolerance=Tolerance(equal_nan=True)).verdict is Verdict.PARITY


def test_a_hot_pixel_does_not_hide_the_rest() -> None:
    """Far from it a quarter of the image is changed by far less than rounding of the hot pixel."""
    a = np.full((20, 20), 1e-8)
    a[0, 0] = 1e12
    b = a.copy()
    b[10:, 10:] *= 1.25
    outcome = compared(a, b)
    assert outcome.verdict is Verdict.DIVERGENCE
    assert outcome.statistics is not None
    assert outcome.statistics.outside == 100
    beside = a.copy()
    beside[1, 1] *= 1.25
    assert compared(a, beside).verdict is Verdict.PARITY


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("i4", 2**25), ("i4", -(2**31)), ("i8", 2**53), ("i8", -(2**63)), ("u8", 2**64 - 2), ("u8", 2**60)],
)
def test_integers_of_any_size_are_told_apart(dtype: str, value: int) -> None:
    a = np.full((4, 5), value, dtype)
    b = a.copy()
    b[2, 3] += 1
    outcome = compared(a, b, tolerance=Tolerance(ulps=1e9, floor=1e-3))
    assert outcome.verdict is Verdict.DIVERGENCE
    assert outcome.statistics is not None
    assert outcome.statistics.largest_absolute.value == 1
    assert (outcome.statistics.outside, outcome.statistics.equal) == (1, 19)
    one = compared(a, b, tolerance=Tolerance(absolute=1))
    assert one.verdict is Verdict.PARITY
    assert one.remarks == (
        "1 of 20 pixels pass only by the bounds given (ulps 2, absolute 1, relative 0, floor 1e-15)",
    )


def test_integers_beside_whole_floats_are_integers() -> None:
    a = np.full((3, 3), 2**53 + 1, "i8")
    assert compared(a, a.astype(float)).verdict is Verdict.DIVERGENCE
    assert compared(a - 1, (a - 1).astype(float)).verdict is Verdict.PARITY
    assert compared(np.ones((3, 3), "u2"), np.full((3, 3), 1.5)).verdict is Verdict.DIVERGENCE


def test_signed_beside_unsigned_integers() -> None:
    a, b = np.full((3, 3), -1, "i8"), np.full((3, 3), 2**64 - 1, "u8")
    assert compared(a, b).verdict is Verdict.DIVERGENCE
    assert compared(np.ones((3, 3), "i8"), np.ones((3, 3), "u8")).verdict is Verdict.PARITY


def test_a_wide_bound_is_said() -> None:
    assert compared(gaussians(), gaussians(), tolerance=Tolerance(relative=1e-3)).remarks == (
        "--rtol 0.001 is wider than 1e-06",
    )


def test_images_of_nan_alone_compare_nothing() -> None:
    a = np.full(SHAPE, np.nan, np.float32)
    assert compared(a, a.copy()).exit_code == 3


def test_different_sizes_diverge() -> None:
    outcome = compared(np.ones((3, 4)), np.ones((4, 3)))
    assert outcome.exit_code == 1
    assert "3 x 4" in outcome.reasons[0]


def test_blank_images_compare_nothing_unless_allowed() -> None:
    a = np.zeros(SHAPE, np.float32)
    assert compared(a, a).exit_code == 3
    assert compared(a, a, allow_blank=True).exit_code == 0


def test_a_mask_leaves_pixels_out() -> None:
    b = gaussians()
    b[10, 12] = 0
    mask = np.ones(b.shape)
    assert compared(gaussians(), b, mask=mask).exit_code == 1
    mask[10, 12] = 0
    outcome = compared(gaussians(), b, mask=mask)
    assert outcome.exit_code == 0
    assert outcome.statistics is not None
    assert outcome.statistics.masked == 1


def test_an_all_masked_region_compares_nothing() -> None:
    mask = np.ones((40, 50))
    mask[:10, :10] = 0
    assert compared(gaussians(), gaussians(), mask=mask, roi=(0, 10, 0, 10)).exit_code == 3
    assert compared(gaussians(), gaussians(), mask=mask, roi=(0, 11, 0, 10)).exit_code == 0


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ImageFileError, match=r"mask is 3 x 3.*40 x 50"):
        compared(gaussians(), gaussians(), mask=np.ones((3, 3)))


def test_the_region_is_all_that_counts_and_places_stay_those_of_the_image() -> None:
    b = gaussians()
    b[30, 40] += 1
    assert compared(gaussians(), b, roi=(0, 30, 0, 50)).exit_code == 0
    outcome = compared(gaussians(), b, roi=(20, 40, 10, 50))
    assert outcome.statistics is not None
    worst = outcome.statistics.largest_absolute
    assert (worst.slow, worst.fast) == (30, 40)
    assert (outcome.peaks[0].slow, outcome.peaks[0].fast) == (25, 30)


@pytest.mark.parametrize("bad", [{"ulps": -1}, {"absolute": np.nan}, {"equal_share": 1.5}, {"floor": np.inf}])
def test_a_tolerance_that_is_none_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Tolerance(**bad)


# ---------------------------------------------------------------- figures


def test_figures_are_those_of_the_definition() -> None:
    a, b = np.array([[1.0, 2.0, 0.0, 4.0]]), np.array([[1.0, 2.5, 1.0, 3.0]])
    figures = compared(a, b).statistics
    assert figures is not None
    assert figures.rmse == pytest.approx(np.sqrt((0.25 + 1 + 1) / 4))
    assert figures.sum_ratio == pytest.approx(7.5 / 7)
    assert figures.correlation == pytest.approx(np.corrcoef(a[0], b[0])[0, 1])
    assert (figures.largest_absolute.fast, figures.largest_absolute.value) == (2, 1.0)
    assert figures.largest_relative is not None
    assert (figures.largest_relative.fast, figures.largest_relative.value) == (1, 0.25)
    assert (figures.appeared, figures.outside, figures.equal) == (1, 3, 1)


def test_a_constant_image_has_no_correlation_and_a_zero_sum_no_ratio() -> None:
    figures = compared(np.array([[1.0, -1.0]]), np.array([[2.0, 2.0]])).statistics
    assert figures is not None
    assert figures.correlation is None
    assert figures.sum_ratio is None


@given(FLOATS, st.integers(0, 50))
def test_ulps_count_representable_numbers(a: np.ndarray, steps: int) -> None:
    b = a.copy()
    for _ in range(steps):
        with np.errstate(over="ignore"):
            b = np.nextafter(b, np.float32(np.inf))
    finite = np.isfinite(a) & np.isfinite(b)
    # Both zeros are one number; nextafter never stops at the second of them either.
    assert (float32_ulps(a, b)[finite] == steps).all()


@given(FLOATS, FLOATS)
def test_ulps_are_symmetric_and_zero_for_equal_numbers_alone(a: np.ndarray, b: np.ndarray) -> None:
    ulps = float32_ulps(a, b)
    np.testing.assert_array_equal(ulps, float32_ulps(b, a))
    np.testing.assert_array_equal(ulps == 0, (a == b) | (np.isnan(a) & np.isnan(b)))


def test_ulps_of_doubles_are_fractions_and_do_not_overflow() -> None:
    ulps = float32_ulps(np.array([1.0, 1e300, 0.0]), np.array([1.0 + 2.0**-24, 2e300, 1e-60]))
    assert ulps[0] == 0.5
    assert np.isfinite(ulps).all()
    assert (ulps > 0).all()


@given(FLOATS, FLOATS)
def test_the_histogram_and_the_counts_cover_every_pixel(a: np.ndarray, b: np.ndarray) -> None:
    figures = compared(a, b).statistics
    assert figures is not None
    assert sum(bin_.count for bin_ in figures.histogram) == figures.pixels == a.size
    assert figures.histogram[0].count == figures.equal
    assert figures.within_ulps[4] >= figures.within_ulps[2] >= figures.within_ulps[1] >= figures.equal


@pytest.mark.parametrize(("slow", "fast"), [(0.0, 0.0), (1.0, 0.0), (0.25, -0.4), (-2.0, 3.0)])
def test_peaks_are_followed(slow: float, fast: float) -> None:
    a, b = gaussians(), gaussians(slow, fast)
    shifts = peak_shifts(a, b, np.ones(a.shape, bool), 3)
    assert [(shift.slow, shift.fast) for shift in shifts] == [(10, 12), (25, 30), (31, 9)]
    for shift in shifts:
        assert shift.shift_slow_pixels == pytest.approx(slow, abs=0.1)
        assert shift.shift_fast_pixels == pytest.approx(fast, abs=0.1)


def test_a_peak_that_vanished_has_no_partner() -> None:
    a = gaussians()
    (shift, *_) = peak_shifts(a, np.zeros_like(a), np.ones(a.shape, bool), 3)
    assert shift.value_b is None
    assert shift.distance_pixels is None


def test_flat_images_and_masked_maxima_are_no_peaks() -> None:
    a = gaussians()
    kept = np.ones(a.shape, bool)
    assert strongest_peaks(np.ones((9, 9)), np.ones((9, 9), bool), 5) == []
    kept[10, 12] = False
    assert (strongest_peaks(a, kept, 1)[0].slow, strongest_peaks(a, kept, 1)[0].fast) == (25, 30)


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
