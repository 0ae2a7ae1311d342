"""Where the figures of each epoch go: a table, or a logger's own files. All lie in the run's folder."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from simulator.errors import InputError

COLUMNS = ("epoch", "step", "train_loss", "val_loss", "learning_rate", "seconds", "device")
FIGURES = ("train_loss", "val_loss", "learning_rate", "seconds")
EXPERIMENT = "ptycho"


class EpochLog(Protocol):
    """Takes one row an epoch."""

    def add(self, row: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


def epoch_log(backend: str, folder: Path) -> EpochLog | None:
    """The log of a backend, in ``folder``; None for ``none``.

    Raises:
        InputError: the backend's package is not there or cannot be used.
    """
    kinds: dict[str, Callable[[Path], EpochLog]] = {
        "csv": EpochTable,
        "tensorboard": TensorBoardLog,
        "mlflow": MlflowLog,
    }
    return None if backend == "none" else kinds[backend](folder)


class EpochTable:
    """metrics.csv, each row on disk before the next."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "metrics.csv"
        self._append(dict(zip(COLUMNS, COLUMNS, strict=True)))

    def add(self, row: dict[str, Any]) -> None:
        self._append({name: row[name] for name in COLUMNS})

    def _append(self, row: dict[str, Any]) -> None:
        try:
            with open(self._path, "a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, COLUMNS).writerow(row)
        except OSError as error:
            raise InputError(f"cannot write {self._path}: {error.strerror}; training stops") from error

    def close(self) -> None:
        """Every row is on disk already."""


class TensorBoardLog:
    """An event file; ``tensorboard --logdir`` shows it. The step is the epoch."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise _unusable("tensorboard", error) from error
        self._writer = SummaryWriter(str(folder))

    def add(self, row: dict[str, Any]) -> None:
        for name, value in figures_of(row).items():
            self._writer.add_scalar(name, value, row["epoch"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class MlflowLog:
    """A run in ``mlflow.db`` of the folder; ``mlflow ui --backend-store-uri`` shows it. Nothing is sent anywhere."""

    def __init__(self, folder: Path) -> None:
        try:
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=f"sqlite:///{folder.resolve() / 'mlflow.db'}")
            experiment = self._client.create_experiment(EXPERIMENT, artifact_location=folder.resolve().as_uri())
        except Exception as error:  # of the package's own kinds: a part of it is missing, a store it does not open
            raise _unusable("mlflow", error) from error
        self._run = self._client.create_run(experiment, run_name=folder.name).info.run_id

    def add(self, row: dict[str, Any]) -> None:
        for name, value in figures_of(row).items():
            self._client.log_metric(self._run, name, value, step=row["epoch"])

    def close(self) -> None:
        self._client.set_terminated(self._run)


def figures_of(row: dict[str, Any]) -> dict[str, float]:
    """What of a row is a figure; a validation loss only where something is watched."""
    return {name: float(row[name]) for name in FIGURES if row[name] != ""}


def _unusable(package: str, error: BaseException) -> InputError:
    said = " ".join(str(error).split())[:200]
    return InputError(f"logger {package!r} cannot be used: {said}; install the package {package} whole, or use csv")
