"""Training, inference and the baseline, from files to files. Configurations are complete before data are read."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulator.errors import InputError
from subjects.ptychography import bundle as bundles
from subjects.ptychography.configuration import Configuration
from subjects.ptychography.contract import Reading, Scan, read_scan
from subjects.ptychography.dataset import Dataset, make_dataset, require_side
from subjects.ptychography.execution import PyTorchExecutionConfig, dispatched, say_device
from subjects.ptychography.figures import draw, draw_comparison
from subjects.ptychography.groups import validation_split
from subjects.ptychography.inference import (
    Reconstruction,
    metrics_of,
    patches_of,
    reconstruct,
    stitched_patches,
    warn_if_collapsed,
)
from subjects.ptychography.iterative import Solver, solve
from subjects.ptychography.learning import Loss, Model, loss_weights, scaling_of
from subjects.ptychography.network import Architecture
from subjects.ptychography.resuming import settings_of
from subjects.ptychography.runfolder import RunFolder
from subjects.ptychography.stitching import Weighting
from subjects.ptychography.training import Training, require_no_accumulation
from subjects.ptychography.writing import write_json, write_npy, write_npz, write_text

log = logging.getLogger("ptychography.workflow")

LAST = Path("checkpoints", "last.npz")


@dataclass(frozen=True)
class InferenceRequest:
    """What inference is asked for beside the model and the data."""

    n_groups: int | None = None
    n_subsample: int | None = None
    subsample_seed: int = 42
    weighting: Weighting = "probe"
    stitch_crop: int = 20
    phase_sync: int = 20
    phase_vmin: float | None = None
    phase_vmax: float | None = None
    comparison_plot: bool = False

    def __post_init__(self) -> None:
        if self.phase_sync < 0 or self.stitch_crop < 1:
            raise InputError("phase-sync must be at least 0 and stitch_crop at least 1")
        limits = (self.phase_vmin, self.phase_vmax)
        if any(limit is not None and not math.isfinite(limit) for limit in limits):
            raise InputError(f"phase_vmin and phase_vmax must be finite; got {self.phase_vmin} and {self.phase_vmax}")
        if None not in limits and not float(limits[0] or 0) < float(limits[1] or 0):
            raise InputError(f"phase_vmin {self.phase_vmin} must lie below phase_vmax {self.phase_vmax}")


# ------------------------------------------------------------------------------------------------------------ training


def run_training(
    train_file: Path,
    output: Path,
    config: Configuration,
    execution: PyTorchExecutionConfig | None,
    *,
    test_file: Path | None = None,
    resume: bool = False,
) -> Path:
    """Train a network on a scan; the path of its bundle.

    Raises:
        InputError: configuration or data cannot be used.
    """
    execution = dispatched(execution)
    _log_configuration(config, execution)
    require_no_accumulation(_Manual, execution)
    if resume:
        bundles.require_checkpoint(output / LAST)
    scan = read_scan(train_file, config.reading)
    _require_trainable(scan, config, train_file)
    data = make_dataset(scan, config)
    model, loss = make_model(scan, data, config)
    chosen, held, validation = _split(data, config, scan, test_file)
    folder = RunFolder(output, ("logs", "checkpoints") if execution.enable_checkpointing else ("logs",))
    execution.apply()
    say_device(execution.accelerator)
    torch.manual_seed(config.training.seed)
    model.to(execution.accelerator)
    settings = settings_of(config, execution, model.scaling, len(data))
    training = Training(model, data, chosen, held, config.training, execution, loss, folder, validation, settings)
    if resume:
        training.resume(output / LAST)
    _note_groups(folder, data, config)
    try:
        history = training.run()
    except KeyboardInterrupt:
        if (output / LAST).is_file():
            log.warning("interrupted; the same command with --resume goes on from %s", output / LAST)
        raise
    path = output / bundles.NAME
    made = bundle_of(model, scan, data, config, execution, history)
    bundles.save(path, made)
    _look_at(made, scan, data, config, execution, output)
    log.info("PyTorch bundle saved at: %s", path)
    return path


class _Manual:
    """What the loop says of itself before a model is there."""

    automatic_optimization = False


def _log_configuration(config: Configuration, execution: PyTorchExecutionConfig) -> None:
    tables = config.tables() | {"execution": asdict(execution)}
    log.info("configuration: %s", json.dumps(tables, sort_keys=True, default=str))


def _require_trainable(scan: Scan, config: Configuration, path: Path) -> None:
    require_side(scan, config.model.N)
    if config.model.model_type != "supervised":
        return
    if scan.labels is None:
        raise InputError(f"DATA-SUP-001: model_type supervised needs the labels 'Y', which {path} lacks; use pinn")
    raise InputError("model_type supervised is not implemented; use pinn, which needs no labels")


def make_model(scan: Scan, data: Dataset, config: Configuration) -> tuple[Model, Loss]:
    """The network with the scan's probe behind it, initialised from the seed, and its loss."""
    table = config.model
    architecture = Architecture(
        scan.patch_px, table.gridsize**2, table.n_filters_scale, table.amp_activation, table.object_support
    )
    scaling = scaling_of(data.all_counts(np.arange(len(data))))
    torch.manual_seed(config.training.seed)
    model = Model(
        architecture, torch.from_numpy(scan.probe), scaling, trainable=table.probe_trainable, q=data.margin_px
    )
    training = config.training
    nll, mae = loss_weights(training.torch_loss_mode, training.nll_weight, training.mae_weight)
    return model, Loss(scaling.mean_count, nll, mae)


def _note_groups(folder: RunFolder, data: Dataset, config: Configuration) -> None:
    write_npy(folder.path / "groups.npy", data.positions[data.groups.numpy()])
    if config.training.n_subsample is not None:
        lines = "".join(f"{j}\n" for j in data.positions.tolist())
        write_text(folder.path / "subsample_indices.txt", lines)
    log.info(
        "training input: %d groups of %d channels from %d positions, %d x %d pixels",
        len(data), data.groups.shape[1], len(data.positions), data.counts.shape[-2], data.counts.shape[-1],
    )  # fmt: skip


def _split(
    data: Dataset, config: Configuration, scan: Scan, test_file: Path | None
) -> tuple[np.ndarray, np.ndarray, Dataset | None]:
    """Training groups, validation groups, and where the latter are taken from (None: the training data)."""
    if test_file is None:
        chosen, held = validation_split(len(data), config.training.val_fraction, config.training.seed)
        return chosen, held, None
    test = read_scan(test_file, replace(config.reading, scale=scan.scale))
    require_side(test, scan.patch_px)
    validation = make_dataset(test, replace(config, training=replace(config.training, n_subsample=None, n_groups=None)))
    return np.arange(len(data)), np.arange(len(validation)), validation


def bundle_of(
    model: Model,
    scan: Scan,
    data: Dataset,
    config: Configuration,
    execution: PyTorchExecutionConfig,
    history: list[dict[str, Any]],
) -> bundles.Bundle:
    """What is kept of a training."""
    tables: dict[str, Any] = config.tables() | {"execution": asdict(execution)}
    tables["model"]["N"] = scan.patch_px
    scaling = {
        "input_scale": model.scaling.input_scale,
        "mean_count": model.scaling.mean_count,
        "intensity_scale": scan.scale,
        "intensity_scale_source": scan.scale_source,
        "nphotons": scan.nphotons,
        "gauge": scan.gauge,
        "gauge_factor": scan.gauge_factor,
        "margin_px": model.q,
    }
    probe = scan.probe
    if config.model.probe_trainable:
        probe = model.forward_model.probe.complex().detach().cpu().numpy().astype(np.complex128)
    return bundles.Bundle(tables, scaling, probe, bundles.weights_of(model.network), history)


def _look_at(
    made: bundles.Bundle,
    scan: Scan,
    data: Dataset,
    config: Configuration,
    execution: PyTorchExecutionConfig,
    output: Path,
) -> None:
    """Stitch the training groups: warn when the network has collapsed; write the object where that was asked for."""
    training = config.training
    size = execution.inference_batch_size or training.batch_size
    if not training.do_stitching:
        patches = patches_of(made.model(), data, size, execution.accelerator)
        warn_if_collapsed(stitched_patches(scan, data, patches, training.weighting, training.stitch_crop, 0))
        return
    found = reconstruct(
        made, scan, data, batch_size=size, device=execution.accelerator, weighting=training.weighting,
        crop=training.stitch_crop, sweeps=InferenceRequest().phase_sync,
    )  # fmt: skip
    warn_if_collapsed(found)
    write_reconstruction(found, scan, output, InferenceRequest())


# ----------------------------------------------------------------------------------------------------------- inference


def run_inference(
    model_path: Path,
    test_file: Path,
    output: Path,
    request: InferenceRequest,
    reading: Reading,
    execution: PyTorchExecutionConfig | None,
) -> dict[str, Any]:
    """Write the object that a trained model sees in a scan; the metrics.

    Raises:
        InputError: bundle or data cannot be used, or do not belong together.
    """
    execution = dispatched(execution)
    log.info(
        "PyTorch inference config: accelerator=%s, num_workers=%d, inference_batch_size=%s",
        execution.accelerator, execution.num_workers, execution.inference_batch_size,
    )  # fmt: skip
    bundle = bundles.load(model_path)
    model, training = bundle.config["model"], bundle.config["training"]
    scan = read_scan(test_file, replace(reading, scale=bundle.scaling["intensity_scale"]))
    if scan.patch_px != model["N"]:
        raise InputError(f"the model was trained with N {model['N']}, the patterns of {test_file} have {scan.patch_px}")
    config = Configuration()
    config = replace(
        config,
        model=replace(config.model, gridsize=model["gridsize"]),
        training=replace(
            config.training,
            n_subsample=request.n_subsample,
            subsample_seed=request.subsample_seed,
            neighbor_count=training["neighbor_count"],
            seed=training["seed"],
        ),
    )
    data = make_dataset(scan, config, request.n_groups, sequential=True)
    RunFolder(output)
    execution.apply()
    began = time.monotonic()
    found = reconstruct(
        bundle, scan, data, batch_size=execution.inference_batch_size or training["batch_size"],
        device=execution.accelerator, weighting=request.weighting, crop=request.stitch_crop, sweeps=request.phase_sync,
    )  # fmt: skip
    log.info("%d groups reconstructed in %.2f s on %s", len(data), time.monotonic() - began, execution.accelerator)
    warn_if_collapsed(found)
    return write_reconstruction(found, replace(scan, probe=bundle.probe), output, request)


def write_reconstruction(found: Reconstruction, scan: Scan, output: Path, request: InferenceRequest) -> dict[str, Any]:
    """The object, its pictures, and the metrics."""
    RunFolder(output, ("",))
    arrays = {
        "object": found.object.astype(np.complex64), "covered": found.covered, "den": found.den,
        "row0": np.array(found.row0), "col0": np.array(found.col0), "positions": found.positions,
    }  # fmt: skip
    write_npz(output / "reconstruction.npz", arrays)
    for path in draw(found, output, (request.phase_vmin, request.phase_vmax)):
        log.info("saved %s", path)
    metrics, figures = metrics_of(found, scan)
    write_json(output / "metrics.json", figures)
    log.info("metrics: %s", json.dumps(figures))
    if request.comparison_plot:
        if metrics is None or scan.object is None:
            log.warning("no comparison picture: the data hold no truth to compare with")
        else:
            log.info("saved %s", draw_comparison(found, scan.object, output, metrics))
    return figures


# ------------------------------------------------------------------------------------------------------------ iterative


def run_solver(
    file: Path, output: Path, solver: Solver, reading: Reading, *, device: str = "cpu", double: bool = False,
    told: Callable[[int, float], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The iterative baseline from a file to pictures and metrics; one line a sweep."""
    scan = read_scan(file, reading)
    RunFolder(output)

    def say(sweep: int, R: float) -> None:
        log.info("sweep %d/%d R=%.6g", sweep, solver.sweeps, R)
        if told is not None:
            told(sweep, R)

    began = time.monotonic()
    solved = solve(scan, solver, device=device, dtype=torch.complex128 if double else torch.complex64, told=say)
    seconds = time.monotonic() - began
    found = Reconstruction(
        solved.object, solved.den > 1e-6 * solved.den.max(), solved.den, solved.row0, solved.col0,
        np.arange(scan.n_positions),
    )  # fmt: skip
    probed = replace(scan, probe=solved.probe.astype(np.complex128))
    figures = write_reconstruction(found, probed, output, InferenceRequest(comparison_plot=scan.object is not None))
    write_npy(output / "probe.npy", solved.probe)
    more = {"sweeps": solver.sweeps, "alpha": solver.alpha, "seconds": seconds, "residuals": solved.residuals}
    write_json(output / "metrics.json", figures | more)
    return figures | more
