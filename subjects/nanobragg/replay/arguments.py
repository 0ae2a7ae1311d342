"""What the port makes of the case's arguments, as functions of the header lines that it is made from.

A header step also takes arguments that no line states (angles, cell, given distances). Each formula here reads its
inputs from a side and the rest from the case; ``moved`` adds what it makes of a side's inputs, less what it makes of
the port's own, to the port's own value: where the inputs are the port's the result has the port's very bits.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from compare.judging.keys import Value
from simulator.experiment import Detector
from simulator.model.algebra import Scalar, Vec, add, cross, dot, length, rotate, scale, subtract, unit, value_of, vec
from simulator.model.crystal import ANGSTROM_m, cell_counts, reciprocal_edge
from simulator.model.detector import Axes, beam_centre, beam_spot_along, first_pixel, normalised_axes, swing
from simulator.model.prepare import Prepared
from simulator.model.sources import source_points
from subjects.nanobragg.replay.step import Arguments, Result
from subjects.nanobragg.replay.values import SideValues

Formula = Callable[[Arguments], Result]
SEEN = 1e-9
"""Relative: a side's value that agrees so well with one of two readings confirms it."""
SAME = 1e-12
"""Relative: inputs of a whole number that are as close as this are taken for the port's."""


class Own:
    """The case's arguments and the port's own header.

    What stands between an argument and a line is not traced: where a line differs from the port's, either the argument
    was taken otherwise or what was made of it. A step is replayed by that reading which its side's own value confirms.
    """

    def __init__(self, prepared: Prepared, header: Mapping[str, Value], side: SideValues) -> None:
        self._prepared, self._header, self._side = prepared, header, side
        self._experiment, self._detector = prepared.experiment, prepared.experiment.detector

    def moved(self, name: str, formula: Formula) -> Callable[[Arguments], list[Result]]:
        """The step ``name``: the port's value, changed by what the side's inputs change in the formula."""
        own = self._port_value(name)

        def evaluate(x: Arguments) -> list[Result]:
            theirs, ours = _parts(formula(x)), _parts(formula(self._arguments(x)))
            parts = [value + (t - o) for value, t, o in zip(own, theirs, ours, strict=True)]
            return [parts[0] if len(parts) == 1 else Vec(*parts)]

        return evaluate

    def _port_value(self, name: str) -> tuple[float, ...]:
        value = self._header[name]
        return tuple(map(float, value if isinstance(value, tuple) else (value,)))

    def _arguments(self, x: Arguments) -> Arguments:
        """The port's own values of the same inputs."""
        values = {}
        for tag in x.tags():
            numbers = zip(x.components(tag), self._given(tag), strict=True)
            values[tag] = [torch.full_like(part, number) for part, number in numbers]
        return Arguments(values, {})

    # ---- detector -----------------------------------------------------------------------------------------------

    @cached_property
    def _axes(self) -> Axes:
        return normalised_axes(self._experiment)

    def _with(self, pixel_size: Scalar, **numbers: Any) -> Detector:
        """The detector with another pixel size, in which centres given in pixels count, and some of its numbers."""
        given = {name: getattr(self._detector, name) for name in ("Fclose_m", "Sclose_m")}
        stretch = pixel_size / self._detector.pixel_size_m
        centres: dict[str, Any] = {name: value * stretch for name, value in given.items() if value is not None}
        return replace(self._detector, pixel_size_m=pixel_size, **centres, **numbers)

    @property
    def custom(self) -> bool:
        return bool(self._detector.convention == "CUSTOM")

    @property
    def reads_centre(self) -> bool:
        """Whether the first pixel is placed by Xbeam and Ybeam."""
        return self.custom or self._prepared.geometry.pivot == "BEAM"

    def beam_centre(self, name: str) -> Formula:
        """Xbeam or Ybeam from the pixel size."""
        field = {"Xbeam_meters": "Xbeam_m", "Ybeam_meters": "Ybeam_m"}[name]

        def formula(x: Arguments) -> Result:
            centre = beam_centre(self._with(x.number("pixel_size_meters")))
            return getattr(centre, field) + 0.0 * x.number("pixel_size_meters")

        return formula

    def normal(self, x: Arguments) -> Result:
        """The detector's normal: fast x slow in CUSTOM, unless a unit vector was given."""
        still = 0.0 * x.number_of("fdet_vec")
        given = self._axes.odet
        made = unit(cross(self._axes.fdet, self._axes.sdet))
        if not self.custom or not all(value_of(p) == value_of(q) for p, q in zip(given, made, strict=True)):
            return Vec(still, still, still)
        return unit(cross(x.vector("fdet_vec"), x.vector("sdet_vec")))

    @cached_property
    def _unswing(self) -> np.ndarray:
        """(3, 3) what takes a vector back from where two-theta has carried it."""
        columns = [swing(Vec(*unit_vector), self._axes, self._detector) for unit_vector in np.eye(3).tolist()]
        return np.linalg.inv(np.array([[value_of(c) for c in column] for column in columns]).T)

    def _ratio(self, x: Arguments) -> Scalar:
        """The beam's component along the normal before two-theta: by the normal that is stated, or the case's own."""
        swung = subtract(x.vector("odet_vec"), vec(self._port_value("odet_vec")))
        if self._normal_was_right:
            swung = scale(swung, 0.0)
        angles = vec((self._detector.rotx_rad, self._detector.roty_rad, self._detector.rotz_rad))
        back = (dot(Vec(*row), swung) for row in self._unswing.tolist())
        ratio = dot(x.vector("beam_vec"), add(rotate(self._axes.odet, angles), Vec(*back)))
        return torch.where(ratio == 0.0, sys.float_info.min, ratio)

    @cached_property
    def _normal_was_right(self) -> bool:
        """Whether the side's own distances show that the normal was wrong only after it had been used."""
        close, distance = (self._side.header(name) for name in ("close_distance_meters", "distance_meters"))
        beam = self._side.header("beam_vec")
        if (
            not isinstance(close, float)
            or not isinstance(distance, float)
            or not isinstance(beam, tuple)
            or not distance
        ):
            return False
        angles = vec((self._detector.rotx_rad, self._detector.roty_rad, self._detector.rotz_rad))
        right = value_of(dot(vec(beam), rotate(self._axes.odet, angles)))
        return math.isclose(close / distance, right, rel_tol=SEEN)

    def first_pixel(self, x: Arguments) -> Result:
        """The first pixel's corner, by pivot; the frame is taken as it stands, the rotations done."""
        detector = self._with(x.number("pixel_size_meters"))
        if "Xbeam_meters" in x:
            centre = {"Xbeam_m": x.number("Xbeam_meters"), "Ybeam_m": x.number("Ybeam_meters")}
            detector = self._with(x.number("pixel_size_meters"), **centre)
        spot, ratio = beam_centre(detector), self._ratio(x)
        close = self._detector.close_distance_m
        if close is None:
            close = abs(ratio * self._detector.distance_m)
        fdet, sdet = x.vector("fdet_vec"), x.vector("sdet_vec")
        if self._prepared.geometry.pivot == "SAMPLE":
            return first_pixel(spot.Fclose_m, fdet, spot.Sclose_m, sdet, close, x.vector("odet_vec"))
        return first_pixel(spot.Fbeam_m, fdet, spot.Sbeam_m, sdet, close / ratio, x.vector("beam_vec"))

    def distance(self, x: Arguments) -> Result:
        return x.number("close_distance_meters") / self._ratio(x)

    def beam_spot(self, axis: str) -> Formula:
        """Where the beam meets the detector along an axis."""
        return lambda x: beam_spot_along(
            x.vector(axis), x.vector("beam_vec"), self.distance(x), x.vector("pix0_vector_meters")
        )

    # ---- cell, sampling, beam -----------------------------------------------------------------------------------

    @property
    def _wavelength_A(self) -> tuple[float, ...]:
        return (value_of(self._prepared.sources[0].wavelength_m) * 1e10,)

    def _stretch(self, x: Arguments, power: float) -> Scalar:
        """By how much another wavelength changes what comes from a matrix."""
        crystal = self._experiment.crystal
        if "lambda_angstroms" not in x or crystal.orientation_matrix is None:
            return 1.0
        return (x.number("lambda_angstroms") / self._wavelength_A[0]) ** power

    def volume(self, x: Arguments) -> Result:
        """The cell's volume, which another wavelength changes where it comes from a matrix alone."""
        measured = self._experiment.crystal.cell_lengths_A is not None
        stretch = 1.0 if measured else self._stretch(x, 3.0)
        return self._port_value("V_cell_A3")[0] * stretch + 0.0 * x.number("lambda_angstroms")

    def edge(self, name: str) -> Formula:
        """A cell edge: a cross product of reciprocal vectors times the volume.

        The cross product of a measured cell has the length that makes up for the volume, where that was wrong before.
        """
        own, volume = vec(self._port_value(name)), self._port_value("V_cell_A3")[0]
        measured = self._experiment.crystal.cell_lengths_A is not None
        made_up = measured and self._has_the_length_of(name)

        def formula(x: Arguments) -> Result:
            stretch = 1.0 if measured else self._stretch(x, -2.0)
            times = x.number("V_cell_A3") / volume
            return scale(own, (times * 0.0 + 1.0 if made_up else times) * stretch)

        return formula

    def _has_the_length_of(self, name: str) -> bool:
        """Whether a side's vector is as long as the port's."""
        stated = self._side.header(name)
        if not isinstance(stated, tuple):
            return False
        lengths = (math.hypot(*(float(part) for part in vector)) for vector in (stated, self._port_value(name)))
        return math.isclose(*lengths, rel_tol=SEEN)

    def reciprocal_edge(self, name: str, second: str, third: str) -> Callable[[Arguments], list[Result]]:
        """A reciprocal edge: a cross product of direct ones over the volume as it is stated, or as it was before."""
        inverse = 1.0 / self._port_value("V_cell_A3")[0]

        def evaluate(x: Arguments, *, stated: bool) -> list[Result]:
            b, c = (x.vector(f"{edge}0_angstroms") for edge in (second, third))
            V_star = 1.0 / x.number("V_cell_A3")
            return [reciprocal_edge(b, c, V_star if stated else V_star * 0.0 + inverse)]

        given = {tag: self._side.header(tag) for tag in (f"{second}0_angstroms", f"{third}0_angstroms", "V_cell_A3")}
        own = self._side.header(name)
        if own is None or any(value is None for value in given.values()):
            return partial(evaluate, stated=True)
        x = Arguments(
            {tag: [torch.tensor(part, dtype=torch.float64) for part in _tuple(v)] for tag, v in given.items()}, {}
        )
        off = [_apart(evaluate(x, stated=stated)[0], _tuple(own)) for stated in (True, False)]
        return partial(evaluate, stated=not off[1] < SEEN * off[0])

    def cell_counts(self, x: Arguments) -> list[Result]:
        """Cells along each axis: by the crystal's size where one is given."""
        own = self._port_value("N_cells")
        if self._as_own(x):
            return [[torch.full_like(x.number_of("a0_angstroms"), count) for count in own]]
        counts = cell_counts(self._experiment.crystal, self._edges_m(x))
        return [[torch.full_like(x.number_of("a0_angstroms"), float(count)) for count in counts]]

    def oversample(self, x: Arguments) -> list[Result]:
        """Subpixels along an axis: as asked for, or the recommended number rounded up."""
        unrounded = x.number("oversample_unrounded")
        if self._experiment.sampling.oversample:
            return [self._port_value("oversample")[0] + 0.0 * unrounded]
        return [torch.where(unrounded > 1.0, torch.ceil(unrounded), 1.0 + 0.0 * unrounded)]

    def unrounded_oversample(self, x: Arguments) -> Result:
        """The recommended number of subpixels before it is rounded up; 0 where the port rounds nothing."""
        if not self._port_value("oversample_unrounded")[0]:
            return 0.0 * x.number_of("N_cells")
        edges = (length(x.vector(f"{edge}0_angstroms")) for edge in "abc")
        a, b, c = (edge * count for edge, count in zip(edges, x.components("N_cells"), strict=True))
        largest = torch.maximum(torch.maximum(a, b), c)
        wavelength = x.number("lambda_angstroms") if "lambda_angstroms" in x else self._wavelength_A[0]
        return 3.0 * largest / (wavelength * x.number("distance_meters") / x.number("pixel_size_meters"))

    def _edges_m(self, x: Arguments) -> tuple[Vec, Vec, Vec]:
        a, b, c = (
            scale(Vec(*(float(part.detach()) for part in x.components(f"{edge}0_angstroms"))), ANGSTROM_m)
            for edge in "abc"
        )
        return a, b, c

    def _as_own(self, x: Arguments) -> bool:
        """Whether the inputs are the port's, to rounding: what is rounded must not flip by the way it is computed."""
        return all(
            np.allclose([float(p.detach()) for p in x.components(tag)], self._given(tag), rtol=SAME, atol=0.0)
            for tag in x.tags()
        )

    def _given(self, tag: str) -> tuple[float, ...]:
        return self._wavelength_A if tag == "lambda_angstroms" else self._port_value(tag)

    def water(self, x: Arguments) -> Result:
        """The background: proportional to r_e^2 and to the fluence."""
        (own,) = self._port_value("background_I")
        r_e_sqr, fluence = self._port_value("r_e_sqr")[0], self._port_value("fluence_photons_per_m2")[0]
        share = x.number("fluence_photons_per_m2") / fluence if fluence else 0.0 * x.number("r_e_sqr")
        return own * (x.number("r_e_sqr") / r_e_sqr) * share

    def incident(self, x: Arguments) -> list[Result]:
        """(n,) rows of SOURCE: the directions of their sources."""
        numbers = x.tic("source").long()
        ours = [[value_of(c) for c in point.incident] for point in self._prepared.sources]
        own = torch.tensor(ours, dtype=torch.float64)[numbers]
        theirs, again = (self._directions(arguments, numbers) for arguments in (x, self._arguments(x)))
        return [Vec(*(own[:, i] + (theirs[i] - again[i]) for i in range(3)))]

    def _directions(self, x: Arguments, numbers: torch.Tensor) -> list[torch.Tensor]:
        beam, plane = x.vector("beam_vec"), x.vector("polarization_axis")
        geometry = self._prepared.geometry._replace(beam=beam, polarization=plane, vertical=unit(cross(beam, plane)))
        points = source_points(self._experiment.beam, geometry, self._prepared.wavelength_m)
        still = 0.0 * beam.x
        by_source = [[still + component for component in point.incident] for point in points]
        chosen = numbers[None]
        return [torch.stack([source[i] for source in by_source]).gather(0, chosen)[0] for i in range(3)]


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _apart(result: Result, stated: tuple[Any, ...]) -> float:
    """How far a result is from a side's value."""
    return max(abs(float(part) - float(other)) for part, other in zip(_parts(result), stated, strict=True))


def _float(x: Arguments, tag: str) -> float:
    return float(x.number(tag).detach())


def _parts(result: Result) -> tuple[torch.Tensor, ...]:
    return (result,) if isinstance(result, torch.Tensor) else tuple(result)
