"""Every tensor is made on the simulator's device: shown on a device that is only pretended, so without a GPU.

Under ``PretendedDevice`` torch computes on the CPU but keeps track of where each tensor would be. Making one without
saying where, and computing with or indexing one from another device's, is an error, even for single numbers (which
torch itself lets pass).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves, tree_map_only

from simulator import ExecutionConfig, Experiment, Simulator
from simulator.evaluation import execution, pixel_sum
from simulator.evaluation.execution import Capabilities
from simulator.evaluation.tiles import TileElements

CPU, PRETENDED = "cpu", "cuda:0"

MAKERS = {torch.tensor, torch.as_tensor, torch.scalar_tensor, torch.empty, torch.zeros, torch.ones, torch.full} | {
    torch.arange,
    torch.linspace,
    torch.logspace,
    torch.eye,
    torch.rand,
    torch.randn,
}


class StrayTensor(Exception):
    """A tensor that is not where it should be."""


class PretendedDevice(TorchFunctionMode):
    """Keeps track of the device on which each tensor would be."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if func is torch.device:
            return func(*args, **named)
        if getattr(func, "__self__", None) is torch.Tensor.device:
            return torch.device(place_of(args[0]))
        places = {place_of(leaf) for leaf in tree_leaves((args, named)) if isinstance(leaf, torch.Tensor)}
        if func in MAKERS and named.get("device") is None:
            raise StrayTensor(f"{resolve_name(func)} does not say on which device")
        if len(places) > 1:
            raise StrayTensor(f"{resolve_name(func)} of tensors on {' and '.join(sorted(places))}")
        if func in (torch.Tensor.numpy, torch.Tensor.__array__) and PRETENDED in places:
            raise StrayTensor(f"{resolve_name(func)} of a tensor on {PRETENDED}")
        target = self._target(func, args, named)
        if target is None:
            return placed(func(*args, **named), places.pop() if places else CPU)
        args = tuple(CPU if is_device(arg) else arg for arg in args)
        named = {name: CPU if name == "device" else value for name, value in named.items()}
        return placed(tree_map_only(torch.Tensor, torch.clone, func(*args, **named)), target)

    @staticmethod
    def _target(func: Any, args: tuple[Any, ...], named: Mapping[str, Any]) -> str | None:
        """The device that a call names; None where it names none."""
        if func is torch.Tensor.cpu:
            return CPU
        devices = [arg for arg in (*args, named.get("device")) if is_device(arg)]
        return str(torch.device(devices[0])) if devices else None


def is_device(value: object) -> bool:
    return isinstance(value, torch.device) or (isinstance(value, str) and value in (CPU, PRETENDED))


def place_of(tensor: torch.Tensor) -> str:
    return getattr(tensor, "_place", CPU)


def placed(result: Any, place: str) -> Any:
    for leaf in tree_leaves(result):
        if isinstance(leaf, torch.Tensor):
            leaf._place = place  # type: ignore[attr-defined]
    return result


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that says it has one."""
    monkeypatch.setattr(execution, "machine_capabilities", lambda: Capabilities(("a pretended device",)))


REGION = "-roi 40 51 37 43"
FIGURES = Path(__file__).resolve().parents[1] / "reference_c" / "figures" / "reference_figures.json"
OBLIQUE = "-cell 18 19 20 82 93 101 -detpixels_x 60 -detpixels_y 50 -pixel 1 -roi 25 33 22 28"
REFERENCE_CASES = {name: case["argv"] for name, case in json.loads(FIGURES.read_text()).items()}
COMMAND_LINES = {
    name: f"{argv} {REGION} -oversample {2 if '-oversample 2' in argv else 1}" for name, argv in REFERENCE_CASES.items()
} | {
    "list": f"{OBLIQUE} -hkl made.hkl -N 5 -nointerpolate -default_F 3 -oversample 2",
    "interpolated": f"{OBLIQUE} -hkl made.hkl -N 5 -interpolate -default_F 3 -oversample 1",
    "latched": f"{OBLIQUE} -hkl made.hkl -N 5 -interpolate -default_F 3 -oversample 2 -distance 30 -dmin 2 -osc 1",
    "interpolated_round": f"{OBLIQUE} -hkl made.hkl -N 2 -round_xtal -oversample 1 -defects none",
    "sources": f"{OBLIQUE} -sourcefile made.sources -default_F 3 -N 5 -oversample 2 -defects none",
    "mask": "-mask mask.img -cell 38 47 55 78 97 106 -default_F 100 -N 5 -oversample 2 -osc 1 -threads 3",
    "layers": f"{OBLIQUE} -default_F 3 -N 5 -detector_abs 300 -detector_thick 450 -thicksteps 3 -water 1 -defects none",
    "curved": f"{OBLIQUE} -default_F 3 -N 5 -curved_det -xds -oversample 1 -defects none",
    "compounding": f"{OBLIQUE} -default_F 3 -N 5 -polar 0.5 -oversample_polar -oversample_omega -oversample_thick "
    "-detector_thick 450 -thicksteps 2 -dmin 3 -hdivrange 8 -hdivsteps 3 -oversample 2",
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the command lines name."""
    folder = tmp_path_factory.mktemp("inputs")
    indices = range(-3, 4)
    lines = (f"{h} {k} {l} {10 + h * k + l % 3}\n" for h in indices for k in indices for l in indices)
    (folder / "made.hkl").write_text("".join(lines))
    (folder / "made.sources").write_text("-10 0 0 1\n-10 0.03 0 2\n-10 0 -0.04 0.5\n")
    header = b"{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nSIZE1=11;\nSIZE2=9;\nPIXEL_SIZE=2;\n}\f".ljust(512)
    (folder / "mask.img").write_bytes(header + (np.arange(99) % 3 > 0).astype("<u2").tobytes())
    return folder


RUNS = [(name, "float64") for name in COMMAND_LINES] + [(name, "mixed") for name in [*COMMAND_LINES][::5]]


@pytest.mark.parametrize(("name", "dtype"), RUNS)
def test_all_tensors_are_on_the_simulators_device(name: str, dtype: str, gpu: None, inputs: Path) -> None:
    experiment = Experiment.from_argv(COMMAND_LINES[name].split(), inputs)
    on_cpu = Simulator(experiment, execution=ExecutionConfig(device="cpu", dtype=dtype, compile="never"))
    number = on_cpu.region.n_active // 2
    pixels = [on_cpu.region.pixel_at(0), on_cpu.region.pixel_at(number)]
    with PretendedDevice(), torch.no_grad():
        there = Simulator(experiment, execution=ExecutionConfig(device=PRETENDED, dtype=dtype, compile="never"))
        image = there.image()
        assert image.device == torch.device(PRETENDED)
        traces = there.traces(pixels)
    assert torch.equal(image, on_cpu.image())
    for trace, expected in zip(traces, on_cpu.traces(pixels), strict=True):
        assert trace.header["device"] == PRETENDED
        assert list(trace.lines())[8:] == list(expected.lines())[8:]


# That nothing waits for the device


READERS = {
    *("item", "tolist", "cpu", "numpy", "__array__", "__bool__", "__float__", "__int__", "__index__"),
    *("nonzero", "masked_select", "unique", "equal", "allclose"),
}


class CountedReads(PretendedDevice):
    """Counts what makes the host wait: numbers of the device that are read back."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        leaves = [leaf for leaf in tree_leaves((args, dict(kwargs or {}))) if isinstance(leaf, torch.Tensor)]
        if any(place_of(leaf) == PRETENDED for leaf in leaves):
            name = getattr(func, "__name__", "")
            by_mask = name == "__getitem__" and any(leaf.dtype == torch.bool for leaf in leaves[1:])
            if name in READERS or by_mask or self._target(func, args, dict(kwargs or {})) == CPU:
                self.reads.append(name)
        return super().__torch_function__(func, types, args, kwargs)


def reads_of(argv: str, inputs: Path, tile: int) -> tuple[int, list[str]]:
    """Chunks of an image, and the reads while it is rendered the second time."""
    sizes = TileElements(tile, tile, tile)
    config = ExecutionConfig(device=PRETENDED, compile="never", tile=sizes)
    experiment = Experiment.from_argv([*argv.split(), *["-roi", "10", "40", "12", "38"]], inputs)
    with CountedReads() as mode, torch.no_grad():
        simulator = Simulator(experiment, execution=config)
        simulator.image()
        mode.reads.clear()
        simulator.image()
    return -(-simulator.region.n_active // simulator._chunk_pixels(compiled=False)), mode.reads


@pytest.mark.parametrize("name", ["list", "interpolated", "sources", "layers", "curved", "dmin_cut", "mosaic_10"])
def test_the_host_reads_nothing_back_between_chunks(name: str, gpu: None, inputs: Path) -> None:
    """What is read does not grow with the image: the sum of solid angles, at the end."""
    (few, reads), (many, more) = (reads_of(COMMAND_LINES[name], inputs, tile) for tile in (1 << 20, 1))
    assert many > few
    assert reads == more
    assert len(reads) <= 1


# That the pretended device notices


PLAIN = f"{OBLIQUE} -hkl made.hkl -N 5 -oversample 1"


def rendered(folder: Path) -> torch.Tensor:
    simulator = Simulator(
        Experiment.from_argv(PLAIN.split(), folder), execution=ExecutionConfig(device=PRETENDED, compile="never")
    )
    return simulator.image()


@pytest.mark.parametrize(
    ("stray", "complaint"),
    [
        (lambda scattered: scattered._replace(F_cell=scattered.F_cell + torch.tensor(0.0)), "does not say on which"),
        (lambda scattered: scattered._replace(F_cell=scattered.F_cell + torch.zeros((), device="cpu")), "cpu and cuda"),
        (lambda scattered: scattered.F_cell[torch.zeros(1, dtype=torch.int64, device="cpu")], "cpu and cuda"),
        (lambda scattered: torch.arange(3, device="cpu")[scattered.hkl_rounded.h.long()], "cpu and cuda"),
        (lambda scattered: scattered.F_cell.numpy(), "numpy of a tensor on cuda"),
    ],
    ids=["no device", "arithmetic", "index", "indexed", "numpy"],
)
def test_a_stray_tensor_is_noticed(
    stray: Callable[[Any], Any], complaint: str, gpu: None, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = pixel_sum.scatter

    def with_stray(*args: Any) -> Any:
        scattered, after = right(*args)
        stray(scattered)
        return scattered, after

    with PretendedDevice(), torch.no_grad():
        rendered(inputs)
        monkeypatch.setattr(pixel_sum, "scatter", with_stray)
        with pytest.raises(StrayTensor, match=complaint):
            rendered(inputs)


def test_a_constant_left_behind_is_noticed(gpu: None, inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = Simulator.__init__.__globals__["constants_of"]

    def left_behind(*args: Any) -> Any:
        constants = prepared(*args)
        return constants._replace(distance_m=constants.distance_m.to("cpu"), steps=constants.steps.cpu())

    monkeypatch.setattr("simulator.evaluation.simulator.constants_of", left_behind)
    with PretendedDevice(), torch.no_grad(), pytest.raises(StrayTensor, match="cpu and cuda"):
        rendered(inputs)
