"""The fastest sizes of evaluation on this machine's devices, measured once and remembered."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from simulator.errors import InputError
from simulator.evaluation import execution
from simulator.evaluation.tiles import BYTES_AN_ELEMENT, DEFAULTS, TileElements

SCHEMA = 1
PLACE = "SIMULATOR_TUNING"
"""The environment variable that names another file to remember measurements in."""


def tile_elements(device: torch.device, memory_bytes: int, chosen: TileElements | None = None) -> TileElements:
    """The sizes to use: the chosen, measured or default ones, as far as the memory for temporaries goes.

    Args:
        device: where.
        memory_bytes: what temporaries may take; on the CPU every thread has its own.
        chosen: asked for; None takes what ``harness tune`` measured here, or else the default.

    Raises:
        InputError: the file of measurements cannot be read.
    """
    wanted = chosen or remembered(device) or DEFAULTS[device.type]
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    return TileElements(
        eager=_within(wanted.eager, memory_bytes // (BYTES_AN_ELEMENT.eager * threads)),
        compiled=_within(wanted.compiled, memory_bytes // BYTES_AN_ELEMENT.compiled),
        interpolating=_within(wanted.interpolating, memory_bytes // BYTES_AN_ELEMENT.interpolating),
    )


def _within(wanted: int, most: int) -> int:
    return max(1, min(wanted, most))


def tuning_file() -> Path:
    """Where measurements are remembered: ``SIMULATOR_TUNING``, or a file in the user's cache folder."""
    if named := os.environ.get(PLACE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trace-parity" / "tuning.json"


def device_key(device: torch.device) -> str:
    """What a measurement holds for: the kind of processor and, on the CPU, the number of threads."""
    if device.type == "cuda":
        return f"cuda {execution.machine_capabilities().cuda_devices[device.index or 0]}"
    if device.type == "mps":
        return f"mps {platform.machine()}"
    return f"cpu {platform.machine()} {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"


def remembered(device: torch.device) -> TileElements | None:
    """What was measured on this device; None: nothing yet.

    Raises:
        InputError: the file is not one of measurements.
    """
    found = _read().get(device_key(device))
    return None if found is None else _sizes(found)


def remember(device: torch.device, sizes: TileElements) -> Path:
    """Keep a measurement; returns the file."""
    path = tuning_file()
    devices = {**_read(), device_key(device): asdict(sizes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps({"schema": SCHEMA, "devices": devices}, indent=2) + "\n")
    beside.replace(path)
    return path


def _read() -> dict[str, Any]:
    path = tuning_file()
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path}: the file of measured sizes cannot be read ({error.strerror})") from error
    try:
        content = json.loads(text)
        if content["schema"] != SCHEMA:
            raise ValueError
        return dict(content["devices"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable() from error


def _sizes(found: Any) -> TileElements:
    try:
        return TileElements(**found)
    except (TypeError, InputError) as error:
        raise _unusable() from error


def _unusable() -> InputError:
    return InputError(f"{tuning_file()} is not a file of measured sizes; delete it or run `harness tune`")
