"""docs/ptychography.md: its commands run, and show the lines that it shows."""

import re
import shlex
from pathlib import Path

import pytest
import torch
from matplotlib.image import imread
from typer.testing import CliRunner

from compare.folders.bundle import verify
from harness.cli import make_app
from harness.finding import open_subject
from simulator.evaluation.execution import Capabilities
from subjects.ptychography import bundle, cli, execution, port
from subjects.ptychography.cases import CASES
from subjects.ptychography.configuration import TrainingConfig
from subjects.ptychography.contract import KNOWN_KEYS
from subjects.ptychography.defects import NAMES

DOCS_FOLDER = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS_FOLDER.parent / "reports"
DOCS = (DOCS_FOLDER / "ptychography.md").read_text("utf-8")


def run(line: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(shlex.split(line)[1:])
    return int(ended.value.code or 0)


def test_the_commands_run_and_say_what_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(execution, "machine_capabilities", Capabilities)
    faster = {"simulate": " --side 5", "train": " --nepochs 1 --n_filters_scale 0.25", "solve": " --sweeps 2"}
    lines = re.findall(r"^    (ptycho (\w+) .*)$", DOCS, re.MULTILINE)
    assert [name for _, name in lines] == ["simulate", "train", "infer", "solve"]
    for line, name in lines:
        assert run(line + faster.get(name, "")) == 0, line
    said = capsys.readouterr().out
    shown = re.search(r"```text\n(.*?)```", DOCS, re.DOTALL)
    assert shown is not None
    for line in shown[1].splitlines():
        assert line in said


def test_the_harness_knows_the_words_of_its_commands():
    lines = re.findall(r"^    harness --subject (\S+) ([^#\n]*)", DOCS, re.MULTILINE)
    assert len(lines) == 5
    for subject, words in lines:
        result = CliRunner().invoke(make_app(open_subject(subject)), [*shlex.split(words), "--help"])
        assert result.exit_code == 0, result.output


def test_the_words_of_both_programs_are_read(ptycho_c, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CASES[1].write(tmp_path).rename(tmp_path / "FILE.npz")
    lines = re.findall(r"^    (ptycho_c .*)$", DOCS, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        words = shlex.split(line)[1:]
        assert ptycho_c(*words).returncode == 0
        assert port.main(words) == 0


def test_every_defect_and_key_is_in_the_page():
    for name in NAMES:
        assert f"`{name}`" in DOCS
    for key in KNOWN_KEYS - {"scan_index", "xcoords_start", "ycoords_start", "metadata"}:
        assert f"`{key}`" in DOCS


@pytest.mark.parametrize("name", ["train", "infer"])
def test_the_sealed_examples_verify_and_show_the_lines(name):
    folder = EXAMPLES / f"example_ptycho_{name}"
    assert verify(folder).findings == ()
    log = (folder / "stdout.log").read_text("utf-8")
    wanted = {"train": ["GPU available:", "PyTorch bundle saved at:"], "infer": ["model moved to device:", ".png"]}
    for line in ("POLICY-001: No --torch-* execution flags provided", *wanted[name]):
        assert line in log
    command = (folder / "commands.txt").read_text("utf-8")
    (shown,) = [line for line in DOCS.splitlines() if line.startswith("    harness smoke") and f"ptycho {name}" in line]
    assert shlex.join(shlex.split(shown)) in command


def test_the_sealed_bundle_is_a_trained_model_that_loads():
    made = bundle.load(EXAMPLES / "example_ptycho_train" / "made" / "trained")
    losses = [row["train_loss"] for row in made.history]
    assert len(losses) == made.config["training"]["nepochs"] == TrainingConfig().nepochs
    assert losses[-1] < 0.05 * losses[0]
    counts = torch.ones(1, 1, 32, 32)
    assert made.model().patches(counts).re.shape == counts.shape


@pytest.mark.parametrize("name", ["amplitude", "phase"])
def test_the_sealed_pictures_decode_and_show_something(name):
    picture = imread(EXAMPLES / "example_ptycho_infer" / "made" / "inferred" / f"reconstructed_{name}.png")
    assert picture.shape[0] > 100
    assert picture.std() > 0.01
