"""Command lines on top of one that is complete, and how they are read."""

from __future__ import annotations

from pathlib import Path

from simulator.commandline.reading import read_experiment
from simulator.defects import Defects
from simulator.experiment import Experiment

BASE = "-cell 40 50 60 -default_F 5"


def read(line: str, folder: Path | str = ".", defects: Defects | None = None) -> Experiment:
    return read_experiment(line.split(), Path(folder), defects)


def based(line: str, folder: Path | str = ".", defects: Defects | None = None) -> Experiment:
    return read(f"{BASE} {line}", folder, defects)
