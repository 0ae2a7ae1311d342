"""`ptycho` as its users run it: what the published evidence shows, and what is refused."""

import csv
import json
import logging
from pathlib import Path

import numpy as np
import pytest

from simulator.evaluation.execution import Capabilities
from subjects.ptychography import cli, execution, workflow
from subjects.ptychography.flags import INFERENCE, TRAINING, read_configuration, with_boolean_words

SMALL = ["--n_filters_scale", "0.25"]
CUDA = Capabilities(("NVIDIA A100",))


def ptycho(*argv: object) -> int:
    """Run the program in this process; its exit status."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in argv])
    code = ended.value.code
    return int(code) if code is not None else 0


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "scan.npz"
    assert ptycho("simulate", path, "--N", "32", "--side", "5", "--step", "3") == 0
    return path


@pytest.fixture(scope="module")
def trained(scan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    assert ptycho("train", "--train_data_file", scan, "--output_dir", folder, "--nepochs", "2", *SMALL) == 0
    return folder


def decoded(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    image: np.ndarray = imread(path)
    return image


def test_the_training_command_of_the_evidence(scan, tmp_path, capsys):
    argv = ["--n_images", "20", "--nepochs", "2", "--model_type", "pinn", "--torch-num-workers", "0", *SMALL]
    argv += ["--torch-learning-rate", "1e-3", "--torch-scheduler", "Default", "--torch-logger", "csv"]
    assert ptycho("train", "--train_data_file", scan, "--output_dir", tmp_path, *argv) == 0
    said = capsys.readouterr().out
    assert (
        "PyTorch execution config built: accelerator=auto, num_workers=0, learning_rate=0.001, logger_backend=csv"
        in said
    )
    assert "GPU available: False, used: False" in said
    assert "n_images is the older name of n_groups" in said
    assert f"PyTorch bundle saved at: {tmp_path / 'wts.h5.zip'}" in said
    assert said.count("POLICY-001: No CUDA device detected") == 1
    with open(tmp_path / "logs" / "version_0" / "metrics.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 2
    assert "epoch 2/2 train_loss=" in (tmp_path / "logs" / "train.log").read_text("utf-8")


def test_the_inference_command_of_the_evidence(scan, trained, tmp_path, capsys):
    argv = ["--torch-accelerator", "cpu", "--torch-num-workers", "0", "--torch-inference-batch-size", "2"]
    assert (
        ptycho(
            "infer", "--model_path", trained, "--test_data", scan, "--output_dir", tmp_path, "--comparison_plot", *argv
        )
        == 0
    )
    said = capsys.readouterr().out
    assert "PyTorch inference config: accelerator=cpu, num_workers=0, inference_batch_size=2" in said
    assert "PyTorch model moved to device: cpu" in said
    assert "POLICY-001" not in said
    for name in ("reconstructed_amplitude", "reconstructed_phase", "comparison"):
        assert decoded(tmp_path / f"{name}.png").std() > 0.01
    metrics = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert {"amplitude_mae", "phase_mae", "R", "R_at_truth"} <= set(metrics)
    with np.load(tmp_path / "reconstruction.npz") as found:
        assert found["object"].dtype == np.complex64
        assert len(found["positions"]) == 25


def test_groups_from_a_configuration_file_without_torch_flags(scan, tmp_path, capsys):
    (tmp_path / "c.toml").write_text(
        "n_groups = 4\nn_subsample = 16\nneighbor_count = 7\nbatch_size = 4\nnepochs = 1\nn_filters_scale = 0.25\n"
        "[model]\ngridsize = 2\n"
    )
    assert (
        ptycho("train", "--train_data_file", scan, "--output_dir", tmp_path / "t", "--config", tmp_path / "c.toml") == 0
    )
    said = capsys.readouterr().out
    assert "POLICY-001: No --torch-* execution flags provided. Backend will use GPU-first defaults" in said
    assert "auto-instantiated PyTorchExecutionConfig with accelerator='cpu' (POLICY-001 GPU-first defaults)" in said
    assert "4 groups of 4 channels from 16 positions" in said
    assert len((tmp_path / "t" / "subsample_indices.txt").read_text().split()) == 16
    argv = ["--n_images", "4", "--n_subsample", "16", "--output_dir", tmp_path / "i"]
    assert ptycho("infer", "--model_path", tmp_path / "t", "--test_data", scan, *argv) == 0
    said = capsys.readouterr().out
    assert "GPU-first defaults" in said
    assert "inference_batch_size=None" in said
    assert (tmp_path / "i" / "reconstructed_phase.png").is_file()


@pytest.mark.parametrize("program", ["train", "infer"])
def test_help_documents_the_cpu_override(program, capsys):
    assert ptycho(program, "--help") == 0
    assert "--torch-accelerator cpu" in capsys.readouterr().out


@pytest.mark.parametrize("program", [[], ["train"], ["infer"]])
def test_without_arguments_usage_and_exit_2(program, capsys):
    assert ptycho(*program) == 2
    assert "Usage" in "".join(capsys.readouterr())


@pytest.mark.parametrize("flags", [["--torch-accelerator", "cuda"], ["--torch-accelerator=gpu"], []])
def test_training_goes_to_cuda_where_it_is(flags, scan, tmp_path, monkeypatch):
    """With CUDA's presence injected; the run itself is stopped before anything is moved there."""
    seen = []

    class Stop(Exception):
        pass

    def stop(self: execution.PyTorchExecutionConfig) -> None:
        seen.append(self.accelerator)
        raise Stop

    monkeypatch.setattr(execution, "machine_capabilities", lambda: CUDA)
    monkeypatch.setattr(execution.PyTorchExecutionConfig, "apply", stop)
    assert ptycho("train", "--train_data_file", scan, "--output_dir", tmp_path, *flags, *SMALL) == 4
    assert seen == ["cuda"]


def test_the_workflow_gets_the_resolved_configuration_before_data_are_read(scan, tmp_path, monkeypatch):
    order = []
    real = workflow.dispatched

    def dispatched(given: execution.PyTorchExecutionConfig | None) -> execution.PyTorchExecutionConfig:
        order.append(("dispatched", given.accelerator if given else None))
        return real(given)

    def read(*_: object) -> None:
        order.append(("read", None))
        raise workflow.InputError("stopped here")

    monkeypatch.setattr(workflow, "dispatched", dispatched)
    monkeypatch.setattr(workflow, "read_scan", read)
    argv = ["--torch-accelerator", "cpu", *SMALL]
    assert ptycho("train", "--train_data_file", scan, "--output_dir", tmp_path / "new", *argv) == 2
    assert order == [("dispatched", "cpu"), ("read", None)]
    assert not (tmp_path / "new").exists()


REFUSED = [
    (["--torch-accumulate-grad-batches", "2"], "EXEC-ACCUM-001"),
    (["--model_type", "supervised"], "DATA-SUP-001"),
    (["--n_images", "5", "--n_groups", "6"], "one figure"),
    (["--gridsize", "2", "--neighbor_count", "2"], "at least 3"),
    (["--n_groups", "30"], "--enable_oversampling"),
    (["--N", "64"], "N is 64"),
    (["--backend", "tensorflow"], "this port is pytorch"),
    (["--torch-precision", "bf16-mixed", "--torch-accelerator", "cpu"], "needs CUDA"),
    (["--torch-accelerator", "cuda"], "no CUDA device"),
    (["--torch-accelerator", "tpu"], "not supported"),
    (["--torch-scheduler", "Step"], "scheduler"),
    (["--torch-loss-mode", "mse"], "poisson, mae"),
    (["--config", "absent.toml"], "cannot read absent.toml"),
    (["--measurement", "volts"], "--measurement must be"),
    (["--nll_weight", "0"], "both 0"),
    (["--resume"], "train without --resume"),
]


@pytest.mark.parametrize(("argv", "words"), REFUSED, ids=[" ".join(r[0]) for r in REFUSED])
def test_refused_combinations_exit_2_and_leave_nothing(argv, words, scan, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(execution, "machine_capabilities", Capabilities)
    output = tmp_path / "out"
    assert ptycho("train", "--train_data_file", scan, "--output_dir", output, *SMALL, *argv) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert argv == ["--resume"] or not output.exists()


def test_an_unknown_flag_names_the_nearest(scan, capsys):
    assert ptycho("train", "--train_data_file", scan, "--nepoch", "3") == 2
    assert "--nepochs" in "".join(capsys.readouterr())


def test_a_model_of_another_side_is_refused(trained, tmp_path, capsys):
    other = tmp_path / "n64.npz"
    assert ptycho("simulate", other, "--side", "4") == 0
    assert ptycho("infer", "--model_path", trained, "--test_data", other, "--output_dir", tmp_path / "i") == 2
    assert "trained with N 32" in capsys.readouterr().err
    assert not (tmp_path / "i").exists()


def test_booleans_take_words():
    argv = ["--probe_trainable", "False", "--torch-deterministic=true", "--do_stitching", "--nepochs", "true"]
    assert with_boolean_words(argv, TRAINING) == [
        "--no-probe_trainable", "--torch-deterministic", "--do_stitching", "--nepochs", "true",
    ]  # fmt: skip
    assert with_boolean_words(["--comparison_plot", "true"], INFERENCE) == ["--comparison_plot"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.toml", "nepoch = 3", "nearest known one is nepochs"),
        ("c.toml", "nepochs = true", "must be int"),
        ("c.toml", "gridsize = 1\n[model]\ngridsize = 2", "at the top and 2"),
        ("c.json", "[1]", "table of keys"),
        ("c.json", "{", "cannot be read"),
    ],
)
def test_configuration_files_are_checked(name, text, words, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(workflow.InputError, match=words):
        read_configuration(tmp_path / name, TRAINING)


def test_a_given_flag_wins_over_the_file_and_a_default_does_not(scan, tmp_path, capsys):
    (tmp_path / "c.json").write_text(json.dumps({"nepochs": 1, "batch_size": 5, "model": {"n_filters_scale": 0.25}}))
    argv = ["--config", tmp_path / "c.json", "--batch_size", "6", "--torch-accelerator", "cpu"]
    assert ptycho("train", "--train_data_file", scan, "--output_dir", tmp_path / "t", *argv) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "configuration: " in line)
    table = json.loads(line.partition("configuration: ")[2])
    assert (table["training"]["nepochs"], table["training"]["batch_size"]) == (1, 6)


def test_solve_and_the_iterative_backend_write_the_same_kind_of_results(scan, tmp_path, capsys):
    assert ptycho("solve", scan, "--output_dir", tmp_path / "s", "--sweeps", "5", "--device", "cpu") == 0
    assert "sweep 5/5 R=" in capsys.readouterr().out
    names = {p.name for p in (tmp_path / "s").iterdir()}
    assert {"reconstruction.npz", "metrics.json", "reconstructed_amplitude.png", "comparison.png"} <= names
    assert ptycho("solve", scan, "--method", "er", "--output_dir", tmp_path / "x") == 2


def test_a_flat_result_is_told(trained, scan, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("subjects.ptychography.inference.is_collapsed", lambda *_: True)
    caplog.set_level(logging.WARNING, "ptychography")
    assert ptycho("infer", "--model_path", trained, "--test_data", scan, "--output_dir", tmp_path) == 0
    assert "has collapsed" in caplog.text


def test_other_data_are_watched_and_a_run_goes_on(scan, tmp_path, capsys):
    other, output = tmp_path / "other.npz", tmp_path / "t"
    assert ptycho("simulate", other, "--N", "32", "--side", "4", "--step", "3", "--seed", "5") == 0
    argv = ["--train_data_file", scan, "--test_data_file", other, "--output_dir", output, "--torch-accelerator", "cpu"]
    argv += ["--probe_trainable", "true", "--torch_loss_mode", "mae", *SMALL]
    assert ptycho("train", *argv, "--nepochs", "1", "--do_stitching") == 0
    assert (output / "reconstructed_amplitude.png").is_file()
    assert ptycho("train", *argv, "--nepochs", "2", "--resume") == 0
    said = capsys.readouterr().out
    assert "resumed after epoch 1" in said
    assert "epoch 2/2" in said
    assert sorted(p.name for p in (output / "logs").iterdir()) == ["train.log", "version_0", "version_1"]
