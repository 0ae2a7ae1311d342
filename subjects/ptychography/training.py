"""The training loop: unsupervised, through the traced forward model; it steps its schedulers itself."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography import bundle
from subjects.ptychography.configuration import TrainingConfig
from subjects.ptychography.dataset import Dataset
from subjects.ptychography.epochlog import epoch_log
from subjects.ptychography.execution import PyTorchExecutionConfig
from subjects.ptychography.groups import order_stream
from subjects.ptychography.learning import Batch, Loss, Model
from subjects.ptychography.resuming import Settings, require_same
from subjects.ptychography.runfolder import RunFolder
from subjects.ptychography.schedules import Schedule

log = logging.getLogger("ptychography.train")

BETAS = (0.9, 0.999)


@dataclass
class Progress:
    """What a resumed run needs besides weights and optimiser."""

    epoch: int = 0
    step: int = 0
    best: float = math.inf
    since_best: int = 0
    kept: list[tuple[float, str]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


class Training:
    """A model being trained on some groups and watched on others.

    Args:
        model: on the device already. chosen, held: numbers of the groups for training and for validation.
        validation: where ``held`` is taken from; None: the training data.
        settings: what a checkpoint must have been made with to be resumed; None: anything.
    """

    def __init__(
        self,
        model: Model,
        data: Dataset,
        chosen: np.ndarray,
        held: np.ndarray,
        config: TrainingConfig,
        execution: PyTorchExecutionConfig,
        loss: Loss,
        folder: RunFolder,
        validation: Dataset | None = None,
        settings: Settings | None = None,
    ) -> None:
        require_no_accumulation(model, execution)
        self.model, self.data, self.chosen, self.held = model, data, chosen, held
        self.config, self.execution, self.loss, self.folder = config, execution, loss, folder
        self.validation = validation or data
        self.settings = settings or {}
        self.optimiser = torch.optim.Adam(model.parameters(), lr=execution.learning_rate, betas=BETAS)
        self.schedule = Schedule(self.optimiser, execution, config.nepochs)
        self.order = order_stream(config.seed)
        self.progress = Progress()
        self.scaler = torch.amp.GradScaler("cuda", enabled=execution.precision == "16-mixed")

    @property
    def device(self) -> str:
        return self.execution.accelerator

    def run(self) -> list[dict[str, Any]]:
        """Train to the last epoch or until nothing has improved for too long; one row an epoch."""
        backend = self.execution.logger_backend
        table = None if backend == "none" else epoch_log(backend, self.folder.new_version())
        try:
            with _bar(self.execution.enable_progress_bar, self.config.nepochs - self.progress.epoch) as advance:
                while self.progress.epoch < self.config.nepochs:
                    row = self._epoch()
                    if table is not None:
                        table.add(row)
                    advance()
                    if self.progress.since_best >= self.execution.early_stop_patience:
                        log.info("stopped early: no improvement for %d epochs", self.progress.since_best)
                        break
        finally:
            if table is not None:
                table.close()
        return self.progress.history

    # ------------------------------------------------------------------------------------------------------ an epoch

    def _epoch(self) -> dict[str, Any]:
        began, rate = time.monotonic(), self.schedule.rate
        self.model.train()
        total, count = 0.0, 0
        for batch, size in self._batches():
            total += self._learn(batch) * size
            count += size
        train_loss = total / count
        val_loss = self.validation_loss()
        watched = train_loss if val_loss is None else val_loss
        self.schedule.step(watched)
        progress = self.progress
        progress.epoch += 1
        row = {
            "epoch": progress.epoch,
            "step": progress.step,
            "train_loss": train_loss,
            "val_loss": "" if val_loss is None else val_loss,
            "learning_rate": rate,
            "seconds": time.monotonic() - began,
            "device": self.device,
        }
        progress.history.append(row)
        shown = "none" if val_loss is None else f"{val_loss:.6g}"
        log.info(
            "epoch %d/%d train_loss=%.6g val_loss=%s lr=%.3g s=%.2f",
            progress.epoch, self.config.nepochs, train_loss, shown, rate, row["seconds"],
        )  # fmt: skip
        if not math.isfinite(train_loss):
            raise InputError(
                f"the loss is {train_loss} after epoch {progress.epoch}; try a smaller --torch-learning-rate"
            )
        self._keep(train_loss if self.execution.checkpoint_monitor_metric == "train_loss" else watched)
        return row

    def _batches(self) -> Iterator[tuple[Batch, int]]:
        """The training groups in a fresh order, on the device."""
        order = self.chosen[self.order.permutation(len(self.chosen))]
        parts = [order[i : i + self.config.batch_size] for i in range(0, len(order), self.config.batch_size)]
        for batch, part in zip(loaded(self.data, parts, self.execution), parts, strict=True):
            yield batch.to(self.device), len(part)

    def _learn(self, batch: Batch) -> float:
        """One step; the batch's loss."""
        self.optimiser.zero_grad(set_to_none=True)
        with self._precision():
            expected = self.model(batch)
        loss = self.loss(expected, batch)
        self.scaler.scale(loss).backward()
        self._clip()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.progress.step += 1
        return float(loss.detach())

    def _precision(self) -> torch.autocast:
        dtype = torch.float16 if self.execution.precision == "16-mixed" else torch.bfloat16
        kind = self.device.partition(":")[0]
        return torch.autocast(kind if kind == "cuda" else "cpu", dtype, enabled=self.execution.precision != "32-true")

    def _clip(self) -> None:
        limit = self.execution.gradient_clip_val
        if limit is None:
            return
        self.scaler.unscale_(self.optimiser)
        if self.execution.gradient_clip_algorithm == "value":
            torch.nn.utils.clip_grad_value_(self.model.parameters(), limit)
        else:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)

    @torch.no_grad()
    def validation_loss(self) -> float | None:
        """The mean loss of the held groups; None when none are held."""
        if not len(self.held):
            return None
        self.model.eval()
        total = 0.0
        for start in range(0, len(self.held), self.config.batch_size):
            part = self.held[start : start + self.config.batch_size]
            batch = self.validation.batch(part).to(self.device)
            total += float(self.loss(self.model(batch), batch)) * len(part)
        return total / len(self.held)

    # --------------------------------------------------------------------------------------------------- checkpoints

    def _keep(self, monitored: float) -> None:
        """Count epochs without improvement; keep the last checkpoint and the best."""
        progress, execution = self.progress, self.execution
        value = monitored if execution.checkpoint_mode == "min" else -monitored
        progress.since_best = 0 if value < progress.best else progress.since_best + 1
        progress.best = min(progress.best, value)
        if not execution.enable_checkpointing:
            return
        top, name = execution.checkpoint_save_top_k, f"epoch={progress.epoch:02d}.npz"
        dropped: list[tuple[float, str]] = []
        if top != 0:
            progress.kept = sorted([*progress.kept, (value, name)])
            if top > 0:
                progress.kept, dropped = progress.kept[:top], progress.kept[top:]
        arrays = self.state()
        if (value, name) in progress.kept:
            bundle.save_checkpoint(self.folder.checkpoints / name, arrays)
        for _, old in dropped:
            (self.folder.checkpoints / old).unlink(missing_ok=True)
        bundle.save_checkpoint(self.folder.checkpoints / "last.npz", arrays)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next epoch depends on, as plain arrays."""
        arrays = {f"model/{name}": values for name, values in bundle.weights_of(self.model).items()}
        for number, held in self.optimiser.state_dict()["state"].items():
            arrays |= {f"adam/{number}/{key}": value.cpu().numpy() for key, value in held.items()}
        _, keys, at, has_gauss, gauss = self.order.get_state(legacy=True)
        arrays |= {"order/keys": np.asarray(keys), "order/at": np.array([at, has_gauss, gauss], float)}
        arrays["torch/random"] = torch.get_rng_state().numpy()
        progress = copy.copy(self.progress).__dict__
        words = {"progress": progress, "schedule": self.schedule.state(), "settings": self.settings}
        arrays["words"] = np.array(json.dumps(words))
        return arrays

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint, bit for bit on the CPU.

        Raises:
            InputError: it is missing, damaged, or of another model, of other data or other settings.
        """
        arrays = bundle.load_checkpoint(path)
        try:
            words = json.loads(str(arrays["words"]))
            require_same(words["settings"], self.settings, str(path))
            of_model = {k.removeprefix("model/"): v for k, v in arrays.items() if k.startswith("model/")}
            bundle.load_weights(self.model, of_model, str(path))
            self._restore_optimiser(arrays)
            at = arrays["order/at"]
            self.order.set_state(("MT19937", arrays["order/keys"], int(at[0]), int(at[1]), float(at[2])))
            torch.set_rng_state(torch.from_numpy(arrays["torch/random"].copy()))
            self.schedule.restore(words["schedule"])
            self.progress = Progress(**words["progress"])
        except (KeyError, ValueError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path} is not a checkpoint of this program: {error}") from error
        self.progress.kept = [(float(v), str(n)) for v, n in self.progress.kept if Path(str(n)).name == str(n)]
        log.info("resumed after epoch %d from %s", self.progress.epoch, path)
        if self.progress.epoch >= self.config.nepochs:
            log.warning("nothing is left to train: %d epochs were asked for; raise --nepochs", self.config.nepochs)

    def _restore_optimiser(self, arrays: Any) -> None:
        whole = self.optimiser.state_dict()
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in arrays.items():
            if key.startswith("adam/"):
                _, number, name = key.split("/")
                state.setdefault(int(number), {})[name] = torch.from_numpy(value.copy())
        self.optimiser.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def require_no_accumulation(model: object, execution: PyTorchExecutionConfig) -> None:
    """Refuse accumulated gradients: the loop optimises manually. A model that does not say counts as automatic."""
    automatic = getattr(model, "automatic_optimization", not isinstance(model, Model))
    if execution.accum_steps > 1 and not automatic:
        raise InputError(
            f"EXEC-ACCUM-001: accum_steps is {execution.accum_steps}, but the training loop optimises manually and "
            "does not accumulate gradients; set --torch-accumulate-grad-batches 1"
        )


def loaded(data: Dataset, parts: list[np.ndarray], execution: PyTorchExecutionConfig) -> Iterator[Batch]:
    """The batches of these groups, made here or by workers, in this order."""
    if execution.num_workers == 0:
        yield from (data.batch(part) for part in parts)
        return
    loader = torch.utils.data.DataLoader(
        _Parts(data, parts),
        batch_size=None,
        num_workers=execution.num_workers,
        pin_memory=execution.pin_memory,
        persistent_workers=False,
        prefetch_factor=execution.prefetch_factor,
    )
    yield from (Batch(*batch) for batch in loader)


class _Parts(torch.utils.data.Dataset):
    """Whole batches by number."""

    def __init__(self, data: Dataset, parts: list[np.ndarray]) -> None:
        self.data, self.parts = data, parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, number: int) -> Batch:
        return self.data.batch(self.parts[number])


class _bar:
    """A progress bar over epochs, or nothing."""

    def __init__(self, shown: bool, epochs: int) -> None:
        self.shown, self.epochs = shown, epochs

    def __enter__(self) -> Any:
        if not self.shown:
            return lambda: None
        from rich.progress import Progress as Bar

        self.bar = Bar()
        self.bar.start()
        task = self.bar.add_task("epochs", total=self.epochs)
        return lambda: self.bar.advance(task)

    def __exit__(self, *_: object) -> None:
        if self.shown:
            self.bar.stop()
