"""POLICY-001: the truth table with injected capabilities, and what is refused."""

import logging
import warnings

import pytest

from simulator.errors import InputError
from simulator.evaluation.execution import Capabilities
from subjects.ptychography import execution
from subjects.ptychography.execution import PyTorchExecutionConfig, dispatched, say_device

CUDA, NONE = Capabilities(("NVIDIA A100", "NVIDIA T4")), Capabilities()

RESOLVED = [
    ("auto", CUDA, "cuda"),
    ("cuda", CUDA, "cuda"),
    ("gpu", CUDA, "cuda"),
    ("cuda:1", CUDA, "cuda:1"),
    ("cpu", CUDA, "cpu"),
    ("cpu", NONE, "cpu"),
    ("mps", Capabilities(mps=True), "mps"),
]


@pytest.mark.parametrize(("request_", "machine", "device"), RESOLVED)
def test_the_table_of_devices(request_, machine, device):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = PyTorchExecutionConfig(accelerator=request_, deterministic=False)
        assert config.resolve(machine).accelerator == device


@pytest.mark.parametrize("request_", ["cuda", "cuda:2", "gpu", "mps"])
def test_what_was_asked_for_and_is_not_there_is_an_error(request_):
    with pytest.raises(InputError, match=r"--torch-accelerator cpu|asked for"):
        PyTorchExecutionConfig(accelerator=request_, deterministic=False).resolve(NONE)


def test_auto_without_cuda_warns_exactly_once_and_says_what_to_do():
    with pytest.warns(UserWarning, match="POLICY") as caught:
        assert PyTorchExecutionConfig().resolve(NONE).accelerator == "cpu"
    assert len(caught) == 1
    text = str(caught[0].message)
    for words in (
        "POLICY-001",
        "No CUDA device detected",
        "--torch-accelerator cpu",
        "https://pytorch.org/get-started",
    ):
        assert words in text


@pytest.mark.parametrize(("machine", "name"), [(CUDA, "cuda"), (NONE, "cpu")])
def test_without_a_configuration_one_is_made_and_logged(machine, name, caplog):
    caplog.set_level(logging.INFO, "ptychography")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert dispatched(None, machine).accelerator == name
    line = (
        f"Backend dispatcher: auto-instantiated PyTorchExecutionConfig with accelerator='{name}' (POLICY-001 GPU-first"
    )
    assert line in caplog.text


@pytest.mark.parametrize("accelerator", ["cpu", "cuda"])
def test_a_given_configuration_is_not_replaced(accelerator, caplog):
    caplog.set_level(logging.INFO, "ptychography")
    given = PyTorchExecutionConfig(accelerator=accelerator, learning_rate=0.5)
    assert dispatched(given, CUDA) == given
    assert "auto-instantiated" not in caplog.text


def test_the_lines_of_a_machine_with_cuda(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "ptychography")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(execution, "driver_version", lambda: "550.54")
    say_device("cuda", CUDA)
    for line in ("GPU available: True (cuda), used: True", "CUDA_VISIBLE_DEVICES: [0]", "NVIDIA A100", "driver 550.54"):
        assert line in caplog.text


def test_the_line_of_a_machine_without(caplog):
    caplog.set_level(logging.INFO, "ptychography")
    say_device("cpu", NONE)
    assert "GPU available: False, used: False" in caplog.text


REFUSED = [
    ({"accelerator": "tpu"}, "not supported"),
    ({"accelerator": "nvidia"}, "one of"),
    ({"accelerator": "mps"}, "deterministic"),
    ({"devices": 2}, "devices"),
    ({"precision": "64"}, "precision"),
    ({"num_workers": -1}, "num_workers"),
    ({"persistent_workers": True}, "num_workers > 0"),
    ({"prefetch_factor": 2}, "num_workers > 0"),
    ({"learning_rate": 0.0}, "learning_rate"),
    ({"learning_rate": float("nan")}, "learning_rate"),
    ({"scheduler": "Step"}, "ReduceLROnPlateau"),
    ({"accum_steps": 0}, "accum_steps"),
    ({"gradient_clip_val": 0.0}, "gradient_clip_val"),
    ({"gradient_clip_algorithm": "max"}, "norm or value"),
    ({"checkpoint_save_top_k": -2}, "top_k"),
    ({"checkpoint_monitor_metric": "loss"}, "val_loss"),
    ({"early_stop_patience": 0}, "early_stop"),
    ({"logger_backend": "wandb"}, "csv"),
    ({"inference_batch_size": 0}, "inference_batch_size"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=[str(r[0]) for r in REFUSED])
def test_fields_are_validated_when_it_is_built(given, words):
    with pytest.raises(InputError, match=words):
        PyTorchExecutionConfig(**given)


def test_a_logger_without_its_package_names_it(monkeypatch):
    monkeypatch.setattr(execution.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="mlflow"):
        PyTorchExecutionConfig(logger_backend="mlflow")
    assert PyTorchExecutionConfig().logger_backend == "csv"


def test_mixed_precision_needs_cuda():
    with pytest.raises(InputError, match="needs CUDA"):
        PyTorchExecutionConfig(accelerator="cpu", precision="bf16-mixed").resolve(NONE)
    assert PyTorchExecutionConfig(precision="bf16-mixed").resolve(CUDA).accelerator == "cuda"
