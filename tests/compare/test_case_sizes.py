"""Raw images take their size from a case: its record, or whoever knows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compare import cli
from compare.errors import InputError
from compare.imaging import case_sizes
from compare.imaging.case_sizes import size_of_case
from compare.imaging.files import ImageFileError, read_image

SHAPE = (3, 5)
PIXELS = np.arange(15, dtype="<f4").reshape(SHAPE)


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A folder of a run: its record and a raw image."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "case.json").write_text(json.dumps({"image_shape": SHAPE}))
    (folder / "float.bin").write_bytes(PIXELS.tobytes())
    return folder


class Provider:
    """An entry point of another program."""

    name = "another program"

    def __init__(self, answer: Callable[[str], object]) -> None:
        self.load = lambda: answer


def provide(monkeypatch: pytest.MonkeyPatch, *answers: Callable[[str], object]) -> None:
    monkeypatch.setattr(case_sizes, "entry_points", lambda group: [Provider(answer) for answer in answers])


def test_the_record_beside_a_raw_file_states_its_size(run_folder: Path) -> None:
    image = read_image(run_folder / "float.bin")
    assert (image.shape, image.size_source) == (SHAPE, "case.json")
    np.testing.assert_array_equal(image.pixels, PIXELS)


def test_a_record_of_another_image_is_no_size(run_folder: Path) -> None:
    (run_folder / "case.json").write_text(json.dumps({"image_shape": [4, 5]}))
    with pytest.raises(ImageFileError, match="--size SLOWxFAST or --case"):
        read_image(run_folder / "float.bin")


def test_a_case_is_a_folder_a_record_or_a_name(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert size_of_case(str(run_folder)) == size_of_case(str(run_folder / "case.json")) == SHAPE
    provide(monkeypatch, lambda name: None, lambda name: (7, 8) if name == "mine" else None)
    assert size_of_case("mine") == (7, 8)
    with pytest.raises(InputError, match="no installed program knows such a case; give --size"):
        size_of_case("yours")


@pytest.mark.parametrize("stated", [5, [5], [0, 5], [2.5, 5], ["a", 5], "35"])
def test_a_size_that_is_none_is_refused(run_folder: Path, stated: object, monkeypatch: pytest.MonkeyPatch) -> None:
    (run_folder / "case.json").write_text(json.dumps({"image_shape": stated}))
    provide(monkeypatch, lambda name: stated)
    for case in (str(run_folder), "mine"):
        with pytest.raises(InputError, match=r"must state image_shape as \[slow, fast\]"):
            size_of_case(case)


def test_a_broken_record_is_named(run_folder: Path) -> None:
    (run_folder / "case.json").write_text("{")
    with pytest.raises(InputError, match=r"case\.json: cannot be read"):
        size_of_case(str(run_folder))


def test_compare_images_says_where_the_size_came_from(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    paths = [alone / "a.bin", alone / "b.bin"]
    for path in paths:
        path.write_bytes(PIXELS.tobytes())

    def compared(*options: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["compare", "images", *map(str, paths), *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    provide(monkeypatch, lambda name: SHAPE if name == "mine" else None)
    code, said = compared("--case", "mine")
    assert (code, "size from case mine" in " ".join(said.split())) == (0, True)
    code, said = compared("--case", str(run_folder), "--size", "3x5")
    assert (code, "not both" in said) == (2, True)
    paths[1].write_bytes(PIXELS[:2].tobytes())
    code, said = compared("--case", str(run_folder))
    assert (code, "take 60 bytes; the file has 40" in said) == (2, True)


def test_what_a_provider_refuses_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(name: str) -> object:
        raise KeyError("no such input")

    provide(monkeypatch, refusing)
    with pytest.raises(InputError, match="another program cannot tell its size: 'no such input'"):
        size_of_case("mine")
