"""Kernels that are compiled once and kept: found again, compared before they are used, and never trusted blindly."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from simulator import ExecutionConfig, Experiment, Simulator
from simulator.evaluation.kernels import ahead_of_time, background
from simulator.evaluation.kernels.ahead_of_time import Kernel, KernelRefused, compiled_ahead
from simulator.evaluation.kernels.compiled import _pixels_at, compiler_missing
from simulator.evaluation.kernels.files import LIBRARY, NOTES, Kept, KernelFiles, kernel_files
from simulator.evaluation.kernels.kept import KeptKernels
from simulator.evaluation.kernels.packing import packed
from simulator.evaluation.kernels.request import Request
from simulator.model.terms import Pixels

needs_compiler = pytest.mark.skipif(
    compiler_missing() is not None, reason=f"kernels cannot be compiled here: {compiler_missing()}"
)

ARGV = "-cell 38 47 55 78 97 106 -default_F 100 -N 5 -osc 1 -phisteps 3 -oversample 1 -detpixels 24 -pixel 3"


def simulator(compile_: str, argv: str = ARGV) -> Simulator:
    execution = ExecutionConfig(device="cpu", compile=compile_)  # type: ignore[arg-type]
    return Simulator(Experiment.from_argv(argv.split()), execution=execution)


def request_of(n_pixels: int = 192) -> Request:
    """A call of a part that is compiled in a few seconds: where pixels are."""
    one = simulator("never")
    numbers, places = packed(one.constants)
    return Request(_pixels_at, places, one.physics, numbers, (torch.arange(n_pixels),))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> KernelFiles:
    """A folder with the kernel of ``request_of``."""
    files = KernelFiles(tmp_path_factory.mktemp("made") / "kernels")
    compiled_ahead(request_of(), files)
    return files


@pytest.fixture
def files(made: KernelFiles, tmp_path: Path) -> KernelFiles:
    """A copy of it."""
    shutil.copytree(made.folder, tmp_path / "kernels")
    return KernelFiles(tmp_path / "kernels")


def no_compiler(*_: object) -> Kept:
    raise AssertionError("nothing was to be compiled")


@needs_compiler
def test_a_later_simulator_renders_with_the_kernels_that_an_earlier_one_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = simulator("never").image()
    first = simulator("always").image()
    monkeypatch.setattr("simulator.evaluation.kernels.kept.compiled_ahead", no_compiler)
    monkeypatch.setattr("simulator.evaluation.image_kernels.LEAST_SAVED_S", 0.0)
    later = simulator("auto")
    assert later._compiles()
    assert torch.equal(later.image(), first)
    torch.testing.assert_close(first, exact, rtol=1e-12, atol=0)
    other_size = simulator("auto", ARGV.replace("-detpixels 24", "-detpixels 31").replace("-phisteps 3", "-phisteps 7"))
    assert other_size._compiles()


@needs_compiler
def test_one_kernel_serves_every_number_of_pixels_and_gives_what_its_formulas_give(files: KernelFiles) -> None:
    kept = files.find(request_of().key)
    assert kept is not None
    kernel = Kernel(kept, request_of())
    for n_pixels in (2, 64, 65, 4000):
        request = request_of(n_pixels)
        assert request.key == request_of().key
        got, wanted = kernel(request.tensors), request.evaluate(request.tensors)
        assert isinstance(got, Pixels)
        assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))


def damaged_library(place: Path) -> None:
    content = bytearray((place / LIBRARY).read_bytes())
    content[len(content) // 2] ^= 1
    (place / LIBRARY).write_bytes(content)


def cut_library(place: Path) -> None:
    (place / LIBRARY).write_bytes((place / LIBRARY).read_bytes()[:1000])


def unreadable_notes(place: Path) -> None:
    (place / NOTES).write_text("{")


def notes_without_a_hash(place: Path) -> None:
    (place / NOTES).write_text("[]")


def writable_by_others(place: Path) -> None:
    (place / LIBRARY).chmod(0o777)


def a_link(place: Path) -> None:
    (place / LIBRARY).rename(place / "elsewhere.so")
    (place / LIBRARY).symlink_to("elsewhere.so")


def missing_library(place: Path) -> None:
    (place / LIBRARY).unlink()


@needs_compiler
@pytest.mark.parametrize(
    "harm",
    [
        *(damaged_library, cut_library, unreadable_notes, notes_without_a_hash),
        *(writable_by_others, a_link, missing_library),
    ],
)
def test_a_damaged_or_foreign_kernel_is_not_found(files: KernelFiles, harm: object) -> None:
    assert files.find(request_of().key) is not None
    harm(files.folder / request_of().key)  # type: ignore[operator]
    assert files.find(request_of().key) is None
    kept = KeptKernels(files)
    request = request_of()
    assert torch.equal(kept.evaluate(request).fast, request.evaluate(request.tensors).fast)
    assert kept.missing == [request]


@needs_compiler
def test_somebody_elses_kernel_is_not_found(files: KernelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert files.find(request_of().key) is None


@needs_compiler
def test_a_kernel_that_computes_something_else_is_refused_discarded_and_made_again(
    files: KernelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ahead_of_time._loaded

    def wrong(library: Path) -> object:
        run = real(library)
        return lambda tensors: [result + 1e-9 for result in run(tensors)]

    request = request_of()
    with monkeypatch.context() as patch:
        patch.setattr(ahead_of_time, "_loaded", wrong)
        with pytest.raises(KernelRefused, match="is not that of its formulas"):
            Kernel(files.find(request.key), request)  # type: ignore[arg-type]
        kept = KeptKernels(files)
        assert torch.equal(kept.evaluate(request).slow, request.evaluate(request.tensors).slow)
    assert kept.missing == [request]
    assert files.find(request.key) is None
    kept.build()
    assert not kept.missing
    assert files.find(request.key) is not None


@needs_compiler
def test_tensors_of_other_shapes_than_the_kernel_was_made_for_are_refused(files: KernelFiles) -> None:
    kernel = Kernel(files.find(request_of().key), request_of())  # type: ignore[arg-type]
    *numbers, flat = request_of().tensors
    with pytest.raises(KernelRefused, match="a tensor of shape"):
        kernel([*numbers, flat.reshape(2, -1)])


@pytest.mark.parametrize(
    ("pattern", "shapes", "fits"),
    [
        ([["p"], ["p", 3]], [(5,), (5, 3)], True),
        ([["p"], ["p", 3]], [(5,), (6, 3)], False),
        ([["p"], ["p", 3]], [(5,), (5, 4)], False),
        ([[]], [(1,)], False),
    ],
)
def test_shapes_are_checked_against_the_kernels(
    pattern: list[list[int | str]], shapes: Sequence[tuple[int, ...]], fits: bool
) -> None:
    sizes = [torch.Size(shape) for shape in shapes]
    if fits:
        ahead_of_time._check_shapes(pattern, sizes)
        return
    with pytest.raises(KernelRefused):
        ahead_of_time._check_shapes(pattern, sizes)


def test_other_formulas_dtypes_or_versions_are_other_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of()
    assert request.key == request_of(64).key
    assert request.key != request_of(1).key  # a length of 1 is fixed in a kernel
    flat = request.arguments[0]
    assert request.key != Request(_pixels_at, request.places, request.physics, request.numbers, (flat.double(),)).key
    other = simulator("never", ARGV + " -nopolar").physics
    assert request.key != Request(_pixels_at, request.places, other, request.numbers, request.arguments).key
    monkeypatch.setattr(torch, "__version__", "0.0")
    from simulator.evaluation.kernels import request as module

    module.environment.cache_clear()
    assert request.key != request_of().key
    monkeypatch.undo()
    module.environment.cache_clear()
    assert request.key == request_of().key


def test_of_kernels_made_at_once_one_stands(tmp_path: Path) -> None:
    files = KernelFiles(tmp_path / "kernels")

    def make(folder: Path) -> tuple[Path, dict[str, object]]:
        (folder / "made.so").write_bytes(b"code")
        time.sleep(0.01)
        return folder / "made.so", {"shapes": []}

    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: files.keep("key", make), range(16)))
    assert all(one.library.read_bytes() == b"code" for one in kept)
    assert [path.name for path in files.folder.iterdir()] == ["key"]


def test_a_kernel_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    files = KernelFiles(tmp_path / "kernels")

    def fail(folder: Path) -> tuple[Path, dict[str, object]]:
        raise KernelRefused("no")

    with pytest.raises(KernelRefused):
        files.keep("key", fail)
    assert not list(files.folder.iterdir())


def test_the_oldest_kernels_go_where_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.evaluation.kernels.files.MOST_KEPT", 2)
    files = KernelFiles(tmp_path / "kernels")

    def make(folder: Path) -> tuple[Path, dict[str, object]]:
        (folder / "made.so").write_bytes(b"code")
        return folder / "made.so", {}

    for number, key in enumerate("abc"):
        files.keep(key, make)
        os.utime(files.folder / key / NOTES, (number, number))
    files.keep("d", make)
    assert sorted(path.name for path in files.folder.iterdir()) == ["c", "d"]


def test_kernels_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_KERNELS", "off")
    assert kernel_files() is None
    assert simulator("auto").kernels.kept is None
    assert simulator("auto").kernels.build_in_background() == 0


@needs_compiler
def test_a_process_in_the_background_leaves_the_kernels_of_the_requests_it_was_given(tmp_path: Path) -> None:
    files = KernelFiles(tmp_path / "kernels")
    request = request_of()
    assert pickle.loads(pickle.dumps(request)).key == request.key
    assert background.build_in_background([request], files) == 1
    assert background.build_in_background([request], files) == 0  # somebody is at it
    deadline = time.monotonic() + 300
    while list(files.folder.glob("*.building")) and time.monotonic() < deadline:
        time.sleep(0.1)
    said = (files.folder / background.LOG).read_text()
    kept = files.find(request.key)
    assert kept is not None, said
    assert json.loads((files.folder / request.key / NOTES).read_text())["description"]["part"] == "_pixels_at"
    Kernel(kept, request)
