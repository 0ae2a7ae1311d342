"""The packaged cases: small scans made by formula, each with what both programs compute of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from subjects.ptychography.simulate import Recipe, simulate, write

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """A scan and the words both programs get after ``-scan``.

    Attributes:
        argv: flags of the model, without outputs.
        pixels: (position, slow, fast) of the forward traces.
        canvas: (slow, fast) of the stitch trace.
        changed: what is done to the simulated arrays.
    """

    name: str
    description: str
    recipe: Recipe
    argv: tuple[str, ...] = ()
    pixels: tuple[tuple[int, int, int], ...] = ()
    canvas: tuple[int, int] = (0, 0)
    changed: Callable[[Arrays], Arrays] = lambda arrays: arrays

    def write(self, folder: Path) -> Path:
        """Make the scan's file in a folder; its path."""
        path = folder / f"{self.name}.npz"
        write(path, self.changed(simulate(self.recipe)))
        return path


def _masked(arrays: Arrays) -> Arrays:
    """A dead row, a dead column and a beam stop."""
    side = arrays["diffraction"].shape[-1]
    mask = np.ones((side, side), np.uint8)
    mask[3, :], mask[:, side - 5], mask[side // 2 - 1 : side // 2 + 1, side // 2 - 1 : side // 2 + 1] = 0, 0, 0
    return arrays | {"mask": mask}


def _relative(arrays: Arrays) -> Arrays:
    """The probe without a unit, as most files have it."""
    return arrays | {"probeGuess": arrays["probeGuess"] / np.complex64(7.0), "probe_gauge": np.array("relative")}


def _counted(arrays: Arrays) -> Arrays:
    """Amplitudes in the integers of a 16 bit detector."""
    amplitude = np.rint(arrays["diffraction"]).astype(np.uint16)
    return arrays | {"diffraction": amplitude, "measurement": np.array("amplitude"), "intensity_scale": np.array(1.0)}


def _small(**given: object) -> Recipe:
    return Recipe(**({"patch_px": 32, "side": 4, "step_px": 5.0} | given))  # type: ignore[arg-type]


CASES: tuple[Case, ...] = (
    Case(
        "integer",
        "Positions on whole pixels, windows up to the object's edge: patches are copies of the object",
        _small(integer=True, margin_px=0),
        ("-weights", "uniform"),
        pixels=((0, 16, 16), (9, 20, 11)),
        canvas=(9, 10),
    ),
    Case(
        "sub_pixel",
        "Positions between pixels, a dose, and photons counted",
        _small(),
        ("-nphotons", "2e5"),
        pixels=((5, 16, 15), (15, 12, 18)),
        canvas=(30, 29),
    ),
    Case(
        "odd_side",
        "An odd side, where fftshift and its inverse differ",
        _small(patch_px=33),
        pixels=((3, 16, 16), (6, 17, 12)),
        canvas=(25, 31),
    ),
    Case(
        "two_modes",
        "A probe of two incoherent modes",
        _small(modes=2),
        pixels=((2, 16, 17), (11, 14, 13)),
        canvas=(31, 26),
    ),
    Case(
        "nearest",
        "Positions rounded to whole pixels",
        _small(),
        ("-interp", "nearest"),
        pixels=((1, 16, 16), (8, 18, 17)),
        canvas=(27, 27),
    ),
    Case(
        "fourier",
        "Patches moved by a phase ramp",
        _small(),
        ("-interp", "fourier"),
        pixels=((4, 15, 16), (13, 19, 13)),
        canvas=(26, 30),
    ),
    Case(
        "masked",
        "Pixels that were not measured, and a probe without a unit",
        _small(),
        pixels=((7, 3, 16), (10, 17, 15)),
        canvas=(29, 29),
        changed=lambda arrays: _relative(_masked(arrays)),
    ),
    Case(
        "large_patch",
        "A side of 128 at nine positions",
        Recipe(patch_px=128, side=3, step_px=12.0),
        ("-weights", "uniform"),
        pixels=((0, 64, 64), (8, 60, 70)),
        canvas=(78, 81),
    ),
    Case(
        "group_of_four",
        "Four positions that are one group, amplitudes stored as 16 bit integers",
        _small(nphotons=1e8),
        ("-positions", "0,1,4,5", "-weights", "central", "-outside", "zero"),
        pixels=((0, 16, 14), (5, 17, 16)),
        canvas=(24, 24),
        changed=_counted,
    ),
)


def case_named(name: str) -> Case:
    """The packaged case of a name. Raises KeyError."""
    return {case.name: case for case in CASES}[name]
