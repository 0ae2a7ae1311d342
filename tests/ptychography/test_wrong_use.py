"""What a user's hand gets wrong: one line that says what to do, the right exit code, nothing half written."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError
from subjects.ptychography import bundle, figures, writing
from subjects.ptychography.runfolder import LateFile, Terminal
from subjects.ptychography.training import Training
from tests.ptychography.test_program import ptycho

SMALL = ["--n_filters_scale", "0.25", "--torch-accelerator", "cpu"]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: no file of this process grows beyond this many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


SIMULATED = {
    "--N -4": "N must be at least 8; got -4",
    "--side 0": "side must be at least 1",
    "--step nan": "step must be above 0",
    "--jitter -3": "jitter must be at least 0",
    "--jitter inf": "jitter must be at least 0",
    "--seed -1": "seed must lie between 0",
    "--nphotons 1e30": "lower nphotons",
    "--N 4096 --side 1000": "more than can be made here",
    "--object cube": "one of lines, grf, star",
}


@pytest.mark.parametrize("words", SIMULATED)
def test_simulate_refuses_in_one_line(words, tmp_path, capsys):
    small = [] if "--N" in words else ["--N", "16"]
    assert ptycho("simulate", tmp_path / "x.npz", "--side", "3", *small, *words.split()) == 2
    said = capsys.readouterr().err
    assert SIMULATED[words] in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "x.dat", "absent/x.npz"])
def test_simulate_refuses_names_it_cannot_write(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ptycho("simulate", name, "--side", "3", "--N", "16", "--step", "3") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


SCANS = {
    "zero probe": (lambda a: {"probeGuess": a["probeGuess"] * 0}, "probeGuess is zero everywhere"),
    "no photons": (lambda a: {"diffraction": a["diffraction"] * 0}, "nothing to reconstruct from"),
    "all masked": (lambda a: {"mask": np.zeros((32, 32), bool)}, "nothing was measured"),
    "no photons unmasked": (
        lambda a: {"mask": a["diffraction"] == 0},
        "diffraction is 0 wherever it was measured",
    ),
    "no scale": (lambda a: {"intensity_scale": np.float64(-1.0)}, "intensity_scale must be positive"),
    "no dose": (lambda a: {"nphotons": np.array(np.nan)}, "nphotons must be positive"),
    "far apart": (lambda a: {"xcoords": a["xcoords"] * 1e7, "objectGuess": None}, "--pixel-size"),
}


@pytest.mark.parametrize("name", SCANS)
def test_scans_without_content_are_refused_before_anything_is_made(name, scan_file, small_arrays, tmp_path, capsys):
    change, words = SCANS[name]
    file, out = scan_file(**change(small_arrays)), tmp_path / "out"
    assert ptycho("solve", file, "--output_dir", out) == 2
    assert ptycho("train", "--train_data_file", file, "--output_dir", out, *SMALL) == 2
    said = capsys.readouterr().err
    assert said.count(words) == said.count("\n") == 2
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("solve --seed -1", "seed must lie between"),
        ("solve --nphotons -1", "--nphotons must be positive"),
        ("solve --pixel-size 0", "--pixel-size must be positive"),
        ("solve --centred maybe", "--centred must be yes or no"),
        ("solve --device tpu", "not supported"),
        ("doctor --axes hw", "--axes must be nhw or hwn"),
    ],
)
def test_values_that_mean_nothing_are_refused(words, said, scan_file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *rest = words.split()
    assert ptycho(command, scan_file(), *rest) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "solve_outputs").exists()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("--test_data_file absent.npz", 2, "cannot read absent.npz: No such file"),
        ("--subsample_seed -4", 2, "subsample_seed must lie between"),
        ("--n_filters_scale 1e9", 4, "not enough memory for this network"),
    ],
)
def test_training_that_cannot_begin_makes_no_folder(words, status, said, scan_file, tmp_path, capsys):
    argv = ["--train_data_file", scan_file(), "--output_dir", tmp_path / "out", "--torch-accelerator", "cpu"]
    assert ptycho("train", *argv, *words.split()) == status
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["solve", "doctor"])
def test_what_a_refused_file_asks_for_is_there_to_be_given(
    command, scan_file, small_arrays, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    turned = {"diffraction": np.fft.ifftshift(small_arrays["diffraction"], axes=(1, 2)).transpose(1, 2, 0)}
    file = scan_file(**turned | {"xcoords": small_arrays["ycoords"], "ycoords": small_arrays["xcoords"]})
    more = ["--sweeps", "1"] if command == "solve" else []
    assert ptycho(command, file, *more) == 2
    assert "--axes hwn" in "".join(capsys.readouterr())
    assert ptycho(command, file, "--axes", "hwn", *more) == 2
    assert "--centred no" in "".join(capsys.readouterr())
    assert ptycho(command, file, "--axes", "hwn", "--centred", "no", "--swap-xy", "true", *more) == 0


@pytest.fixture
def trained(scan_file, tmp_path) -> tuple[Path, Path]:
    """A scan, and the folder of one epoch of training on it."""
    file, out = scan_file(), tmp_path / "out"
    assert ptycho("train", "--train_data_file", file, "--output_dir", out, "--nepochs", "1", *SMALL) == 0
    return file, out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--seed 7", "was made with seed 42, this run has 7"),
        ("--batch_size 4", "batch_size 16, this run has 4"),
        ("--n_groups 9", "is of other data"),
        ("--flip-x", "flip_x False, this run has True"),
    ],
)
def test_resuming_another_training_is_refused_and_changes_nothing(words, said, trained, capsys):
    file, out = trained
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "train.log"}
    argv = ["--train_data_file", file, "--output_dir", out, "--nepochs", "2", "--resume", *SMALL]
    assert ptycho("train", *argv, *words.split()) == 2
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_resuming_tells_another_rate_and_that_nothing_is_left(trained, capsys):
    file, out = trained
    argv = ["train", "--train_data_file", file, "--output_dir", out, "--resume", *SMALL]
    assert ptycho(*argv, "--nepochs", "1", "--torch-learning-rate", "1e-4") == 0
    said = capsys.readouterr().out
    assert "learning_rate was 0.001" in said
    assert "nothing is left to train: 1 epochs were asked for" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"config": {}}, "N of its table model is 'None'"),
        ({"config": []}, "N of its table model is 'None'"),
        ({"scaling": {"input_scale": "1"}}, "input_scale of its table scaling"),
        ({"probe": np.ones((32, 32))}, "complex modes were required"),
        ({"weights": {}}, "is on one side only"),
    ],
)
def test_a_bundle_that_lacks_something_is_refused_though_its_hashes_agree(change, said, trained, tmp_path, capsys):
    file, out = trained
    bundle.save(tmp_path / "other.zip", replace(bundle.load(out), **change))
    argv = ["--model_path", tmp_path / "other.zip", "--test_data", file, "--output_dir", tmp_path / "i"]
    assert ptycho("infer", *argv) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "i" / "reconstruction.npz").exists()


def test_resuming_nothing_leaves_nothing(scan_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert ptycho("train", "--train_data_file", scan_file(), "--output_dir", out, "--resume", *SMALL) == 2
    assert "there is no checkpoint" in capsys.readouterr().err
    assert not out.exists()


def test_an_interrupted_training_says_how_to_go_on(scan_file, tmp_path, monkeypatch, capsys):
    whole, epochs = Training._epoch, []

    def second_is_interrupted(self: Training) -> dict[str, object]:
        epochs.append(1)
        if len(epochs) == 2:
            raise KeyboardInterrupt
        return whole(self)

    argv = ["train", "--train_data_file", scan_file(), "--output_dir", tmp_path / "out", "--nepochs", "2", *SMALL]
    monkeypatch.setattr(Training, "_epoch", second_is_interrupted)
    assert ptycho(*argv) == 130
    said = capsys.readouterr()
    assert "the same command with --resume goes on" in said.out
    assert said.err == "ptycho: interrupted\n"
    assert not (tmp_path / "out" / "wts.h5.zip").exists()
    assert ptycho(*argv, "--resume") == 0
    assert (tmp_path / "out" / "wts.h5.zip").exists()


def test_on_a_full_disk_nothing_is_half_written(trained, tmp_path, capsys):
    file, out = trained
    with files_of_at_most(20_000):
        argv = ["--model_path", out, "--test_data", file, "--output_dir", tmp_path / "i", "--phase-sync", "0"]
        assert ptycho("infer", *argv, "--torch-accelerator", "cpu") == 2
        with pytest.raises(InputError, match=r"cannot write .*kept.npz: .*nothing of it is kept"):
            writing.write_npz(tmp_path / "kept.npz", {"a": np.zeros(10_000)})
    assert "cannot write" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "i").rglob("*") if path.is_file()] == ["infer.log"]
    assert not list(tmp_path.glob("kept*"))


def test_a_log_that_cannot_be_written_is_said_once_and_the_run_goes_on(tmp_path, capsys):
    handler = LateFile(tmp_path)
    for text in ("one", "two"):
        handler.handle(logging.LogRecord("a", logging.INFO, "", 0, text, None, None))
        if handler.level > logging.INFO:
            break
    assert capsys.readouterr().err.count("the log ends here") == 1
    assert handler.level > logging.CRITICAL


def test_a_terminal_that_nobody_reads_ends_quietly(capsys):
    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

        def flush(self) -> None:
            """Nothing waits."""

    handler = Terminal(Closed())  # type: ignore[arg-type]
    handler.handle(logging.LogRecord("a", logging.INFO, "", 0, "one", None, None))
    assert handler.level > logging.CRITICAL
    assert capsys.readouterr().err == ""


def test_a_cyclic_map_is_for_a_whole_turn_alone():
    assert figures.colours_of_phase(-np.pi, np.pi) == figures.CYCLIC
    assert figures.colours_of_phase(-0.8, 0.8) == figures.PLAIN
