"""What is recorded of a Python value: the arrays and numbers in it, by their path."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEEPEST, WIDEST = 3, 64


def parts(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The arrays and numbers in a value: members of records, items of short tuples and of dictionaries."""
    if is_number(value):
        yield path, value
    elif depth < DEEPEST and (members := _members(value)) is not None:
        for name, member in members:
            yield from parts(member, f"{path}{name}", depth + 1)


def _members(value: Any) -> list[tuple[str, Any]] | None:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(f".{name}", getattr(value, name)) for name in value._fields]
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and _is_own(value):
        return [(f".{f.name}", getattr(value, f.name, None)) for f in dataclasses.fields(value)]
    if isinstance(value, dict) and len(value) <= WIDEST:
        return [(f".{key}", member) for key, member in value.items() if isinstance(key, str) and key.isidentifier()]
    if isinstance(value, tuple | list) and len(value) <= WIDEST:
        return [(f"[{number}]", member) for number, member in enumerate(value)]
    return None


def _is_own(value: Any) -> bool:
    """Whether a record is the program's own, and not machinery of a library."""
    return type(value).__module__.partition(".")[0] not in ("torch", "jax", "numpy", "typing", "enum")


def is_number(value: Any) -> bool:
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        return not isinstance(value, np.ndarray | np.generic) or value.dtype.kind in "biufc"
    return is_tensor(value) or is_jax(value)


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_jax(value: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)


def as_array(value: Any) -> NDArray[Any] | None:
    """A copy as int64, float64 or complex128 values; None for what has no values (traced, fake, on no device)."""
    if is_tensor(value):
        return _from_tensor(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        return None
    return np.array(array, dtype=_wide(array.dtype.kind), copy=True)


def _wide(kind: str) -> type:
    return {"f": np.float64, "c": np.complex128}.get(kind, np.int64)


def _from_tensor(tensor: Any) -> NDArray[Any] | None:
    import torch

    try:
        with torch.no_grad():
            plain = tensor.detach()
            plain = plain.to_dense() if plain.layout != torch.strided else plain
            wide = (
                torch.complex128 if plain.is_complex() else torch.float64 if plain.is_floating_point() else torch.int64
            )
            return np.array(plain.resolve_conj().to("cpu", wide).numpy(), copy=True)
    except (RuntimeError, NotImplementedError, TypeError):  # a fake or batched tensor has no values of its own
        return None


def precision(value: Any) -> str:
    """``float``, ``float32``, ``int``, ``complex``: what a site stores."""
    dtype = str(getattr(value, "dtype", type(value).__name__))
    if "complex" in dtype:
        return "complex"
    if "float" in dtype:
        return "float" if dtype.endswith(("float64", "float")) else "float32"
    return "int"
