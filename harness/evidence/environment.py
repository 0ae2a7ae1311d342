"""What the machine and its software were when a run was made: ``env.json`` of the evidence folder."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.evidence.redaction import looks_secret

PACKAGES = ("trace-parity", "torch", "numpy", "pandas", "rich", "typer", "matplotlib")
EXACT_NAMES = frozenset(
    {"PYTHONHASHSEED", "HARNESS_REFERENCE", "CUBLAS_WORKSPACE_CONFIG", "CC", "CFLAGS", "LD_LIBRARY_PATH"}
)
PREFIXES = ("OMP_", "MKL_", "KMP_", "GOMP_", "TORCH", "PYTORCH_", "CUDA_", "NVIDIA_", "OPENBLAS_", "ATEN_")


def environment_record(
    *, device: str | None = None, dtype: str | None = None, requested: str | None = None, reason: str | None = None
) -> dict[str, Any]:
    """The facts of ``env.json``. torch is asked only when it is loaded already: what did not run cannot matter.

    Args:
        device: what the run computed on; ``requested`` and ``reason`` say how that came about.
        dtype: what it computed in.
    """
    git = _git()
    return {
        "python_version": platform.python_version(),
        "torch_version": _version("torch"),
        **_torch_facts(),
        "device": device,
        "device_requested": requested,
        "device_reason": reason,
        "dtype": dtype,
        "git_sha": git[0],
        "git_dirty": git[1],
        "hostname": socket.gethostname(),
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "cpu_count": os.cpu_count(),
        "variables": variables_that_matter(os.environ),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def variables_that_matter(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that change results or say how torch ran; credentials never."""
    chosen = (name for name in environment if name in EXACT_NAMES or name.startswith(PREFIXES))
    return {name: environment[name] for name in sorted(chosen) if not looks_secret(name)}


def cpu_name() -> str:
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _torch_facts() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None:
        unknown = ("cuda_available", "cuda_version", "device_count", "devices", "driver", "threads")
        return {"torch_loaded": False, **dict.fromkeys(unknown)}
    available = torch.cuda.is_available()
    count = torch.cuda.device_count() if available else 0
    return {
        "torch_loaded": True,
        "cuda_available": available,
        "cuda_version": torch.version.cuda,
        "device_count": count,
        "devices": [torch.cuda.get_device_name(index) for index in range(count)],
        "driver": _driver() if available else None,
        "threads": torch.get_num_threads(),
    }


def _driver() -> str | None:
    answer = _answer(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"])
    return answer.splitlines()[0].strip() if answer else None


def _git() -> tuple[str | None, bool | None]:
    root = Path(__file__).resolve().parents[2]
    sha = _answer(["git", "-C", str(root), "rev-parse", "HEAD"]) if (root / ".git").exists() else None
    if not sha:
        return None, None
    return sha.strip(), bool((_answer(["git", "-C", str(root), "status", "--porcelain"]) or "").strip())


def _answer(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
