"""The flags of `ptycho train` and `ptycho infer`: one table for command line, configuration file and merge."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import InputError

HELP_ACCELERATOR = (
    "default: cuda if there is one (POLICY-001), else the CPU with a warning; --torch-accelerator cpu for CPU only."
)
WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Flag:
    """One flag: its key in files, its type, where its value goes (table and field; None: the command itself).

    ``names``: the long names; the first is the key with two dashes where none is given.
    """

    key: str
    type: type
    help: str
    target: str | None = None
    field: str = ""
    names: tuple[str, ...] = ()

    @property
    def long_names(self) -> tuple[str, ...]:
        return self.names or (f"--{self.key}",)

    @property
    def place(self) -> str:
        """The field that it fills."""
        return self.field or self.key


def _torch(key: str, type_: type, help_: str, field: str) -> Flag:
    return Flag(f"torch_{key}", type_, help_, "execution", field, (f"--torch-{key.replace('_', '-')}",))


COMMON = (
    Flag("output_dir", Path, "Where everything is written; made if missing."),
    Flag("config", Path, "A TOML, JSON or YAML file with any of these keys; given flags win over it."),
    Flag("backend", str, "pytorch, or iterative for the ePIE/rPIE baseline."),
    Flag("n_groups", int, "Number of groups; default 512 for training, all for inference, at most the positions."),
    Flag("n_images", int, "The older name of n_groups."),
    Flag("n_subsample", int, "Use so many positions, drawn by seed.", "training"),
    Flag("subsample_seed", int, "Of that draw; default: the seed.", "training"),
    Flag("weighting", str, "Of patch pixels when stitching: probe, uniform, central or crop.", "training"),
    Flag("stitch_crop", int, "Pixels around the centre that --weighting crop takes.", "training"),
    Flag("nphotons", float, "Mean photons per pattern, for data without a unit.", "reading"),
    Flag("axes", str, "nhw: positions first; hwn: positions last.", "reading"),
    Flag("measurement", str, "What the patterns hold: amplitude or counts.", "reading"),
    Flag("centred", str, "no: the zero frequency lies at the corner.", "reading"),
    Flag("swap_xy", bool, "Exchange x and y of the positions.", "reading", "", ("--swap-xy",)),
    Flag("flip_x", bool, "Mirror the positions' x.", "reading", "", ("--flip-x",)),
    Flag("flip_y", bool, "Mirror the positions' y.", "reading", "", ("--flip-y",)),
    Flag("pixel_size", float, "Object pixel in metres.", "reading", "pixel_size_m", ("--pixel-size",)),
    Flag("outside", str, "zero: windows may reach out of the object.", "reading", "outside_zero"),
    Flag("clip_negative", bool, "Set negative values to 0.", "reading", "", ("--clip-negative",)),
    _torch("accelerator", str, HELP_ACCELERATOR, "accelerator"),
    _torch("num_workers", int, "Processes that prepare batches.", "num_workers"),
    _torch("inference_batch_size", int, "Groups at a time; default: as in training.", "inference_batch_size"),
    Flag("quiet", bool, "Only warnings on the terminal."),
)  # fmt: skip

READING = tuple(flag for flag in COMMON if flag.target == "reading")
"""How a file is read: of every command that reads a scan."""

TRAINING = (
    Flag("train_data_file", Path, "The scan to train on (.npz, or HDF5/CXI). Required."),
    Flag("test_data_file", Path, "Another scan to watch the loss on, instead of a part of the training groups."),
    *COMMON,
    Flag("model_type", str, "pinn: unsupervised, through the forward model.", "model"),
    Flag("N", int, "Side of a pattern; default: the data's.", "model"),
    Flag("gridsize", int, "gridsize^2 neighbouring patterns are seen together.", "model"),
    Flag("n_filters_scale", float, "Width of the network.", "model"),
    Flag("amp_activation", str, "sigmoid, softplus or silu.", "model"),
    Flag("object_support", str, "full, or central for probes that do not reach beyond N/2.", "model"),
    Flag("probe_trainable", bool, "Refine the probe, too.", "model"),
    Flag("seed", int, "Of everything that is drawn.", "training"),
    Flag("neighbor_count", int, "K: a group's members come from the seed's K nearest.", "training"),
    Flag("enable_oversampling", bool, "More groups than positions (gridsize > 1).", "training"),
    Flag("sequential_sampling", bool, "Groups from the first positions instead of drawn ones.", "training"),
    Flag("batch_size", int, "Groups per step.", "training"),
    Flag("nepochs", int, "Passes over the groups; default 80.", "training"),
    Flag("torch_loss_mode", str, "poisson or mae.", "training", "", ("--torch-loss-mode", "--torch_loss_mode")),
    Flag("nll_weight", float, "Of the Poisson deviance.", "training"),
    Flag("mae_weight", float, "Of the amplitudes' distance.", "training"),
    Flag("val_fraction", float, "Part of the groups that is watched and not trained on.", "training"),
    Flag("do_stitching", bool, "Write the object of the training scan at the end.", "training"),
    _torch("deterministic", bool, "Only kernels that give the same bits again.", "deterministic"),
    _torch("precision", str, "32-true, or bf16-mixed / 16-mixed on CUDA.", "precision"),
    _torch("learning_rate", float, "Adam's rate.", "learning_rate"),
    _torch("scheduler", str, "Default, Exponential, ReduceLROnPlateau, WarmupCosine, CosineAnnealing.", "scheduler"),
    _torch("plateau_factor", float, "Of ReduceLROnPlateau.", "plateau_factor"),
    _torch("plateau_patience", int, "Of ReduceLROnPlateau, in epochs.", "plateau_patience"),
    _torch("plateau_min_lr", float, "Of ReduceLROnPlateau.", "plateau_min_lr"),
    _torch("plateau_threshold", float, "Of ReduceLROnPlateau.", "plateau_threshold"),
    _torch("gradient_clip_val", float, "Largest gradient.", "gradient_clip_val"),
    _torch("gradient_clip_algorithm", str, "norm or value.", "gradient_clip_algorithm"),
    _torch("logger", str, "csv, tensorboard, mlflow or none.", "logger_backend"),
    _torch("enable_checkpointing", bool, "Keep checkpoints.", "enable_checkpointing"),
    _torch("checkpoint_save_top_k", int, "How many of the best are kept; -1: all.", "checkpoint_save_top_k"),
    _torch("early_stop_patience", int, "Epochs without improvement after which training stops.", "early_stop_patience"),
    _torch("accumulate_grad_batches", int, "1: the loop does not accumulate.", "accum_steps"),
    _torch("progress_bar", bool, "A bar over the epochs.", "enable_progress_bar"),
    Flag("resume", bool, "Go on from checkpoints/last.npz in the output folder."),
    Flag("verbose", bool, "Also what is only interesting to developers."),
)  # fmt: skip

INFERENCE = (
    Flag("model_path", Path, "The bundle wts.h5.zip, or the folder that holds it. Required."),
    Flag("test_data", Path, "The scan to reconstruct. Required."),
    *COMMON,
    Flag("phase_vmin", float, "Lower end of the phase's colours; default -pi.", "request"),
    Flag("phase_vmax", float, "Upper end; default pi.", "request"),
    Flag("comparison_plot", bool, "Also draw the truth beside the result.", "request"),
    Flag("phase_sync", int, "Sweeps of phase synchronisation; 0: none.", "request", "", ("--phase-sync",)),
    Flag("debug", bool, "Also what is only interesting to developers."),
)


# --------------------------------------------------------------------------------------------------------------- merge


def with_boolean_words(argv: Sequence[str], flags: Sequence[Flag]) -> list[str]:
    """``--flag true``, ``--flag false``, ``--flag=false`` as the flag or its negation; other words are left alone."""
    booleans = {name: negated(name) for flag in flags if flag.type is bool for name in flag.long_names}
    words: list[str] = []
    rest = list(argv)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in booleans:
            words.append(name + equals + value)
            continue
        if not equals and rest and rest[0].lower() in WORDS:
            value, equals = rest.pop(0), "="
        if equals and value.lower() not in WORDS:
            raise InputError(f"{name} takes true or false, not {value!r}")
        words.append(name if not equals or WORDS[value.lower()] else booleans[name])
    return words


def negated(name: str) -> str:
    """--flag -> --no-flag."""
    return f"--no-{name[2:]}"


def read_configuration(path: Path | None, flags: Sequence[Flag]) -> dict[str, Any]:
    """The values of a configuration file by key; a nested ``model`` table equals keys at the top.

    Raises:
        InputError: it cannot be read, has an unknown key, a value of another type, or says two things of one key.
    """
    if path is None:
        return {}
    table = _parsed(path)
    nested = table.pop("model", {})
    if not isinstance(nested, Mapping):
        raise InputError(f"{path}: model must be a table")
    for key, value in nested.items():
        if key in table and table[key] != value:
            raise InputError(f"{path}: {key} is {table[key]!r} at the top and {value!r} in the table model; keep one")
    known = {flag.key: flag for flag in flags if flag.key != "config"}
    return {key: _typed(path, key, value, known) for key, value in {**table, **nested}.items() if value is not None}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() in (".yaml", ".yml"):
            import yaml

            table = yaml.safe_load(text)
        else:
            table = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ImportError as error:
        raise InputError(f"{path}: YAML needs the package PyYAML; use TOML or JSON") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:  # each parser has its own
        raise InputError(f"{path} cannot be read as a configuration: {str(error).splitlines()[0]}") from error
    if not isinstance(table, dict):
        raise InputError(f"{path} must hold a table of keys")
    return table


def _typed(path: Path, key: str, value: Any, known: Mapping[str, Flag]) -> Any:
    if key not in known:
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
        raise InputError(f"{path}: unknown key {str(key)[:60]!r}; the nearest known one is {near}")
    wanted = known[key].type
    if wanted is Path and isinstance(value, str):
        return Path(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise InputError(f"{path}: {key} must be {wanted.__name__}; it is {value!r}")
    return value


def merged(given: Mapping[str, Any], flags: Sequence[Flag]) -> dict[str, Any]:
    """Flags that were given (not None) over the configuration file."""
    wanted = {key: value for key, value in given.items() if value is not None}
    return {**read_configuration(wanted.get("config"), flags), **wanted}


def table_of(values: Mapping[str, Any], flags: Sequence[Flag], target: str) -> dict[str, Any]:
    """The fields of one target that were given anywhere."""
    return {flag.place: values[flag.key] for flag in flags if flag.target == target and flag.key in values}
