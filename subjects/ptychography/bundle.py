"""What training leaves: one zip of plain arrays and JSON, read without pickle. Checkpoints are plain arrays as well."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulator.errors import InputError
from subjects.ptychography import __version__
from subjects.ptychography.arrays import read_npz, reason
from subjects.ptychography.learning import Model, Scaling
from subjects.ptychography.network import Architecture
from subjects.ptychography.writing import write_bytes

FORMAT = "ptycho-bundle-1"
NAME = "wts.h5.zip"
MODEL = "diffraction_to_obj"
MEMBERS = (
    "manifest.json", "config.json", "scaling.json", "probe.npy", f"{MODEL}/weights.npz", "history.json",
)  # fmt: skip
MOST_BYTES = 1 << 32
NUMBER = int | float
MODEL_FIELDS: dict[str, Any] = {
    "N": int,
    "gridsize": int,
    "n_filters_scale": NUMBER,
    "amp_activation": str,
    "object_support": str,
}
TRAINING_FIELDS: dict[str, Any] = {"batch_size": int, "neighbor_count": int, "seed": int}
SCALING_FIELDS: dict[str, Any] = {
    "input_scale": NUMBER,
    "mean_count": NUMBER,
    "intensity_scale": NUMBER,
    "margin_px": int,
}
"""What inference reads of a bundle's tables, and of which kind it is."""


@dataclass(frozen=True)
class Bundle:
    """A trained model and all that inference needs of its training.

    Attributes:
        config: model, training, execution, data tables.
        scaling: input_scale, mean_count, intensity_scale and its source.
        probe: (modes, N, N) in photons. weights: name -> array. history: one row an epoch.
    """

    config: Mapping[str, Any]
    scaling: Mapping[str, Any]
    probe: np.ndarray
    weights: Mapping[str, np.ndarray]
    history: list[dict[str, Any]]

    def model(self) -> Model:
        """The model with its weights.

        Raises:
            InputError: the weights do not have the shapes of the architecture.
        """
        table = self.config["model"]
        architecture = Architecture(
            table["N"], table["gridsize"] ** 2, table["n_filters_scale"], table["amp_activation"],
            table["object_support"],
        )  # fmt: skip
        scaling = Scaling(self.scaling["input_scale"], self.scaling["mean_count"])
        model = Model(architecture, torch.from_numpy(self.probe), scaling, q=self.scaling["margin_px"])
        load_weights(model.network, self.weights, "the bundle")
        return model


def weights_of(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """The parameters as arrays."""
    return {name: p.detach().cpu().numpy().copy() for name, p in module.named_parameters()}


def load_weights(module: torch.nn.Module, weights: Mapping[str, np.ndarray], what: str) -> None:
    """Put arrays in the parameters' places; InputError for other names or shapes."""
    own = dict(module.named_parameters())
    wrong = sorted(set(own) ^ set(weights))
    if wrong:
        raise InputError(f"{what} does not fit the model: {wrong[0]} is on one side only")
    for name, parameter in own.items():
        if weights[name].shape != tuple(parameter.shape):
            raise InputError(
                f"{what}: {name} has the shape {weights[name].shape}, {tuple(parameter.shape)} was required"
            )
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(weights[name].copy()))


# -------------------------------------------------------------------------------------------------------------- bundle


def save(path: Path, bundle: Bundle) -> None:
    """Write the zip, complete or not at all."""
    manifest = {"format": FORMAT, "models": [MODEL], "program": f"ptycho {__version__}", "torch": torch.__version__}
    contents = {
        "manifest.json": _json(manifest),
        "config.json": _json(bundle.config),
        "scaling.json": _json(bundle.scaling),
        "probe.npy": _npy(bundle.probe),
        f"{MODEL}/weights.npz": _npz(bundle.weights),
        "history.json": _json(bundle.history),
    }
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in contents.items())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**contents, "sha256.txt": sums.encode()}.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    write_bytes(path, stream.getvalue())


def load(path: Path) -> Bundle:
    """Read a bundle: the zip itself or the folder that holds it.

    Raises:
        InputError: it is missing, of another format, lacks a member, or a member is not what its hash says.
    """
    path = path / NAME if path.is_dir() else path
    contents = _members(path)
    manifest = _parsed(contents, "manifest.json", path)
    if manifest.get("format") != FORMAT or MODEL not in manifest.get("models", []):
        raise InputError(f"{path} is not a bundle of the format {FORMAT}; it says {str(manifest.get('format'))[:40]!r}")
    with io.BytesIO(contents["probe.npy"]) as stream:
        try:
            probe = np.load(stream, allow_pickle=False)
            with np.load(io.BytesIO(contents[f"{MODEL}/weights.npz"]), allow_pickle=False) as arrays:
                weights = {name: arrays[name] for name in arrays.files}
        except (ValueError, OSError, EOFError) as error:
            raise InputError(f"{path}: its arrays cannot be read: {error}") from error
    config, scaling, history = (_parsed(contents, n, path) for n in ("config.json", "scaling.json", "history.json"))
    _require_fields(config, scaling, path)
    if probe.ndim != 3 or probe.dtype.kind != "c":
        raise InputError(f"{path}: probe.npy is {probe.dtype} of the shape {probe.shape}; complex modes were required")
    return Bundle(config, scaling, probe, weights, history)


def _require_fields(config: Any, scaling: Any, path: Path) -> None:
    """Refuse tables without what inference reads from them."""
    tables = {"model": MODEL_FIELDS, "training": TRAINING_FIELDS}
    found = {name: config.get(name) if isinstance(config, dict) else None for name in tables}
    for name, fields in [*tables.items(), ("scaling", SCALING_FIELDS)]:
        table = scaling if name == "scaling" else found[name]
        for field, kind in fields.items():
            value = table.get(field) if isinstance(table, dict) else None
            if not isinstance(value, kind) or isinstance(value, bool):
                raise InputError(
                    f"{path}: {field} of its table {name} is {str(value)[:40]!r}; this program did not make it"
                )


def _members(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            missing = [name for name in (*MEMBERS, "sha256.txt") if name not in sizes]
            if missing:
                raise InputError(f"{path} has no {missing[0]}; it is not a complete bundle")
            if sum(sizes.values()) > MOST_BYTES:
                raise InputError(f"{path} announces {sum(sizes.values())} bytes, more than {MOST_BYTES}")
            contents = {name: archive.read(name) for name in (*MEMBERS, "sha256.txt")}
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise InputError(f"cannot read the bundle {path}: {reason(error)}") from error
    lines = [line.partition("  ") for line in contents["sha256.txt"].decode("utf-8", "replace").splitlines()]
    stated = {name: digest for digest, _, name in lines}
    for name in MEMBERS:
        if stated.get(name) != hashlib.sha256(contents[name]).hexdigest():
            raise InputError(f"{path}: {name} is not what its hash says; the bundle was changed or damaged")
    return contents


def _parsed(contents: Mapping[str, bytes], name: str, path: Path) -> Any:
    try:
        return json.loads(contents[name])
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {name} is not JSON: {error}") from error


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, default=str) + "\n").encode()


def _npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), _npy(values))
    return stream.getvalue()


# --------------------------------------------------------------------------------------------------------- checkpoints


def save_checkpoint(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as an .npz, complete or not at all."""
    write_bytes(path, _npz(arrays))


def require_checkpoint(path: Path) -> None:
    """Refuse to go on from a checkpoint that is not there."""
    if not path.is_file():
        raise InputError(f"there is no checkpoint {path} to resume from; train without --resume first")


def load_checkpoint(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of a checkpoint; InputError when it is missing or damaged."""
    require_checkpoint(path)
    return read_npz(path).held
