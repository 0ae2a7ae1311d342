"""A step of the model on rows of a trace: where its inputs stand, and the port's function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.model.algebra import Rotation, Vec
from simulator.model.lattice import LatticeConstants, Miller
from simulator.model.terms import Constants, Subpixel
from subjects.nanobragg.replay.values import HEADER, Ints, Name

HEADER_CONSTANTS = {
    "pixel_size_meters": "pixel_size_m",
    "subpixel_size_meters": "subpixel_size_m",
    "oversample": "oversample",
    "fdet_vec": "fdet",
    "sdet_vec": "sdet",
    "odet_vec": "odet",
    "beam_vec": "beam",
    "pix0_vector_meters": "pix0_m",
    "distance_meters": "distance_m",
    "close_distance_meters": "close_distance_m",
    "Fbeam_meters": "Fbeam_m",
    "Sbeam_meters": "Sbeam_m",
    "thick_step_meters": "thick_step_m",
    "attenuation_per_meter": "attenuation_per_m",
    "polarization_axis": "polarization",
    "polarization_factor": "polarization_factor",
    "steps": "steps",
    "background_I": "background_I",
}
"""Traced names of the numbers that the pixel sum reads."""


@dataclass(frozen=True)
class Input:
    """A traced value that a step is computed from."""

    name: Name
    at: Ints | None = None
    """(n,) row of the input's record for each row of the step; None: the one row of the header."""
    carries: bool = False
    """It is the step's own earlier value: rows depend on each other."""
    label: str = ""
    """Tells apart several values of one quantity."""
    idle: bool = False
    """The function is given it, and its result does not depend on it: no edge of the graph."""

    @property
    def tag(self) -> str:
        """What the step calls it."""
        return self.label or f"{'previous ' if self.carries else ''}{self.name[1]}"


class Arguments:
    """A step's inputs as tensors (P,), and the indices of its rows."""

    def __init__(self, values: Mapping[str, Sequence[Tensor]], tics: Mapping[str, Tensor]) -> None:
        self._values, self._tics = values, tics

    def __contains__(self, tag: str) -> bool:
        return tag in self._values

    def tags(self) -> tuple[str, ...]:
        """What the inputs are called."""
        return tuple(self._values)

    def number_of(self, tag: str) -> Tensor:
        """One component of a quantity, where any will do."""
        return self._values[tag][0]

    def number(self, tag: str) -> Tensor:
        """A scalar."""
        (value,) = self._values[tag]
        return value

    def components(self, tag: str) -> tuple[Tensor, ...]:
        """All components of a quantity."""
        return tuple(self._values[tag])

    def vector(self, tag: str) -> Vec:
        """A laboratory vector."""
        return Vec(*self._values[tag])

    def miller(self, tag: str) -> Miller:
        """Miller indices."""
        return Miller(*self._values[tag])

    def rotation(self, tag: str) -> Rotation:
        """A row-major matrix."""
        nine = self._values[tag]
        return Rotation(Vec(*nine[0:3]), Vec(*nine[3:6]), Vec(*nine[6:9]))

    def tic(self, name: str) -> Tensor:
        """An index of the rows, as floats."""
        return self._tics[name]

    def subpixel(self) -> Subpixel:
        """The rows' layer and subpixel."""
        thick_tic = self.tic("thick_tic")
        return Subpixel(thick_tic, self.tic("sub_s"), self.tic("sub_f"), torch.full_like(thick_tic, torch.nan))

    def constants(self, **more: object) -> Constants:
        """The shared numbers among the inputs; a step that reads another one fails."""
        fields: dict[str, Any] = dict.fromkeys(Constants._fields)
        for name, of in HEADER_CONSTANTS.items():
            if name in self:
                value = self.components(name)
                fields[of] = Vec(*value) if len(value) == 3 else value[0]
        return Constants(**{**fields, **more})

    def lattice_constants(self) -> LatticeConstants:
        """Cell counts, fudge and reciprocal vectors; None for those that are no inputs."""
        counts = self.components("N_cells")
        stars = (self.vector(f"{axis}_star_A_inv") if f"{axis}_star_A_inv" in self else None for axis in "abc")
        fudge = self.number("fudge") if "fudge" in self else None
        return LatticeConstants._make((*counts, fudge, *stars))


Result = Sequence[Tensor] | Tensor
"""The components of one output."""


@dataclass(frozen=True)
class Step:
    """Some rows of one record, computed by one function of the port."""

    record: str
    names: tuple[str, ...]
    rows: Ints
    inputs: tuple[Input, ...]
    evaluate: Callable[[Arguments], Sequence[Result]]
    """One result for each name."""
    decides: bool = False
    """Its results are discrete: they carry no rounding on."""
    grain: float = 0.0
    """Its results are kept to this relative size: either neighbour is within what rounding can do end to end."""
    also: tuple[Input, ...] = ()
    """What it follows from besides, which is no number, or which chooses the formula: edges of the graph."""
    hidden: bool = False
    """Much of it follows from arguments, by operations that are not seen here: rounding there counts too."""

    @property
    def edges(self) -> tuple[Input, ...]:
        """All that its results follow from."""
        return (*(given for given in self.inputs if not given.idle), *self.also)


@dataclass(frozen=True)
class Given:
    """Rows that follow from the program's arguments alone, as the port itself computes them."""

    record: str
    name: str
    rows: Ints
    values: Sequence[Any]
    """One value for each row: numbers, tuples or words."""
    also: tuple[Input, ...] = ()
    """Arguments that are stated under a name of their own; the values are the port's, so they hold for these alone."""


def components(result: Result) -> tuple[Tensor, ...]:
    """The components of an output."""
    return (result,) if isinstance(result, torch.Tensor) else tuple(result)


def copy_of(tag: str, part: int | None = None) -> Callable[[Arguments], Sequence[Result]]:
    """A step that repeats its input, or one component of it."""
    which = slice(None) if part is None else slice(part, part + 1)
    return lambda x: [x.components(tag)[which]]


def header_inputs(*names: str) -> tuple[Input, ...]:
    """Inputs that stand in the header."""
    return tuple(Input((HEADER, name)) for name in names)


def unread_inputs(*names: str) -> tuple[Input, ...]:
    """Inputs of the header that the function takes and whose values do not matter."""
    return tuple(replace(given, idle=True) for given in header_inputs(*names))
