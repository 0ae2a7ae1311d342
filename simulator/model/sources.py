"""The beam as a list of point sources (model, section 7)."""

from __future__ import annotations

from typing import NamedTuple

from simulator.experiment import Beam
from simulator.model.algebra import Scalar, Vec, rotate_axis, scale, unit, vec
from simulator.model.detector import Geometry
from simulator.model.step_counts import directions_left

SOURCE_DISTANCE_m = 10.0


class SourcePoint(NamedTuple):
    """One direction and wavelength of the beam."""

    incident: Vec
    """Unit vector from the source to the crystal."""
    wavelength_m: Scalar
    weight: float


def source_points(beam: Beam, geometry: Geometry, wavelength_m: Scalar) -> list[SourcePoint]:
    """All sources in the reference's order."""
    if beam.sources is not None:
        return _listed(beam, geometry, wavelength_m)
    return _divergent(beam, geometry, wavelength_m)


def _listed(beam: Beam, geometry: Geometry, wavelength_m: Scalar) -> list[SourcePoint]:
    assert beam.sources is not None
    default = scale(geometry.beam, -SOURCE_DISTANCE_m)
    points = []
    for source in beam.sources:
        filled = (
            given if given is not None else fallback for given, fallback in zip(source.position_m, default, strict=True)
        )
        lam = wavelength_m if source.wavelength_m is None else source.wavelength_m
        points.append(SourcePoint(_incident_from(vec(tuple(filled))), lam, source.weight))
    return points


def _divergent(beam: Beam, geometry: Geometry, wavelength_m: Scalar) -> list[SourcePoint]:
    centre = scale(geometry.beam, -SOURCE_DISTANCE_m)
    directions = []
    for hdiv, vdiv in directions_left(beam.hdiv, beam.vdiv, round_divergence=beam.round_divergence):
        tilted = rotate_axis(centre, geometry.polarization, vdiv)
        directions.append(_incident_from(rotate_axis(tilted, geometry.vertical, hdiv)))
    dispersion = beam.dispersion
    wavelengths = [wavelength_m * (1.0 + dispersion.step * i - dispersion.range / 2.0) for i in range(dispersion.count)]
    weight = 1.0 / max(1, len(directions) * len(wavelengths))
    return [SourcePoint(incident, lam, weight) for incident in directions for lam in wavelengths]


def _incident_from(position: Vec) -> Vec:
    """The direction from a source to the crystal. The reference negates after normalising: -0 stays -0."""
    to_source = unit(position)
    return Vec(-to_source.x, -to_source.y, -to_source.z)
