"""The PyTorch port of the diffraction simulator: differentiable, on CPU and CUDA, traced value by value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import (
    Beam,
    Crystal,
    Detector,
    Experiment,
    Output,
    Sampling,
    Source,
    Spindle,
    Steps,
    StructureFactors,
    degrees,
)

if TYPE_CHECKING:
    from simulator.evaluation.execution import ExecutionConfig
    from simulator.evaluation.simulator import Simulator

__version__ = "0.1.0"

__all__ = [
    "Beam",
    "Crystal",
    "Defects",
    "Detector",
    "ExecutionConfig",
    "Experiment",
    "InputError",
    "Output",
    "Sampling",
    "Simulator",
    "Source",
    "Spindle",
    "Steps",
    "StructureFactors",
    "degrees",
]


def __getattr__(name: str) -> object:
    """Load what needs torch when it is first asked for, so that reading a command line does not."""
    if name == "Simulator":
        from simulator.evaluation.simulator import Simulator

        return Simulator
    if name == "ExecutionConfig":
        from simulator.evaluation.execution import ExecutionConfig

        return ExecutionConfig
    raise AttributeError(f"module 'simulator' has no attribute {name!r}")
