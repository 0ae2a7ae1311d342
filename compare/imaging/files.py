"""Reading detector images: raw float32, SMV, PGM, npy and npz, recognised by content.

Every reader returns a two-dimensional array, slow axis first, in the file's own number type. Whatever is
not exactly as long as its header says is refused: a truncated image is not a smaller image.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compare.errors import InputError
from compare.imaging.case_sizes import RECORD, Shape, recorded_size

SMV_TYPES = {
    "unsigned_short": "u2",
    "signed_short": "i2",
    "unsigned_long": "u4",
    "signed_long": "i4",
    "long": "i4",
    "float": "f4",
}
RAW_ITEM_BYTES = 4


class ImageFileError(InputError):
    """A file that cannot be read as an image. The message names the file, the fault and the remedy."""


@dataclass(frozen=True)
class Image:
    """Pixels (slow x fast) with where they came from."""

    path: str
    format: str
    pixels: np.ndarray
    size_source: str  # who said how large it is: the file itself, --size, --case, a neighbour, the other side

    @property
    def shape(self) -> Shape:
        return (self.pixels.shape[0], self.pixels.shape[1])


def read_pair(path_a: Path, path_b: Path, size: Shape | None = None, source: str = "--size") -> tuple[Image, Image]:
    """Read two images; a raw file whose size nobody states takes the other side's, if its length fits.

    ``size`` (slow, fast), which ``source`` stated, is for raw float32 files only. Raises :class:`ImageFileError`.
    """
    images: list[Image | None] = []
    for path in (path_a, path_b):
        content = _content(path)
        if _format(content) == "raw" and size is None and _neighbouring_size(path, len(content)) is None:
            images.append(None)
        else:
            images.append(read_image(path, size, source))
    known = [image for image in images if image is not None]
    if not known:
        raise ImageFileError(_no_size(path_a))
    shape = known[0].shape
    return tuple(  # type: ignore[return-value]  # two in, two out
        image or _raw(path, _content(path), shape, "the other image")
        for image, path in zip(images, (path_a, path_b), strict=True)
    )


def read_image(path: Path, size: Shape | None = None, source: str = "--size") -> Image:
    """Read one image. Raises :class:`ImageFileError` for whatever is not a complete image."""
    content = _content(path)
    match _format(content):
        case "npy":
            return Image(str(path), "npy", _numpy(path, content), "the file")
        case "smv":
            return Image(str(path), "SMV", _smv(path, content), "the file")
        case "pgm":
            return Image(str(path), "PGM", _pgm(path, content), "the file")
    if size is not None:
        return _raw(path, content, size, source)
    neighbour = _neighbouring_size(path, len(content))
    if neighbour is None:
        raise ImageFileError(_no_size(path))
    return _raw(path, content, *neighbour)


def parse_size(text: str) -> Shape:
    """``80x96`` is 80 rows (slow) by 96 columns (fast). Raises :class:`ImageFileError`."""
    match = re.fullmatch(r"\s*([1-9]\d*)\s*[x×,]\s*([1-9]\d*)\s*", text)
    if match is None:
        raise ImageFileError(f"--size must be SLOWxFAST, such as 80x96; it is {text!r}")
    return int(match[1]), int(match[2])


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not content:
        raise ImageFileError(f"{path}: is empty; an image was expected (did the program that writes it fail?)")
    return content


def _format(content: bytes) -> str:
    if content.startswith((b"\x93NUMPY", b"PK\x03\x04")):
        return "npy"
    if re.match(rb"\{\s*HEADER_BYTES\s*=", content):
        return "smv"
    return "pgm" if re.match(rb"P5\s", content) else "raw"


def _no_size(path: Path) -> str:
    return (
        f"{path}: raw float32 holds no size, no {RECORD} or SMV image of as many pixels lies beside it, and the other "
        "image does not state one either; give --size SLOWxFAST or --case NAME"
    )


def _raw(path: Path, content: bytes, size: Shape, source: str) -> Image:
    needed = size[0] * size[1] * RAW_ITEM_BYTES
    if len(content) != needed:
        raise ImageFileError(
            f"{path}: {size[0]} x {size[1]} float32 pixels (from {source}) take {needed} bytes; "
            f"the file has {len(content)}"
        )
    return Image(str(path), "raw float32", np.frombuffer(content, "<f4").reshape(size), source)


def _neighbouring_size(path: Path, length: int) -> tuple[Shape, str] | None:
    """Size from the case's record beside a raw file, else from the SMV images there: the one of the same name first,
    else all must agree."""
    recorded = recorded_size(path.parent / RECORD)
    if recorded and recorded[0] * recorded[1] * RAW_ITEM_BYTES == length:
        return recorded, RECORD
    sizes: dict[Path, Shape] = {}
    for neighbour in sorted(path.parent.iterdir()):
        if neighbour != path and neighbour.is_file():
            size = _smv_size(neighbour)
            if size is not None and size[0] * size[1] * RAW_ITEM_BYTES == length:
                sizes[neighbour] = size
    same_name = [name for name in sizes if name.stem == path.stem]
    if same_name:
        return sizes[same_name[0]], same_name[0].name
    if len(set(sizes.values())) > 1:
        raise ImageFileError(
            f"{path}: the SMV images beside it have as many pixels but different sizes "
            f"({', '.join(name.name for name in sizes)}); give --size SLOWxFAST"
        )
    return next(((size, name.name) for name, size in sizes.items()), None)


def _smv_size(path: Path) -> Shape | None:
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
            if _format(head) != "smv":
                return None
            keys = _smv_keys(path, head + stream.read(int(_smv_keys(path, head)["HEADER_BYTES"]) - 512))
        return int(keys["SIZE2"]), int(keys["SIZE1"])
    except (OSError, KeyError, ValueError):
        return None  # not this file's fault that it is no usable neighbour


def _smv_keys(path: Path, head: bytes) -> dict[str, str]:
    """``KEY=value;`` lines; the last occurrence of a key counts."""
    text = head.split(b"}")[0].decode("ascii", "replace")
    pairs = re.findall(r"(\w+)\s*=\s*([^;\n]*)", text)
    if not pairs:
        raise ImageFileError(f"{path}: SMV header without a KEY=value; line")
    return {key: value.strip() for key, value in pairs}


def _smv(path: Path, content: bytes) -> np.ndarray:
    keys = _smv_keys(path, content)
    try:
        start, fast, slow = (int(keys[key]) for key in ("HEADER_BYTES", "SIZE1", "SIZE2"))
        kind = SMV_TYPES[keys.get("TYPE", "unsigned_short").lower()]
    except KeyError as error:
        raise ImageFileError(f"{path}: SMV header lacks or has an unknown {error.args[0]}") from error
    except ValueError as error:
        raise ImageFileError(f"{path}: SMV header: {error}") from error
    order = ">" if keys.get("BYTE_ORDER", "little_endian").startswith("big") else "<"
    return _array(path, content, start, np.dtype(order + kind), (slow, fast))


def _pgm(path: Path, content: bytes) -> np.ndarray:
    """Binary PGM; comments may stand between the four words of the header."""
    words: list[int] = []
    at = 2
    while len(words) < 3:
        match = re.compile(rb"(?:\s+|#[^\n]*\n)*(\d+)").match(content, at)
        if match is None:
            raise ImageFileError(f"{path}: PGM header must be P5, width, height, maximum; it ends at byte {at}")
        words.append(int(match[1]))
        at = match.end()
    fast, slow, largest = words
    kind = np.dtype("u1") if largest < 256 else np.dtype(">u2")
    return _array(path, content, at + 1, kind, (slow, fast))


def _array(path: Path, content: bytes, start: int, kind: np.dtype, shape: Shape) -> np.ndarray:
    needed = shape[0] * shape[1] * kind.itemsize
    if min(shape) < 1 or start < 1:
        raise ImageFileError(f"{path}: header says {shape[0]} x {shape[1]} pixels from byte {start} on")
    if len(content) - start != needed:
        raise ImageFileError(
            f"{path}: its header promises {shape[0]} x {shape[1]} pixels, {needed} bytes after byte {start}; "
            f"{max(0, len(content) - start)} are there"
        )
    return np.frombuffer(content, kind, offset=start).reshape(shape)


def _numpy(path: Path, content: bytes) -> np.ndarray:
    """An npy array, or the array ``image`` (or the only one) of an npz file."""
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            array = loaded
        else:
            name = "image" if "image" in loaded.files else loaded.files[0]
            if name != "image" and len(loaded.files) != 1:
                raise ImageFileError(f"{path}: holds {', '.join(loaded.files)}; one must be called image")
            array = loaded[name]
    except ImageFileError:
        raise
    except Exception as error:  # numpy raises ValueError, EOFError, zipfile and pickle errors alike
        raise ImageFileError(f"{path}: is not a readable npy or npz file: {error}") from error
    if array.ndim != 2 or array.dtype.kind not in "fiu" or array.size == 0:
        raise ImageFileError(
            f"{path}: an image is a two-dimensional array of real numbers; this is {array.dtype} of shape {array.shape}"
        )
    return array
