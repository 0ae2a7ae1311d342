"""How far rounding moves what follows from the arguments alone: the port's preparation, run with every result moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch

from simulator import Experiment, Simulator
from simulator.evaluation.trace import trace_header
from simulator.model.algebra import value_of
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
    """Run the preparation RUNS times with every rounded result moved."""
    lifted = _lifted(simulator.experiment)
    zero = tuple(value_of(step.phi_rad) == 0.0 for step in simulator.prepared.scan.steps)
    still = _numbers(simulator.prepared, pixel)
    generator = torch.Generator().manual_seed(SEED)
    runs = []
    for _ in range(RUNS):
        with torch.no_grad(), Perturbed(generator):
            moved = prepare(lifted, simulator.defects, zero)
        runs.append(_numbers(moved, pixel))
    spreads = {}
    for name, value in still.items():
        made = [run[name] for run in runs if name in run]
        if len(made) == RUNS and all(run.shape == value.shape for run in made):
            spreads[name] = np.stack(made) - value
    return Spreads(spreads)


def _lifted(experiment: Experiment) -> Experiment:
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
        return torch.tensor(float(value), dtype=torch.float64)
    return [torch.tensor(float(part), dtype=torch.float64) for part in np.asarray(value).reshape(-1)]


def _numbers(prepared: Prepared, pixel: tuple[int, int]) -> dict[Name, Floats]:
    """Header numbers, and what sources and domains state: (number of evaluations, width)."""
    found: dict[Name, Floats] = {}
    header: Mapping[str, Any] = trace_header(prepared, pixel, "cpu", "float64")
    for name, value in header.items():
        parts = value if isinstance(value, tuple) else (value,)
        if all(isinstance(part, float) for part in parts):
            found[HEADER, name] = np.array([parts])
    sources = prepared.sources
    found["SOURCE", "incident_vec"] = np.array([[value_of(x) for x in source.incident] for source in sources])
    lengths = [[value_of(source.wavelength_m) * METRES_TO_ANGSTROMS] for source in sources]
    found["SOURCE", "lambda_angstroms"] = np.array(lengths)
    if prepared.mosaic:
        found["UMAT", "umat"] = np.array([[value_of(x) for row in umat for x in row] for umat in prepared.umats])
    return found
