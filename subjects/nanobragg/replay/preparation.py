"""How far rounding moves what follows from the arguments alone: the port's preparation, run with every result moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch

from simulator import Experiment, Simulator
from simulator.evaluation.trace import trace_header
from simulator.model.algebra import Vec, value_of
from simulator.model.crystal import unrounded_oversample
from simulator.model.prepare import Prepared, prepare
from simulator.model.scatter import METRES_TO_ANGSTROMS
from subjects.nanobragg.replay.machine import RUNS, SEED
from subjects.nanobragg.replay.rounding import Perturbed
from subjects.nanobragg.replay.values import HEADER, Floats, Name, SideValues

CONTINUOUS = {
    "crystal": ("cell_lengths_A", "cell_angles_rad", "orientation_matrix", "misset_rad"),
    "beam": ("wavelength_A", "fluence_photons_per_m2", "polarization_axis"),
    "spindle": ("axis", "phi_start_rad", "osc_rad", "phi_step_rad"),
    "detector": (
        *("distance_m", "close_distance_m", "Xbeam_m", "Ybeam_m", "Xclose_m", "Yclose_m", "Fclose_m", "Sclose_m"),
        *("beam_vector", "fdet_vector", "sdet_vector", "odet_vector", "twotheta_axis"),
        *("rotx_rad", "roty_rad", "rotz_rad", "twotheta_rad"),
    ),
}
"""Parameters that are lifted to tensors, so that the operations on them are seen."""


@dataclass(frozen=True)
class Spreads:
    """Deviations of RUNS perturbed preparations, by record and quantity: (RUNS, number of evaluations, width)."""

    moved: Mapping[Name, Floats]

    def of(self, side: SideValues) -> dict[Name, Floats]:
        """Those of a side's rows."""
        found = {}
        for name, moved in self.moved.items():
            rows = side.rows(name[0])
            at = rows.tic(COUNTED[name[0]]) if name[0] else np.zeros(1, np.int64)
            if len(rows) and at.max(initial=0) < moved.shape[1]:
                found[name] = moved[:, at]
        return found


COUNTED = {"SOURCE": "source", "UMAT": "mos_tic"}
"""The index that numbers the evaluations of a record that follows from the arguments alone."""


def preparation_spreads(simulator: Simulator, pixel: tuple[int, int]) -> Spreads:
    """Run the preparation RUNS times, side by side, with every rounded result moved.

    What is decided is decided by a run beside them that is not moved.
    """
    zero = tuple(value_of(step.phi_rad) == 0.0 for step in simulator.prepared.scan.steps)
    still = _numbers(simulator.prepared, pixel)
    generator = torch.Generator().manual_seed(SEED)
    experiment = lifted(simulator.experiment)
    with torch.no_grad(), Perturbed(generator, first_still=True):
        moved = prepare(experiment, simulator.defects, zero)
    spreads = {}
    for name, runs in _numbers(moved, pixel).items():
        value = still.get(name)
        if value is not None and value.shape[1:] == runs.shape[1:]:
            spreads[name] = np.broadcast_to(runs, (1 + RUNS, *runs.shape[1:]))[1:] - value
    return Spreads(spreads)


def lifted(experiment: Experiment) -> Experiment:
    """The experiment with each of its continuous numbers (1 + RUNS,) times side by side."""
    parts: dict[str, Any] = {}
    for part, names in CONTINUOUS.items():
        owner = getattr(experiment, part)
        assert is_dataclass(owner)
        known = {f.name for f in fields(owner)}
        parts[part] = replace(owner, **{n: _tensor(getattr(owner, n)) for n in names if n in known})  # type: ignore[type-var]
    return replace(experiment, **parts)


def _tensor(value: Any) -> Any:
    if value is None or isinstance(value, torch.Tensor):
        return value
    if isinstance(value, float | int):
        return torch.full((1 + RUNS,), float(value), dtype=torch.float64)
    return [_tensor(float(part)) for part in np.asarray(value).reshape(-1)]


def _numbers(prepared: Prepared, pixel: tuple[int, int]) -> dict[Name, Floats]:
    """Header numbers, and what sources and domains state: (1 or 1 + RUNS, number of evaluations, width)."""
    found: dict[Name, Floats] = {}
    header: Mapping[str, Any] = trace_header(prepared, pixel, "cpu", "float64", _runs_of)
    for name, value in header.items():
        parts = value if isinstance(value, tuple) else (value,)
        if all(isinstance(part, float | np.ndarray) for part in parts):
            found[HEADER, name] = _side_by_side([parts])
    if prepared.oversample_unrounded:
        found[HEADER, "oversample_unrounded"] = _side_by_side([[_unrounded_oversample(prepared)]])
    sources = prepared.sources
    found["SOURCE", "incident_vec"] = _side_by_side([source.incident for source in sources])
    lengths = [[source.wavelength_m * METRES_TO_ANGSTROMS] for source in sources]
    found["SOURCE", "lambda_angstroms"] = _side_by_side(lengths)
    if prepared.mosaic:
        found["UMAT", "umat"] = _side_by_side([[x for row in umat for x in row] for umat in prepared.umats])
    return found


def _runs_of(x: Any) -> Floats:
    """(1 or 1 + RUNS,) a number in every run."""
    return np.atleast_1d(x.detach().numpy() if isinstance(x, torch.Tensor) else np.float64(x))


def _side_by_side(evaluations: Sequence[Sequence[Any]]) -> Floats:
    """(1 or 1 + RUNS, number of evaluations, width)"""
    if not evaluations:
        return np.zeros((1, 0, 0))
    numbers = [_runs_of(part) for parts in evaluations for part in parts]
    columns = np.stack(np.broadcast_arrays(*numbers), axis=-1)
    return columns.reshape(len(columns), len(evaluations), -1)


def _unrounded_oversample(prepared: Prepared) -> Floats:
    """The preparation computes it in plain numbers: here run by run."""
    cell = prepared.cell
    edges = [[_runs_of(x) for x in edge] for edge in (cell.a0_m, cell.b0_m, cell.c0_m)]
    wavelength_m, distance_m = _runs_of(prepared.wavelength_m), _runs_of(prepared.geometry.distance_m)
    *of_edges, lengths, distances = np.broadcast_arrays(*(x for edge in edges for x in edge), wavelength_m, distance_m)
    runs = []
    for run in range(len(lengths)):
        a, b, c = (Vec(*(x[run] for x in of_edges[3 * axis : 3 * axis + 3])) for axis in range(3))
        moved = cell._replace(a0_m=a, b0_m=b, c0_m=c)
        pixel_size_m = prepared.experiment.detector.pixel_size_m
        runs.append(unrounded_oversample(moved, float(lengths[run]), float(distances[run]), pixel_size_m))
    return np.array(runs)
