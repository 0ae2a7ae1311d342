"""Where and how a simulation is executed: device, dtype, threads, compilation.

The policy (POLICY-001): CUDA is preferred, its absence is said once, and what was asked for explicitly is never
overridden.
"""

from __future__ import annotations

import functools
import logging
import re
import warnings
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch

from simulator.errors import InputError
from simulator.evaluation.tiles import TileElements
from simulator.model.precision import DtypeRequest, Precision, resolve_precision

log = logging.getLogger("simulator.execution")

POLICY = "POLICY-001"

CompileChoice: TypeAlias = Literal["auto", "always", "never"]

CHOICES = "auto, cpu, cuda, cuda:N, mps"


@dataclass(frozen=True)
class Capabilities:
    """What the machine has."""

    cuda_devices: tuple[str, ...] = ()
    """Their names, by index."""
    mps: bool = False


@dataclass(frozen=True)
class Resolution:
    """Which device was chosen, what was asked for, and why."""

    device: str
    requested: str
    reason: str
    warning: str | None = None
    """What must be said to the user; None: nothing."""


@functools.cache
def machine_capabilities() -> Capabilities:
    """What torch finds here; asked once per process."""
    names = tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return Capabilities(names if torch.cuda.is_available() else (), torch.backends.mps.is_available())


def resolve_device(request: str, machine: Capabilities, precision: Precision) -> Resolution:
    """The house's table of (request, what the machine has) -> (device, why). A pure function.

    Raises:
        InputError: the device does not exist here or cannot compute in this dtype. Never a silent fallback.
    """
    if request == "cpu":
        return Resolution("cpu", request, "the CPU was asked for")
    if request == "auto":
        return _automatic(machine)
    if match := re.fullmatch(r"cuda(?::(\d+))?", request):
        return _cuda(request, int(match[1] or 0), machine)
    if request == "mps":
        return _mps(machine, precision)
    raise InputError(f"device must be one of {CHOICES}; got {request!r}")


def _automatic(machine: Capabilities) -> Resolution:
    if machine.cuda_devices:
        return Resolution("cuda:0", "auto", f"CUDA is there: {machine.cuda_devices[0]}")
    reason = "no CUDA device was found"
    remedy = "install a CUDA build of torch and a driver to use a GPU, or pass --device cpu to choose the CPU"
    return Resolution("cpu", "auto", reason, f"{POLICY}: {reason}; falling back to the CPU. {remedy}.")


def _cuda(request: str, index: int, machine: Capabilities) -> Resolution:
    names = machine.cuda_devices
    if not names:
        raise InputError(
            f"device {request!r} was asked for, but this machine has no CUDA device (or torch was built without "
            "CUDA); install a CUDA build of torch and a driver, or pass --device cpu"
        )
    if index >= len(names):
        listed = ", ".join(f"cuda:{i} ({name})" for i, name in enumerate(names))
        raise InputError(f"device {request!r} was asked for; the devices here are {listed}")
    return Resolution(f"cuda:{index}", request, f"asked for: {names[index]}")


def _mps(machine: Capabilities, precision: Precision) -> Resolution:
    if not machine.mps:
        raise InputError("device 'mps' was asked for, but this machine has none; pass --device cpu")
    if precision.name != "float32":
        raise InputError(f"device 'mps' computes in float32 only; got --dtype {precision.name}")
    return Resolution("mps", "mps", "asked for")


@dataclass(frozen=True)
class ExecutionConfig:
    """How to execute a simulation; validated when built.

    Attributes:
        device: auto, cpu, cuda, cuda:N or mps.
        dtype: a torch dtype or its name, or "mixed".
        deterministic: use only kernels whose result does not depend on scheduling.
        threads: CPU threads of torch; None leaves them as they are.
        compile: whether images take the compiled path: auto weighs its cost against the expected saving.
        memory_bytes: what temporaries may take beyond the image.
        tile: samples x pixels evaluated together; None takes what was measured on the device, or a default.
    """

    device: str = "auto"
    dtype: DtypeRequest = torch.float64
    deterministic: bool = False
    threads: int | None = None
    compile: CompileChoice = "auto"
    memory_bytes: int = 1 << 30
    tile: TileElements | None = None

    def __post_init__(self) -> None:
        resolve_precision(self.dtype)
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", self.device):
            raise InputError(f"device must be one of {CHOICES}; got {self.device!r}")
        if self.compile not in ("auto", "always", "never"):
            raise InputError(f"compile must be auto, always or never; got {self.compile!r}")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads must be at least 1; got {self.threads}")
        if self.memory_bytes < 1 << 24:
            raise InputError(f"memory must be at least 16 MiB; got {self.memory_bytes} bytes")

    @property
    def precision(self) -> Precision:
        return resolve_precision(self.dtype)

    def resolve(self, machine: Capabilities | None = None) -> Resolution:
        """The device to use, reported; warns (once per process) when ``auto`` falls back to the CPU."""
        resolution = resolve_device(self.device, machine or machine_capabilities(), self.precision)
        log.info("device %s (requested %s): %s", resolution.device, resolution.requested, resolution.reason)
        if resolution.warning:
            _warn_once(resolution.warning)
        return resolution

    def apply(self) -> None:
        """Set what torch keeps process-wide: threads and determinism, where asked for."""
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        if self.deterministic:
            torch.use_deterministic_algorithms(True)


def default_execution(device: str, dtype: DtypeRequest) -> ExecutionConfig:
    """The configuration made for a caller that passed none; that it was made is logged."""
    config = ExecutionConfig(device=device, dtype=dtype)
    log.info("%s: no ExecutionConfig was passed; made %s", POLICY, config)
    return config


@functools.cache
def _warn_once(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)
