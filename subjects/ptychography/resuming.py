"""Whether a training that goes on from a checkpoint is the same training."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from simulator.errors import InputError
from subjects.ptychography.configuration import Configuration
from subjects.ptychography.execution import PyTorchExecutionConfig
from subjects.ptychography.learning import Scaling

log = logging.getLogger("ptychography.train")

FREE = frozenset({"nepochs", "n_groups", "do_stitching", "weighting", "stitch_crop"})
"""Of the training's table: how long it goes on and what is stitched at the end may change; groups are counted below."""
OPTIMISING = (
    "learning_rate", "scheduler", "plateau_factor", "plateau_patience", "plateau_min_lr", "plateau_threshold",
    "gradient_clip_val", "gradient_clip_algorithm", "precision",
)  # fmt: skip
"""Of the execution: may change, and is told."""

Settings = Mapping[str, Mapping[str, Any]]


def settings_of(
    config: Configuration, execution: PyTorchExecutionConfig, scaling: Scaling, groups: int
) -> dict[str, dict[str, Any]]:
    """What a checkpoint remembers of its training, by table."""
    tables = config.tables()
    whole = asdict(execution)
    return {
        "model": tables["model"],
        "training": {key: value for key, value in tables["training"].items() if key not in FREE},
        "reading": tables["data"],
        "data": asdict(scaling) | {"groups": groups},
        "execution": {key: whole[key] for key in OPTIMISING},
    }


def require_same(before: Settings, now: Settings, what: str) -> None:
    """Refuse other data, another model or other groups; tell of another way to optimise.

    Raises:
        InputError: the first setting that differs, what it was, and what it is.
    """
    plain = json.loads(json.dumps(now))
    for table, values in plain.items():
        for key, value in values.items():
            if before[table][key] == value:
                continue
            if table == "execution":
                log.warning("%s was %r in %s and is %r from here on", key, before[table][key], what, value)
                continue
            if table == "data":
                raise InputError(
                    f"{what} is of other data ({key} was {before[table][key]!r}, is {value!r}); resume with its own "
                    "scan, or train into another --output_dir"
                )
            raise InputError(
                f"{what} was made with {key} {before[table][key]!r}, this run has {value!r}; resume with the same, or "
                "train into another --output_dir"
            )
