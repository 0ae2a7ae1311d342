"""What a replay knows besides the trace: the port's formulas, and the case's own arguments where there is a case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simulator.defects import Defects
from simulator.errors import InputError
from simulator.model.lattice import SHAPES
from simulator.model.terms import Physics
from subjects.nanobragg.replay.values import Ints, Name, SideValues

if TYPE_CHECKING:
    from compare.judging.keys import Value
    from simulator import Simulator
    from simulator.evaluation.trace import Trace


@dataclass(frozen=True)
class Context:
    """Chosen once for a replay."""

    physics: Physics
    defects: Defects
    simulator: Simulator | None = None
    """Of the case; None: the traces alone."""
    own: Trace | None = None
    """The port's own trace of the case: what follows from the arguments alone is taken from here."""

    def given_header(self, name: str) -> Value | None:
        """A header value of the port's own; None without a case."""
        return self.own.header.get(name) if self.own is not None else None

    def as_stated(self, side: SideValues) -> Context:
        """With the formulas that a side's arguments choose; what it does not state stays as it is.

        The port's defects hold for both sides: a program that has others is at fault where they show.
        """

        def on(name: str, otherwise: bool) -> bool:
            value = side.header(name)
            return otherwise if value is None else bool(value)

        own = self.physics
        factors = ("oversample_thick", "oversample_polar", "oversample_omega")
        thick, polar, omega = (on(name, was) for name, was in zip(factors, own.oversampled, strict=True))
        shape, counts = side.header("crystal_shape"), side.header("N_cells")
        if shape in SHAPES and shape != self.given_header("crystal_shape"):
            own = replace(own, lattice=SHAPES[str(shape)], lattice_can_vanish=shape != "square")
        if isinstance(counts, tuple) and len(counts) == 3:
            own = replace(own, axes=_more_than_one_cell(counts))
        physics = replace(
            own,
            curved=on("curved_detector", own.curved),
            point_pixel=on("point_pixel", own.point_pixel),
            polarized=not on("unpolarized", not own.polarized),
            oversampled=(thick, polar, omega),
            compounding="oversample-compounds" in self.defects and (thick or polar or omega),
            layer_by_layer="last-layer-capture" not in self.defects and not thick,
        )
        return replace(self, physics=physics)

    def interpolates_before(self, pixel: tuple[int, int]) -> float:
        """Number of the evaluation from which interpolation is off for good in this pixel."""
        assert self.simulator is not None
        index = self.simulator._block_of(*pixel)
        return float(self.simulator._latch_evaluations(index)[0])


def _more_than_one_cell(counts: tuple[Any, ...]) -> tuple[bool, bool, bool]:
    na, nb, nc = counts
    return na > 1, nb > 1, nc > 1


def context_of_case(simulator: Simulator, pixel: tuple[int, int]) -> Context:
    """All that a case settles."""
    own = simulator.trace(*pixel)
    return Context(simulator.physics, simulator.defects, simulator, own)


def context_of_traces(a: SideValues, b: SideValues) -> Context:
    """What the header lines settle; the flags that no trace states are put in by ``infer``."""
    defects = _defects(b) or _defects(a) or Defects()

    def header(name: str, default: Any) -> Any:
        value = b.header(name)
        value = a.header(name) if value is None else value
        return default if value is None else value

    counts = header("N_cells", (2, 2, 2))
    shape = header("crystal_shape", "square")
    interpolate = bool(header("interpolate", 0))
    physics = Physics(
        lattice=SHAPES.get(shape, SHAPES["square"]),
        axes=(counts[0] > 1, counts[1] > 1, counts[2] > 1),
        curved=False,
        curved_along_laboratory_axes="curved-axes" in defects,
        point_pixel=False,
        absorbing=header("n_thick_steps", 1) > 1 or header("thick_step_meters", 0.0) > 0.0,
        cut_by_dmin=header("dmin_angstroms", 0.0) > 0.0,
        interpolate=interpolate,
        lattice_can_vanish=shape != "square",
        with_water=header("background_I", 0.0) > 0.0,
        listed=header("hkl_ranges", "unknown") != "none",
        weighted=False,
        polarized=True,
        preferred_plane=header("polarization_factor", 0.0) != 0.0,
        oversampled=(False, False, False),
        compounding=False,
        layer_by_layer="last-layer-capture" not in defects,
        background_in_sum="background-scaling" in defects,
    )
    return Context(physics, defects)


def _defects(side: SideValues) -> Defects | None:
    said = side.metadata.get("defects")
    try:
        return Defects.parse(str(said)) if said is not None else None
    except InputError:
        return None


SHOW_OVERSAMPLING: tuple[Name, ...] = (
    ("SUBPIXEL", "omega_pixel_sr"),
    ("SUBPIXEL", "capture_fraction"),
    ("SOURCE", "polar"),
    ("DOMAIN", "I_term"),
    ("DOMAIN", "I_running"),
    ("", "I_pixel_final"),
)


def variants(defects: Defects) -> list[tuple[tuple[Name, ...], list[dict[str, Any]]]]:
    """The flags that no trace states: the quantities that show each, and what it may be, the usual first."""
    oversampled = [(c, p, o) for c in (False, True) for p in (False, True) for o in (False, True)]
    compounds = "oversample-compounds" in defects
    layers = "last-layer-capture" not in defects
    return [
        ((("SUBPIXEL", "pixel_pos_meters"),), [{"curved": False}, {"curved": True}]),
        ((("SUBPIXEL", "omega_pixel_sr"),), [{"point_pixel": False}, {"point_pixel": True}]),
        ((("SOURCE", "polar"),), [{"polarized": True}, {"polarized": False}]),
        (
            SHOW_OVERSAMPLING,
            [
                {"oversampled": on, "compounding": compounds and any(on), "layer_by_layer": layers and not on[0]}
                for on in oversampled
            ],
        ),
    ]


def step_rows(side: SideValues, record: str) -> Ints:
    """The numbers of all rows of a record."""
    import numpy as np

    return np.arange(len(side.rows(record)))
