"""The iterative solvers beside those of `ptychi`, an independent package: same data, same start, one thread.

    python -m benchmarks.ptychography_peer         # needs ptychi; benchmarks/README.md says how to install it

Before anything is compared its forward model must predict the same counts as ours at the true object; what it calls its
arrays was found that way (`arrays_for`). Sweeps of both are run in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import importlib
import logging
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import torch
import typer

from subjects.ptychography.arrays import Arrays
from subjects.ptychography.contract import Reading, Scan, scan_of
from subjects.ptychography.forward import make_setup
from subjects.ptychography.iterative import Solver, residual_of, solve
from subjects.ptychography.metrics import compare_objects, mask_of
from subjects.ptychography.simulate import Recipe, simulate

AGREES = 1e-5
"""Largest difference of predicted counts, in parts of the largest count: its single precision."""
MISSING = "ptychi is not installed, so there is nothing to compare with; benchmarks/README.md says how to install it"


def load_peer() -> Any:
    """The package's `api` and, as its attribute `Task`, the class that solves.

    Raises:
        SystemExit: it is not installed.
    """
    try:
        api = _imported()
    except ModuleNotFoundError as error:
        print(f"{MISSING} ({error})", file=sys.stderr)
        raise SystemExit(2) from error
    logging.getLogger().setLevel(logging.WARNING)
    return api


def _imported() -> Any:
    try:
        api = importlib.import_module("ptychi.api")
    except RuntimeError as error:  # torchvision's compiled operators need a CUDA build of torch; nothing here uses them
        if "torchvision::" not in str(error):
            raise
        _declare_vision_operators()
        api = importlib.import_module("ptychi.api")
    api.Task = importlib.import_module("ptychi.api.task").PtychographyTask  # type: ignore[attr-defined]
    return api


def _declare_vision_operators() -> None:
    """Declare, without a body, the two operators that torchvision wants to describe when it is imported."""
    global _LIBRARY
    _LIBRARY = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        _LIBRARY.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.split(".")[0] in ("torchvision", "ptychi")]:
        del sys.modules[name]


_LIBRARY: torch.library.Library | None = None


# --------------------------------------------------------------------------------------------------------- conventions


def arrays_for(scan: Scan, values: np.ndarray) -> tuple[dict[str, np.ndarray], list[float]]:
    """A scan and an object as the package takes them, and the origin that its positions are counted from.

    Counts with the zero frequency at (N // 2, N // 2); object (1, rows, cols), probe (1, modes, N, N); x and y apart,
    counted from -1/2 when N is even, since a patch is centred between pixels there; the probe divided by N, since its
    transform is not normalised.
    """
    N = scan.patch_px
    arrays = {
        "diffraction_data": scan.counts,
        "object_data": values[None].astype(np.complex64),
        "probe_data": (scan.probe / N)[None].astype(np.complex64),
        "probe_position_x_px": scan.x_px,
        "probe_position_y_px": scan.y_px,
    }
    return arrays, [(N - 1) / 2 - N // 2] * 2


def make_task(api: Any, kind: str, scan: Scan, values: np.ndarray, batch: int, alpha: float) -> Any:
    """A solver of the package that starts from an object, its probe known, on the CPU in single precision."""
    options = getattr(api, f"{kind}Options")()
    arrays, origin = arrays_for(scan, values)
    of_object, running = options.object_options, options.reconstructor_options
    of_object.determine_position_origin_coords_by = api.ObjectPosOriginCoordsMethods.SPECIFIED
    of_object.position_origin_coords = origin
    of_object.remove_object_probe_ambiguity.enabled = False
    options.probe_options.optimizable = False
    running.default_device = api.Devices.CPU
    running.batch_size, running.random_seed, running.displayed_loss_function = batch, 42, None
    if kind == "LSQML":
        running.rescale_probe_intensity_in_first_epoch = False
    else:
        of_object.alpha = alpha
    task = api.Task(options, **arrays)
    torch.set_default_device(None)
    return task


def disagreement(api: Any, scan: Scan, chosen: list[int]) -> float:
    """How far its counts of some patterns at the true object are from ours, in parts of the largest."""
    assert scan.object is not None
    task = make_task(api, "EPIE", scan, scan.object, 1, 1.0)
    with torch.no_grad():
        theirs = task.reconstructor.forward_model.forward(torch.tensor(chosen)).numpy()
    theirs = np.fft.fftshift(theirs, axes=(-2, -1))
    ours = make_setup(scan, evaluation="fft").expected_counts(chosen, 1.0).numpy()
    return float(np.abs(theirs - ours).max() / ours.max())


# -------------------------------------------------------------------------------------------------------------- a race


@dataclass
class Runner:
    """A contender: one sweep at a time, its CPU seconds, and the object at the end."""

    name: str
    sweep: Callable[[], Any]
    result: Callable[[], np.ndarray]
    seconds: list[float] = field(default_factory=list)

    def step(self) -> None:
        """One timed sweep."""
        began = time.process_time()
        self.sweep()
        self.seconds.append(time.process_time() - began)


def peers(api: Any, scan: Scan) -> list[Runner]:
    """The package's solvers from an object of ones: one position at a time as ours, and LSQML in batches."""
    assert scan.object is not None
    start = np.ones_like(scan.object)
    runners = []
    for name, kind, batch, alpha in (
        ("ptychi ePIE, batch 1", "EPIE", 1, 1.0),
        ("ptychi rPIE 0.1, batch 1", "RPIE", 1, 0.1),
        ("ptychi LSQML, batch 16", "LSQML", 16, 0.0),
    ):
        task = make_task(api, kind, scan, start, batch, alpha)
        runners.append(Runner(name, _epoch(task), _object(task)))
    return runners


def _epoch(task: Any) -> Callable[[], None]:
    return lambda: task.run(n_epochs=1)


def _object(task: Any) -> Callable[[], np.ndarray]:
    def found() -> np.ndarray:
        values: np.ndarray = task.get_data_to_cpu("object", as_numpy=True)[0].astype(np.complex128)
        return values

    return found


def race(api: Any, scan: Scan, sweeps: int) -> None:
    """Every sweep of ours is followed by one of each of theirs; then a line of errors for each."""
    runners = peers(api, scan)
    lines = []
    for name, alpha in (("ours, ePIE", 1.0), ("ours, rPIE 0.1", 0.1)):
        seconds: list[float] = []
        began = time.process_time()

        def told(sweep: int, R: float, seconds: list[float] = seconds, runners: list[Runner] = runners) -> None:
            nonlocal began
            seconds.append(time.process_time() - began)
            for runner in runners:
                runner.step()
            torch.set_default_device(None)  # the package sets one, which would slow ours
            began = time.process_time()

        solved = solve(scan, Solver(sweeps, alpha), dtype=torch.complex64, told=told)
        lines.append(line(scan, name, solved.object.astype(np.complex128), solved.den, seconds))
        lines += [line(scan, r.name, r.result(), solved.den, r.seconds) for r in runners]
        runners = []
    for text in lines:
        typer.echo(text)


def line(scan: Scan, name: str, found: np.ndarray, den: np.ndarray, seconds: list[float]) -> str:
    """Errors after our own alignment, over our own mask, and seconds a sweep."""
    assert scan.object is not None
    m = compare_objects(found, scan.object, mask_of(den))
    return (
        f"  {name:26} {statistics.median(seconds):7.3f} s a sweep ({min(seconds):.3f}-{max(seconds):.3f})  "
        f"amplitude MAE {m.amplitude_mae:.4f}  phase MAE {m.phase_mae:.4f}  nrmse {m.nrmse:.4f}  "
        f"R {residual_of(scan, found):.4f}"
    )


def run(
    sweeps: Annotated[int, typer.Option(help="Of every solver.")] = 50,
    patch_px: Annotated[int, typer.Option("--N", help="Side of a pattern.")] = 64,
    side: Annotated[int, typer.Option(help="Positions along each axis.")] = 16,
    step: Annotated[float, typer.Option(help="Between positions, in object pixels.")] = 5.0,
) -> None:
    """Compare on positions of whole pixels, where both models are the same, and on others, where they interpolate."""
    torch.set_num_threads(1)
    api = load_peer()
    for integer, where in ((True, "whole pixels"), (False, "between pixels")):
        scan = scan_of(Arrays("simulated", simulate(Recipe(patch_px, side, step, integer=integer))), Reading())
        assert scan.object is not None
        apart = disagreement(api, scan, list(range(min(8, scan.n_positions))))
        if integer and apart > AGREES:
            typer.echo(
                f"its forward model is {apart:.2g} from ours, more than {AGREES:g}: nothing is compared", err=True
            )
            raise typer.Exit(1)
        truth = residual_of(scan, scan.object)
        typer.echo(
            f"N = {patch_px}, {scan.n_positions} positions on {where}, {sweeps} sweeps, one thread, CPU seconds; its "
            f"counts differ from ours by {apart:.1e} of the largest; R at the truth {truth:.4f}"
        )
        race(api, scan, sweeps)


if __name__ == "__main__":
    typer.run(run)
