"""Other values than the program computed: the reference's at chosen steps, or each moved by up to an ulp."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.errors import CaptureError
from capture.python.numbers import is_jax, is_tensor, parts
from capture.trace import Site

STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class Forced:
    """Gives the reference's values at the chosen steps.

    The file has, for each value, its site, its part, the section and loop indices at which it is bound, and how often
    that place had been reached with them.
    """

    def __init__(self, path: Path) -> None:
        self.values: dict[tuple[Any, ...], list[tuple[str, NDArray[Any]]]] = {}
        self.reached: dict[tuple[Any, ...], int] = {}
        self.sites: set[int] = set()
        with np.load(path, allow_pickle=False) as stored:
            for number, entry in enumerate(json.loads(stored["head"].tobytes())):
                key = (entry["site"], entry["section"], tuple(entry["where"]), entry["nth"])
                self.values.setdefault(key, []).append((entry["part"], stored[f"{number}_values"]))
                self.sites.add(entry["site"])

    def __call__(self, site: Site, value: Any, section: int, where: tuple[int, ...]) -> Any:
        if site.number not in self.sites:
            return value
        key = (site.number, section, where)
        self.reached[key] = self.reached.get(key, 0) + 1
        for part, values in self.values.get((*key, self.reached[key]), ()):
            value = replaced(value, part, partial(put, values=values))
        return value


class Moved:
    """Moves every floating-point number by up to one unit in the last place, the same way for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def __call__(self, site: Site, value: Any, section: int, where: tuple[int, ...]) -> Any:
        for part, number in list(parts(value)):
            if is_float(number):
                value = replaced(value, part, self._moved)
        return value

    def _moved(self, old: Any) -> Any:
        shape = tuple(old.shape) if hasattr(old, "shape") else ()
        noise = self.random.uniform(-1.0, 1.0, shape)
        if is_tensor(old):
            import torch

            unit = torch.finfo(old.dtype).eps
            return old * (1.0 + unit * torch.as_tensor(noise, dtype=old.real.dtype, device=old.device))
        array = np.asarray(old)
        unit = np.finfo(array.dtype).eps
        moved = array * (1.0 + unit * noise)
        if is_jax(old):
            return jax_array(old, moved)
        return moved.astype(array.dtype) if isinstance(old, np.ndarray | np.generic) else type(old)(moved)


def is_float(value: Any) -> bool:
    if is_tensor(value):
        return bool(value.is_floating_point() or value.is_complex())
    return isinstance(value, float | complex) or (hasattr(value, "dtype") and np.dtype(value.dtype).kind in "fc")


def jax_array(old: Any, values: NDArray[Any]) -> Any:
    """The values as a JAX array was: its shape, precision and device."""
    import jax

    given = np.asarray(values).reshape(old.shape)
    array = np.where(np.isnan(given), np.asarray(old), given).astype(old.dtype)
    return jax.device_put(array, next(iter(old.devices())))


def put(old: Any, values: NDArray[Any]) -> Any:
    """The values with the old one's type, shape, device and precision; the old ones where NaN or of another size."""
    if is_tensor(old):
        import torch

        if old.numel() != values.size:
            return old
        tensor = torch.as_tensor(values, device=old.device).reshape(old.shape)
        return torch.where(tensor.isnan(), old, tensor.to(old.dtype))
    if is_jax(old):
        return old if old.size != values.size else jax_array(old, values)
    if isinstance(old, np.ndarray):
        given = values.reshape(old.shape) if old.size == values.size else np.full(old.shape, np.nan)
        kept = np.isnan(given)
        return np.where(kept, old, np.where(kept, 0, given).astype(old.dtype))
    number = values.reshape(-1)[0].item() if values.size == 1 else np.nan
    return old if np.isnan(number) else type(old)(number)


def replaced(value: Any, path: str, change: Any) -> Any:
    """The value with the part at ``path`` (``.position.x``, ``[0]``) changed.

    Raises:
        CaptureError: it has no such part.
    """
    if not path:
        return change(value)
    step = STEP.match(path)
    if step is None:
        raise CaptureError(f"{path!r} is no part of a value")
    name, rest = step[1], path[step.end() :]
    if name is None:
        place = int(step[2])
        items = list(value)
        items[place] = replaced(items[place], rest, change)
        return type(value)(items)
    if isinstance(value, dict):
        return {**value, name: replaced(value[name], rest, change)}
    member = replaced(getattr(value, name), rest, change)
    return (
        value._replace(**{name: member}) if hasattr(value, "_replace") else dataclasses.replace(value, **{name: member})
    )
