"""The package ptychi on a scan of ours: its ePIE on the same patterns, probe and positions, on one CPU thread.

It imports torchvision for a blur that is not used here; where torchvision is missing a placeholder stands for it.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from typing import Any

import numpy as np
import torch

from subjects.ptychography.contract import Scan


def _api() -> Any:
    if importlib.util.find_spec("torchvision") is None:
        package, transforms = types.ModuleType("torchvision"), types.ModuleType("torchvision.transforms")
        transforms.GaussianBlur = object  # type: ignore[attr-defined]
        package.transforms = transforms  # type: ignore[attr-defined]
        sys.modules |= {"torchvision": package, "torchvision.transforms": transforms}
    import ptychi.api

    return ptychi.api


def reconstructed(scan: Scan, sweeps: int) -> np.ndarray:
    """The object, complex (rows, cols), after so many epochs of its ePIE with our probe, which stays fixed."""
    api = _api()
    from ptychi.api.task import PtychographyTask

    assert scan.object is not None
    rows, cols = scan.object.shape
    options = api.EPIEOptions()
    options.data_options.data = scan.counts.astype(np.float32)
    options.data_options.save_data_on_device = False
    options.reconstructor_options.num_epochs = sweeps
    options.reconstructor_options.batch_size = 1
    options.reconstructor_options.default_device = api.Devices.CPU
    options.object_options.initial_guess = torch.ones((1, rows, cols), dtype=torch.complex64)
    options.object_options.pixel_size_m = 1e-8
    options.object_options.optimizable = True
    options.object_options.step_size = 1.0
    options.probe_options.initial_guess = scan.probe[None].astype(np.complex64)
    options.probe_options.optimizable = False
    options.probe_position_options.position_x_px = scan.x_px - (cols / 2 - 0.5)
    options.probe_position_options.position_y_px = scan.y_px - (rows / 2 - 0.5)
    options.probe_position_options.optimizable = False
    task = PtychographyTask(options)
    task.run()
    found = task.get_data_to_cpu("object", as_numpy=True)
    return np.asarray(found).reshape(-1, *found.shape[-2:])[0].astype(np.complex128)
