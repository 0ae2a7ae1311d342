"""Sizes of evaluation: what is remembered, how memory bounds them, and that they change no value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from simulator import ExecutionConfig, Experiment, InputError, Simulator
from simulator.evaluation.image_kernels import ImageKernels
from simulator.evaluation.kernels.compiled import MOST_PIXELS, TILE_SAMPLES, compiled_chunk, compiler_missing
from simulator.evaluation.tiles import BYTES_AN_ELEMENT, DEFAULTS, TileElements
from simulator.evaluation.tuning import device_key, remember, remembered, tile_elements

CPU = torch.device("cpu")
SIZES = TileElements(eager=1 << 12, compiled=1 << 19, interpolating=1 << 17)
PLENTY = 1 << 40


@pytest.fixture(autouse=True)
def tuning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of measurements of this test's own; not there yet."""
    path = tmp_path / "cache" / "tuning.json"
    monkeypatch.setenv("SIMULATOR_TUNING", str(path))
    return path


def test_what_was_measured_is_remembered_and_used(tuning: Path) -> None:
    assert remembered(CPU) is None
    assert tile_elements(CPU, PLENTY) == DEFAULTS["cpu"]
    assert remember(CPU, SIZES) == tuning
    assert remembered(CPU) == SIZES == tile_elements(CPU, PLENTY)
    assert [path.name for path in tuning.parent.iterdir()] == [tuning.name]


def test_a_measurement_holds_for_its_device_and_threads_only(tuning: Path) -> None:
    threads = torch.get_num_threads()
    remember(CPU, SIZES)
    torch.set_num_threads(threads + 1)
    try:
        assert remembered(CPU) is None
        remember(CPU, DEFAULTS["cpu"])
    finally:
        torch.set_num_threads(threads)
    assert remembered(CPU) == SIZES
    assert len(json.loads(tuning.read_text())["devices"]) == 2


def test_sizes_asked_for_come_before_those_remembered() -> None:
    remember(CPU, SIZES)
    chosen = TileElements(1, 2, 3)
    assert tile_elements(CPU, PLENTY, chosen) == chosen


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"schema": 2, "devices": {}}',
        '{"schema": 1, "devices": {"KEY": {"eager": 5}}}',
        '{"schema": 1, "devices": {"KEY": {"eager": 5, "compiled": 0, "interpolating": 1}}}',
        '{"schema": 1, "devices": {"KEY": 7}}',
    ],
)
def test_a_file_that_is_none_is_named(tuning: Path, content: str) -> None:
    tuning.parent.mkdir()
    tuning.write_text(content.replace("KEY", device_key(CPU)))
    with pytest.raises(InputError, match=f"{tuning}.*harness tune"):
        tile_elements(CPU, PLENTY)


def test_memory_bounds_every_size() -> None:
    memory = 1 << 24
    bounded = tile_elements(CPU, memory, TileElements(1 << 30, 1 << 30, 1 << 30))
    assert bounded.eager * BYTES_AN_ELEMENT.eager * torch.get_num_threads() <= memory
    assert bounded.compiled * BYTES_AN_ELEMENT.compiled <= memory
    assert bounded.interpolating * BYTES_AN_ELEMENT.interpolating <= memory
    assert min(vars(bounded).values()) > 1000


@pytest.mark.parametrize("tile_size", [1, 4, 10, 32])
@pytest.mark.parametrize("n_pixels", [1, 64, 5000, 70_000, 1 << 22])
def test_compiled_chunks_stay_within_their_elements_and_waste_little(tile_size: int, n_pixels: int) -> None:
    elements = 1 << 20
    size = compiled_chunk(elements, tile_size, n_pixels, CPU)
    assert size <= min(elements // tile_size, MOST_PIXELS["cpu"])
    assert size >= min(n_pixels, elements // tile_size // 2, MOST_PIXELS["cpu"])
    whole = compiled_chunk(elements, tile_size, 1 << 30, CPU)
    assert -(-n_pixels // size) * size - n_pixels < max(whole / 8 if n_pixels < whole else whole, 1)


needs_compiler = pytest.mark.skipif(
    compiler_missing() is not None, reason=f"torch.compile cannot run here: {compiler_missing()}"
)


@needs_compiler
def test_sizes_change_no_bit_of_a_compiled_image() -> None:
    argv = "-cell 38 47 55 78 97 106 -default_F 100 -N 5 -osc 1 -phisteps 3 -oversample 1 -detpixels 24 -pixel 3"
    experiment = Experiment.from_argv(argv.split())
    one, many = (
        Simulator(experiment, execution=ExecutionConfig(device="cpu", compile="always", tile=TileElements(n, n, n)))
        for n in (1 << 14, 3 * 64)
    )
    assert one._chunk_pixels(compiled=True) >= one.region.n_active > 4 * many._chunk_pixels(compiled=True)
    assert torch.equal(one.image(), many.image())


@needs_compiler
def test_one_kernel_serves_every_number_of_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled for 3 samples (a whole sum) and for 34 (two tiles); the same for all others."""
    sizes = TileElements(eager=1 << 17, compiled=1 << 24, interpolating=1 << 24)

    def compiled_is_exact(samples: int) -> None:
        cell = "-cell 38 47 55 78 97 106 -default_F 100 -N 5"
        argv = f"{cell} -oversample 1 -detpixels 24 -pixel 3 -mosaic 1 -mosaic_domains {samples}"
        experiment = Experiment.from_argv(argv.split())
        image, exact = (
            Simulator(experiment, execution=ExecutionConfig(device="cpu", compile=choice, tile=sizes)).image()
            for choice in ("always", "never")
        )
        torch.testing.assert_close(image, exact, rtol=1e-12, atol=0)

    def no_compiler(*_: object) -> None:
        raise AssertionError("nothing was to be compiled")

    for samples in (3, 34):
        compiled_is_exact(samples)
    monkeypatch.setattr("simulator.evaluation.kernels.kept.compiled_ahead", no_compiler)
    tile = TILE_SAMPLES["cpu"]
    for samples in (2, 5, 17, tile, tile + 1, 2 * tile + 3):
        compiled_is_exact(samples)


def test_images_that_cannot_be_compiled_are_refused_when_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.evaluation.image_kernels.compiler_missing", lambda: "no C++ compiler was found")
    argv = "-cell 40 40 40 90 90 90 -N 2 -default_F 1 -detpixels 4"
    experiment = Experiment.from_argv(argv.split())
    with pytest.raises(InputError, match="no C\\+\\+ compiler was found; pass compile='never'"):
        Simulator(experiment, execution=ExecutionConfig(device="cpu", compile="always")).image()


@pytest.mark.parametrize(
    ("words", "compiles"),
    [
        ("-detpixels 1024 -phisteps 10", False),
        ("-detpixels 4096 -phisteps 40", True),
        ("-detpixels 2048 -phisteps 20 -hkl made.hkl -nointerpolate", False),
        ("-detpixels 2048 -phisteps 20 -hkl made.hkl -interpolate", True),
    ],
)
def test_images_are_compiled_where_that_saves_time(
    words: str, compiles: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.evaluation.image_kernels.compiler_missing", lambda: None)
    monkeypatch.setenv("SIMULATOR_KERNELS", str(tmp_path / "none kept"))
    monkeypatch.setattr(ImageKernels, "build", lambda self: None)
    (tmp_path / "made.hkl").write_text("".join(f"{h} {k} {l} 5\n" for h in (-3, 3) for k in (-3, 3) for l in (-3, 3)))
    argv = f"-cell 40 40 40 90 90 90 -N 5 -default_F 1 -oversample 1 -osc 1 {words}"
    simulator = Simulator(Experiment.from_argv(argv.split(), tmp_path), execution=ExecutionConfig(device="cpu"))
    assert simulator._compiles() is compiles
    monkeypatch.setattr("simulator.evaluation.image_kernels.compiler_missing", lambda: "no compiler")
    assert not simulator._compiles()
