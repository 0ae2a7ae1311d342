"""What a CUDA card makes of an image: launches, waits, memory, the share reached of its arithmetic; and a trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.arithmetic import spread
from benchmarks.limit import SHRINK
from benchmarks.operations import count_operations
from benchmarks.race import Say
from benchmarks.workloads import Workload, workloads

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from simulator import Simulator

RENDERED = ("supervisor", "many-sources", "mosaic")
DTYPES = ("float64", "mixed", "float32")
CHAINED = 256
"""Multiplications and additions of an element, one after the other, when the card's rate is measured."""

LAUNCHES = ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx", "cudaGraphLaunch")
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")


class Calls(NamedTuple):
    """What the host asked of the card."""

    launches: int
    waits: int


def tally(names: Iterable[str]) -> Calls:
    """Launches and waits among the names of a profile's events."""
    named = list(names)
    return Calls(sum(name in LAUNCHES for name in named), sum(name in WAITS for name in named))


def card(*, shrink: int, rounds: int, say: Say) -> dict[str, Any] | None:
    """The figures of the first CUDA device; None, and said, where there is none."""
    from simulator.evaluation.execution import machine_capabilities

    devices = machine_capabilities().cuda_devices
    if not devices:
        say("card: no CUDA device here, so nothing of it was measured")
        return None
    chosen = [workload for workload in workloads(shrink) if workload.name in RENDERED]
    rates = {name: rate_of_arithmetic("cuda", name, rounds) for name in ("float64", "float32")}
    images = {f"{one.name}, {dtype}": _image(one, dtype, rounds, say) for one in chosen for dtype in DTYPES}
    operations = sum(count_operations(workloads(SHRINK)[0], "float64").values())
    return {
        "device": devices[0],
        "multiply_adds_per_s": rates,
        "images": images,
        "operations": operations,
        "share": {
            dtype: operations * images[f"supervisor, {dtype}"]["evaluations_per_s"] / (2 * rates[precision])
            for dtype, precision in zip(DTYPES, ("float64", "float32", "float32"), strict=True)
        },
        "trace_s": _trace_s(chosen[0], rounds),
    }


def rate_of_arithmetic(device: str, dtype: str, rounds: int, elements: int = 1 << 24) -> float:
    """Multiplications, each with an addition, that all cores do in a second."""
    import torch

    numbers = torch.rand(elements, device=device, dtype=getattr(torch, dtype))

    @torch.compile(dynamic=False)
    def chained(x: Tensor) -> Tensor:
        y = x
        for _ in range(CHAINED):
            y = y * x + x
        return y

    chained(numbers)
    seconds = [_seconds(lambda: chained(numbers), device) for _ in range(rounds)]
    return CHAINED * elements / min(seconds)


def _seconds(work: Callable[[], Any], device: str | torch.device) -> float:
    """Of work on a device, to its end."""
    import torch

    wait = torch.cuda.synchronize if torch.device(device).type == "cuda" else lambda: None
    wait()
    began = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - began


def _image(workload: Workload, dtype: str, rounds: int, say: Say) -> dict[str, Any]:
    """An image's rate, the calls it takes and the device memory beyond it."""
    import torch

    from simulator import ExecutionConfig, Experiment, Simulator

    execution = ExecutionConfig(device="cuda", dtype=dtype, compile="always")
    with workload.folder() as folder, torch.no_grad():
        simulator = Simulator(Experiment.from_argv(workload.argv, folder), execution=execution)
        simulator.image()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        image = simulator.image()
        beyond = torch.cuda.max_memory_allocated() - before - image.numel() * image.element_size()
        seconds = spread([_seconds(simulator.image, "cuda") for _ in range(rounds)])
        calls = profiled(simulator)
    n_chunks = chunks(simulator)
    evaluations = simulator.region.n_active * simulator.prepared.steps * simulator.prepared.thick_steps
    say(f"card, {workload.name}, {dtype}: {evaluations / seconds.median / 1e6:.0f} M evaluations/s, {calls}")
    return {
        "seconds": seconds._asdict(),
        "evaluations_per_s": evaluations / seconds.median,
        "chunks": n_chunks,
        **calls._asdict(),
        "launches_per_chunk": calls.launches / n_chunks,
        "beyond_output_bytes": beyond,
    }


def chunks(simulator: Simulator) -> int:
    """Of a compiled image."""
    return -(-simulator.region.n_active // simulator._chunk_pixels(compiled=True))


def profiled(simulator: Simulator) -> Calls:
    """What the host asks of the card for one image."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        simulator.image()
    return tally(event.name for event in seen.events())


def _trace_s(workload: Workload, rounds: int) -> dict[str, float]:
    """Seconds of one trace on the card, warm."""
    from simulator import ExecutionConfig, Experiment, Simulator

    with workload.folder() as folder:
        simulator = Simulator(
            Experiment.from_argv(workload.argv, folder), execution=ExecutionConfig(device="cuda", compile="never")
        )
        slow, fast = simulator.region.pixel_at(simulator.region.n_active // 2)
        simulator.trace(slow, fast)
        return spread([_seconds(lambda: simulator.trace(slow, fast), "cuda") for _ in range(rounds)])._asdict()
