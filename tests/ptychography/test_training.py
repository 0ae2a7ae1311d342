"""Training: the same seed, resuming, rates that move, checkpoints, bundles."""

import csv
import json
import sys
import zipfile
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from simulator.errors import InputError
from subjects.ptychography import bundle as bundles
from subjects.ptychography import execution
from subjects.ptychography.configuration import Configuration, ModelConfig, TrainingConfig
from subjects.ptychography.dataset import make_dataset
from subjects.ptychography.execution import PyTorchExecutionConfig
from subjects.ptychography.groups import validation_split
from subjects.ptychography.runfolder import RunFolder
from subjects.ptychography.training import Training, require_no_accumulation
from subjects.ptychography.workflow import bundle_of, make_model
from tests.ptychography.helpers import small_scan

CPU = PyTorchExecutionConfig(accelerator="cpu")


def training_in(folder, execution=CPU, *, epochs=3, gridsize=1, trainable=False, **given) -> Training:
    scan = small_scan(side=5)
    model = ModelConfig(n_filters_scale=0.25, gridsize=gridsize, probe_trainable=trainable)
    config = Configuration(model, TrainingConfig(nepochs=epochs, batch_size=8, **given))
    data = make_dataset(scan, config)
    network, loss = make_model(scan, data, config)
    chosen, held = validation_split(len(data), 0.1, config.training.seed)
    made = Training(
        network, data, chosen, held, config.training, execution, loss, RunFolder(folder, ("logs", "checkpoints"))
    )
    made.kept_for_tests = (scan, data, config)  # type: ignore[attr-defined]
    return made


def weights(training: Training) -> dict[str, np.ndarray]:
    return bundles.weights_of(training.model)


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_weights(tmp_path):
    first, second = training_in(tmp_path / "a"), training_in(tmp_path / "b")
    other = training_in(tmp_path / "c", seed=7)
    before = weights(first)
    for training in (first, second, other):
        training.run()
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))
    assert not same(weights(first), before)


@pytest.mark.parametrize("scheduler", ["Default", "ReduceLROnPlateau", "WarmupCosine"])
def test_a_resumed_run_ends_with_the_same_bits(scheduler, tmp_path):
    execution = replace(CPU, scheduler=scheduler, plateau_patience=0)
    whole = training_in(tmp_path / "a", execution, epochs=4, trainable=True)
    whole.run()
    part = training_in(tmp_path / "b", execution, epochs=4, trainable=True)
    part.config = replace(part.config, nepochs=2)
    part.run()
    again = training_in(tmp_path / "b", execution, epochs=4, trainable=True)
    again.resume(tmp_path / "b" / "checkpoints" / "last.npz")
    assert again.progress.epoch == 2
    history = again.run()
    assert same(weights(whole), weights(again))
    assert [row["learning_rate"] for row in history] == [row["learning_rate"] for row in whole.progress.history]
    assert sorted(p.name for p in (tmp_path / "b" / "logs").iterdir()) == ["version_0", "version_1"]


RATES = {
    "Default": [1e-3, 1e-3, 1e-3, 1e-3],
    "Exponential": [1e-3, 0.95e-3, 0.9025e-3, 0.857375e-3],
    "CosineAnnealing": [1e-3, 0.8535533905932737e-3, 0.5e-3, 0.14644660940672627e-3],
}


@pytest.mark.parametrize("scheduler", RATES)
def test_the_loop_steps_every_scheduler_itself(scheduler, tmp_path):
    training = training_in(tmp_path, replace(CPU, scheduler=scheduler), epochs=4)
    training.run()
    with open(tmp_path / "logs" / "version_0" / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx(RATES[scheduler])
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert all(row["device"] == "cpu" and float(row["val_loss"]) > 0 for row in rows)


class Written:
    """In the place of a logger's client: what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __getattr__(self, name: str):
        def tell(*words: object, **named: object) -> SimpleNamespace:
            self.told.append((name, *words, *named.values()))
            return SimpleNamespace(info=SimpleNamespace(run_id="run"))

        return tell


@pytest.mark.parametrize(
    ("backend", "module", "attribute", "written"),
    [
        ("tensorboard", "torch.utils.tensorboard", "SummaryWriter", "add_scalar"),
        ("mlflow", "mlflow", "MlflowClient", "log_metric"),
    ],
)
def test_other_loggers_are_told_every_figure_of_every_epoch(backend, module, attribute, written, tmp_path, monkeypatch):
    client, places = Written(), []
    made = ModuleType(module)
    setattr(made, attribute, lambda *words, **named: places.append([*words, *named.values()]) or client)
    monkeypatch.setitem(sys.modules, module, made)
    monkeypatch.setattr(execution, "LOGGER_PACKAGES", {})
    history = training_in(tmp_path, replace(CPU, logger_backend=backend), epochs=2).run()
    assert str(tmp_path / "logs" / "version_0") in str(places)
    told = [words[1:] for words in client.told if words[0] == written]
    for row in history:
        for name in ("train_loss", "val_loss", "learning_rate"):
            assert any(name in words and row[name] in words and row["epoch"] in words for words in told)
    assert client.told[-1][0] in ("close", "set_terminated")
    assert not (tmp_path / "logs" / "version_0" / "metrics.csv").exists()


@pytest.mark.parametrize(("backend", "module"), [("tensorboard", "torch.utils.tensorboard"), ("mlflow", "mlflow")])
def test_a_logger_that_cannot_be_used_says_so(backend, module, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(execution, "LOGGER_PACKAGES", {})
    training = training_in(tmp_path, replace(CPU, logger_backend=backend), epochs=1)
    with pytest.raises(InputError, match=f"logger '{backend}' cannot be used"):
        training.run()


def test_plateau_and_warmup_move_the_rate(tmp_path):
    plateau = replace(CPU, scheduler="ReduceLROnPlateau", plateau_patience=0, plateau_threshold=1e9)
    training = training_in(tmp_path / "a", plateau, epochs=3)
    training.run()
    assert training.schedule.rate == pytest.approx(1.25e-4)
    warm = training_in(tmp_path / "b", replace(CPU, scheduler="WarmupCosine"), epochs=3)
    warm.run()
    rates = [row["learning_rate"] for row in warm.progress.history]
    assert rates[0] < rates[1] > rates[2]


def test_training_stops_when_nothing_improves(tmp_path):
    training = training_in(tmp_path, replace(CPU, learning_rate=1e-12, early_stop_patience=2), epochs=9)
    monitored = iter([1.0, 2.0, 3.0, 0.1])
    training.validation_loss = lambda: next(monitored)  # type: ignore[method-assign]
    assert len(training.run()) == 3


@pytest.mark.parametrize(("top_k", "kept"), [(0, 0), (1, 1), (2, 2), (-1, 4)])
def test_the_best_checkpoints_and_the_last_are_kept(top_k, kept, tmp_path):
    training = training_in(tmp_path, replace(CPU, checkpoint_save_top_k=top_k), epochs=4)
    losses = iter([4.0, 2.0, 3.0, 1.0])
    training.validation_loss = lambda: next(losses)  # type: ignore[method-assign]
    training.run()
    names = sorted(p.name for p in (tmp_path / "checkpoints").iterdir())
    assert names[-1] == "last.npz"
    assert len(names) == kept + 1
    if top_k == 2:
        assert names[:2] == ["epoch=02.npz", "epoch=04.npz"]


def test_groups_of_four_train_through_the_merge(tmp_path):
    training = training_in(tmp_path, gridsize=2, neighbor_count=7, epochs=2)
    assert training.data.batch([0]).counts.shape == (1, 4, 32, 32)
    before = weights(training)
    history = training.run()
    assert history[1]["train_loss"] < history[0]["train_loss"]
    assert not same(weights(training), before)


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_do(tmp_path):
    training = training_in(tmp_path, epochs=2)
    with torch.no_grad():
        next(iter(training.model.parameters())).fill_(float("nan"))
    with pytest.raises(InputError, match="--torch-learning-rate"):
        training.run()


def test_accumulation_is_refused_and_a_silent_model_counts_as_automatic(tmp_path):
    twice = replace(CPU, accum_steps=2)
    with pytest.raises(InputError, match="EXEC-ACCUM-001"):
        training_in(tmp_path, twice)
    require_no_accumulation(object(), twice)


def bundle_in(tmp_path) -> tuple[Training, bundles.Bundle]:
    training = training_in(tmp_path, epochs=1)
    history = training.run()
    made = bundle_of(training.model, *training.kept_for_tests[:2], training.kept_for_tests[2], CPU, history)  # type: ignore[attr-defined]
    bundles.save(tmp_path / bundles.NAME, made)
    return training, made


def test_the_model_saved_is_the_model_trained(tmp_path):
    training, made = bundle_in(tmp_path)
    read = bundles.load(tmp_path)
    assert same(bundles.weights_of(training.model.network), dict(read.weights))
    assert read.scaling["input_scale"] == made.scaling["input_scale"] == training.model.scaling.input_scale
    counts = training.data.counts[:2, None]
    with torch.no_grad():
        torch.testing.assert_close(read.model().patches(counts), training.model.patches(counts))


def test_a_bundle_says_what_is_in_it(tmp_path):
    bundle_in(tmp_path)
    with zipfile.ZipFile(tmp_path / bundles.NAME) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
    assert names == {*bundles.MEMBERS, "sha256.txt"}
    assert (manifest["format"], manifest["models"]) == ("ptycho-bundle-1", ["diffraction_to_obj"])


@pytest.mark.parametrize(
    ("member", "content", "words"),
    [
        ("scaling.json", b"{}", "hash"),
        ("manifest.json", None, "has no manifest.json"),
        ("diffraction_to_obj/weights.npz", b"PK", "hash"),
    ],
)
def test_a_changed_bundle_is_refused(member, content, words, tmp_path):
    bundle_in(tmp_path)
    path = tmp_path / bundles.NAME
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents[member] = content
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            if data is not None:
                archive.writestr(name, data)
    with pytest.raises(InputError, match=words):
        bundles.load(path)


def test_what_is_no_bundle_or_checkpoint_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match="cannot read the bundle"):
        bundles.load(tmp_path / "x.zip")
    with pytest.raises(InputError, match="cannot read the bundle"):
        bundles.load(tmp_path)
    training = training_in(tmp_path, epochs=1)
    with pytest.raises(InputError, match="train without --resume"):
        training.resume(tmp_path / "checkpoints" / "last.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="not a checkpoint"):
        training.resume(tmp_path / "other.npz")


def test_workers_give_the_same_batches(tmp_path):
    here = training_in(tmp_path / "a", epochs=1)
    there = training_in(tmp_path / "b", replace(CPU, num_workers=1), epochs=1)
    here.run()
    there.run()
    assert same(weights(here), weights(there))
