"""Where and how training and inference run.

POLICY-001: CUDA is preferred, its absence is said once, and what was asked for explicitly is never overridden. The
device itself is resolved by the house's one table (`simulator.evaluation.execution`).
"""

from __future__ import annotations

import importlib.util
import logging
import math
import os
import re
import warnings
from dataclasses import dataclass, replace

import torch

from simulator.errors import InputError
from simulator.evaluation.execution import POLICY, Capabilities, machine_capabilities, resolve_device
from simulator.model.precision import resolve_precision

log = logging.getLogger("ptychography.execution")

ACCELERATORS = "auto, cpu, cuda, cuda:N, gpu, mps"
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
SCHEDULERS = ("Default", "Exponential", "ReduceLROnPlateau", "WarmupCosine", "CosineAnnealing")
LOGGERS = ("csv", "tensorboard", "mlflow", "none")
LOGGER_PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow"}
MONITORED = ("val_loss", "train_loss")

NO_CUDA = (
    f"{POLICY}: No CUDA device detected; the CPU is used, which is much slower. Pass --torch-accelerator cpu to choose "
    "it without this warning, or install a CUDA build of torch (https://pytorch.org/get-started/locally/)."
)
GPU_FIRST = (
    f"{POLICY}: No --torch-* execution flags provided. Backend will use GPU-first defaults (auto-detects CUDA if "
    "available, else CPU). CPU-only users should pass --torch-accelerator cpu."
)


@dataclass(frozen=True)
class PyTorchExecutionConfig:
    """How to execute, apart from what is computed; validated when built."""

    accelerator: str = "auto"
    devices: int = 1
    deterministic: bool | str = True
    precision: str = "32-true"
    num_workers: int = 0
    pin_memory: bool = False
    persistent_workers: bool = False
    prefetch_factor: int | None = None
    learning_rate: float = 1e-3
    scheduler: str = "Default"
    plateau_factor: float = 0.5
    plateau_patience: int = 2
    plateau_min_lr: float = 5e-5
    plateau_threshold: float = 0.0
    accum_steps: int = 1
    gradient_clip_val: float | None = None
    gradient_clip_algorithm: str = "norm"
    enable_checkpointing: bool = True
    checkpoint_save_top_k: int = 1
    checkpoint_monitor_metric: str = "val_loss"
    checkpoint_mode: str = "min"
    early_stop_patience: int = 100
    logger_backend: str = "csv"
    enable_progress_bar: bool = False
    inference_batch_size: int | None = None

    def __post_init__(self) -> None:
        self._check_device()
        self._check_loading()
        self._check_optimisation()
        self._check_keeping()

    def _check_device(self) -> None:
        if self.accelerator == "tpu":
            raise InputError("accelerator 'tpu' is not supported; one of " + ACCELERATORS + " was required")
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?|gpu|mps", self.accelerator):
            raise InputError(f"accelerator must be one of {ACCELERATORS}; got {self.accelerator!r}")
        _require(self.devices == 1, "devices must be 1", self.devices)
        _require(self.deterministic in (True, False, "warn"), "deterministic: true, false or warn", self.deterministic)
        _require(self.precision in PRECISIONS, f"precision must be one of {', '.join(PRECISIONS)}", self.precision)
        if self.accelerator == "mps" and self.deterministic is True:
            raise InputError("accelerator 'mps' has no deterministic kernels; pass --no-torch-deterministic")

    def _check_loading(self) -> None:
        _require(self.num_workers >= 0, "num_workers must be at least 0", self.num_workers)
        if self.num_workers == 0 and (self.persistent_workers or self.prefetch_factor is not None):
            raise InputError("persistent_workers and prefetch_factor need num_workers > 0")
        _require(self.prefetch_factor is None or self.prefetch_factor > 0, "prefetch_factor > 0", self.prefetch_factor)
        size = self.inference_batch_size
        _require(size is None or size > 0, "inference_batch_size must be above 0", size)

    def _check_optimisation(self) -> None:
        rate = self.learning_rate
        _require(math.isfinite(rate) and rate > 0, "learning_rate must be positive and finite", rate)
        _require(self.scheduler in SCHEDULERS, f"scheduler must be one of {', '.join(SCHEDULERS)}", self.scheduler)
        _require(0 < self.plateau_factor < 1, "plateau_factor must lie between 0 and 1", self.plateau_factor)
        _require(self.plateau_patience >= 0, "plateau_patience must be at least 0", self.plateau_patience)
        _require(self.plateau_min_lr >= 0, "plateau_min_lr must be at least 0", self.plateau_min_lr)
        _require(self.plateau_threshold >= 0, "plateau_threshold must be at least 0", self.plateau_threshold)
        _require(self.accum_steps >= 1, "accum_steps must be at least 1", self.accum_steps)
        clip = self.gradient_clip_val
        _require(clip is None or (math.isfinite(clip) and clip > 0), "gradient_clip_val must be above 0", clip)
        known = self.gradient_clip_algorithm in ("norm", "value")
        _require(known, "gradient_clip_algorithm must be norm or value", self.gradient_clip_algorithm)

    def _check_keeping(self) -> None:
        _require(
            self.checkpoint_save_top_k >= -1, "checkpoint_save_top_k must be -1 or more", self.checkpoint_save_top_k
        )
        metric = self.checkpoint_monitor_metric
        _require(metric in MONITORED, f"checkpoint_monitor_metric must be one of {', '.join(MONITORED)}", metric)
        _require(self.checkpoint_mode in ("min", "max"), "checkpoint_mode must be min or max", self.checkpoint_mode)
        _require(self.early_stop_patience > 0, "early_stop_patience must be above 0", self.early_stop_patience)
        backend = self.logger_backend
        _require(backend in LOGGERS, f"logger must be one of {', '.join(LOGGERS)}", backend)
        package = LOGGER_PACKAGES.get(backend)
        if package and importlib.util.find_spec(package) is None:
            raise InputError(f"logger {backend!r} needs the package {package}, which is not installed; use csv")

    def resolve(self, machine: Capabilities | None = None) -> PyTorchExecutionConfig:
        """The same with the device that ``auto`` and ``gpu`` stand for; warns when ``auto`` falls back to the CPU.

        Raises:
            InputError: the device that was asked for is not there, or cannot compute in this precision.
        """
        machine = machine or machine_capabilities()
        request = "cuda" if self.accelerator == "gpu" else self.accelerator
        try:
            found = resolve_device(request, machine, resolve_precision(torch.float32))
        except InputError as error:
            raise InputError(str(error).replace("--device cpu", "--torch-accelerator cpu")) from error
        if found.warning:
            warnings.warn(NO_CUDA, UserWarning, stacklevel=3)
        name = "cuda" if found.device == "cuda:0" and self.accelerator != "cuda:0" else found.device
        if self.precision != "32-true" and not name.startswith("cuda"):
            raise InputError(f"precision {self.precision} needs CUDA; on {name} use 32-true")
        return replace(self, accelerator=name)

    def apply(self) -> None:
        """Set what torch keeps process-wide: determinism."""
        if self.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=self.deterministic == "warn")
            if self.num_workers > 0:
                log.warning("deterministic with num_workers %d: the order of batches is kept, their timing is not",
                            self.num_workers)  # fmt: skip
        else:
            torch.use_deterministic_algorithms(False)


def _require(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise InputError(f"{what}; got {got!r}")


def dispatched(execution: PyTorchExecutionConfig | None, machine: Capabilities | None = None) -> PyTorchExecutionConfig:
    """A given configuration goes on, resolved; without one a default is made, resolved and logged."""
    if execution is not None:
        return execution.resolve(machine)
    made = PyTorchExecutionConfig().resolve(machine)
    log.info(
        "Backend dispatcher: auto-instantiated PyTorchExecutionConfig with accelerator='%s' (%s GPU-first defaults)",
        made.accelerator,
        POLICY,
    )
    return made


def say_built(execution: PyTorchExecutionConfig) -> None:
    """The line that a configuration made from flags is announced with."""
    log.info(
        "PyTorch execution config built: accelerator=%s, num_workers=%d, learning_rate=%g, logger_backend=%s",
        execution.accelerator,
        execution.num_workers,
        execution.learning_rate,
        execution.logger_backend,
    )


def say_device(accelerator: str, machine: Capabilities | None = None) -> None:
    """What is there and what is used, when training starts."""
    machine = machine or machine_capabilities()
    used = accelerator.startswith("cuda")
    log.info(
        "GPU available: %s%s, used: %s", bool(machine.cuda_devices), " (cuda)" if machine.cuda_devices else "", used
    )
    if used:
        index = int(accelerator.partition(":")[2] or 0)
        log.info("CUDA_VISIBLE_DEVICES: [%s]", os.environ.get("CUDA_VISIBLE_DEVICES", index))
        log.info(
            "%s, CUDA %s, torch %s, driver %s",
            machine.cuda_devices[index],
            torch.version.cuda,
            torch.__version__,
            driver_version(),
        )


def driver_version() -> str:
    """The NVIDIA driver's, from the kernel module; "unknown" where it does not say."""
    try:
        with open("/proc/driver/nvidia/version", encoding="utf-8") as file:
            found = re.search(r"\d+\.\d+(\.\d+)?", file.readline())
    except OSError:
        return "unknown"
    return found[0] if found else "unknown"
