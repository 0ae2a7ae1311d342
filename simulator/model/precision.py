"""What is computed in which dtype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import torch

from simulator.errors import InputError

DtypeRequest: TypeAlias = torch.dtype | str


@dataclass(frozen=True)
class Precision:
    """A named pair of dtypes."""

    name: str
    position: torch.dtype
    """Positions, scattering vectors, Miller indices, and the running sum."""
    intensity: torch.dtype
    """Lattice factor, structure factor and term."""

    @property
    def reduced(self) -> bool:
        """Whether the lattice factor must be computed from the distance to the nearest reflection."""
        return self.intensity == torch.float32


PRECISIONS = {
    "float64": Precision("float64", torch.float64, torch.float64),
    "float32": Precision("float32", torch.float32, torch.float32),
    "mixed": Precision("mixed", torch.float64, torch.float32),
}


def resolve_precision(request: DtypeRequest | Precision) -> Precision:
    """``torch.float64``, ``"mixed"``, ... as a Precision; InputError lists the choices."""
    if isinstance(request, Precision):
        return request
    name = str(request).removeprefix("torch.")
    if name not in PRECISIONS:
        raise InputError(f"dtype must be one of {', '.join(PRECISIONS)}; got {request}")
    return PRECISIONS[name]
