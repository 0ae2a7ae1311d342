"""``harness smoke`` with commands that behave badly."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from tests.harness.support import Run, sealed_folders


def sealed(tmp_path: Path) -> Path:
    (folder,) = sealed_folders(tmp_path / "reports")
    assert verify(folder).sealed
    return folder


def test_credentials_among_a_torch_programs_options_are_kept_out(harness: Run, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import torch\nprint('loss', float(torch.ones(2, device='cpu').sum()))\n")
    words = (sys.executable, "train.py", "--api-key", "hunter2-option", "--password=hunter2-joined", "--epochs", "3")
    done = harness("smoke", "--expect", r"loss \d", "--", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = sealed(tmp_path)
    for path in folder.rglob("*"):
        assert "hunter2" not in path.read_text(), path.name
    (record,) = json.loads((folder / "metrics.json").read_text())["torch"]
    assert record["program"] == "train.py"
    assert "--epochs 3" in (folder / "commands.txt").read_text()


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("import sys; sys.stdout.write('no newline at the end')", "no newline at the end"),
        ("import os; os.write(1, b'\\xff\\xfe bytes that are no text')", "bytes that are no text"),
        ("import sys; print('to stderr', file=sys.stderr)", "to stderr"),
        ("print('x' * 300_000)", "x" * 1000),
    ],
)
def test_any_output_is_kept(harness: Run, tmp_path: Path, code: str, shown: str) -> None:
    assert harness("smoke", "--", sys.executable, "-c", code).returncode == 0
    folder = sealed(tmp_path)
    assert shown in (folder / "stdout.log").read_text() + (folder / "stderr.log").read_text()


@pytest.mark.parametrize("ends", ["", "; exec sleep 60"], ids=["left running", "running too long"])
def test_nothing_it_started_is_left_running(harness: Run, tmp_path: Path, ends: str) -> None:
    script = f"(while :; do date +%s%N > alive; sleep 0.05; done) & sleep 0.3{ends}"
    done = harness("smoke", "--timeout", "2", "--", "sh", "-c", script)
    assert done.returncode == (4 if ends else 0)
    sealed(tmp_path)
    before = (tmp_path / "alive").read_text()
    time.sleep(0.3)
    assert (tmp_path / "alive").read_text() == before


def test_files_are_told_apart_by_what_happened_to_them(harness: Run, tmp_path: Path) -> None:
    for name in ("kept", "changed", "removed"):
        (tmp_path / name).write_text("before\n")
    script = "echo after > changed; rm removed; mkdir deep; printf abc > deep/made"
    assert harness("smoke", "--", "sh", "-c", script).returncode == 0
    figures = json.loads((sealed(tmp_path) / "metrics.json").read_text())
    assert sorted(figures["files_made"]) == ["changed", "deep/made"]
    assert figures["files_made"]["deep/made"] == {
        "bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }
    assert figures["files_removed"] == ["removed"]


@pytest.mark.parametrize(("status", "code"), [("0", 0), ("1", 4), ("77", 4)])
def test_the_commands_own_status_is_recorded_and_judged(harness: Run, tmp_path: Path, status: str, code: int) -> None:
    assert harness("smoke", "--", "sh", "-c", f"exit {status}").returncode == code
    assert json.loads((sealed(tmp_path) / "metrics.json").read_text())["exit_status"] == int(status)


def test_a_command_that_is_not_there_is_exit_4_and_sealed(harness: Run, tmp_path: Path) -> None:
    done = harness("smoke", "--", "no_such_program", "x")
    assert done.returncode == 4
    assert "no_such_program cannot be run" in done.stderr
    assert "Traceback" not in done.stderr
    assert (sealed(tmp_path) / "failure.txt").is_file()


# ---- --keep ------------------------------------------------------------------------------------------------------

MAKES = (
    "import os; os.mkdir('out'); [open(f'out/{n}', 'wb').write(n.encode() * 3) for n in ('a.png', 'b.png', 'c.txt')]"
)


def test_made_files_are_kept_byte_for_byte_and_sealed(harness: Run, tmp_path: Path) -> None:
    code = MAKES + "; open('bundle.zip', 'wb').write(bytes(range(256)))"
    done = harness("smoke", "--keep", "out/*.png", "--keep", "*.zip", "--", sys.executable, "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = sealed(tmp_path)
    kept = sorted(path.relative_to(folder).as_posix() for path in (folder / "made").rglob("*") if path.is_file())
    assert kept == ["made/bundle.zip", "made/out/a.png", "made/out/b.png"]
    assert (folder / "made" / "bundle.zip").read_bytes() == bytes(range(256))
    figures = json.loads((folder / "metrics.json").read_text())
    assert figures["files_kept"]["out/a.png"] == "made/out/a.png"
    assert "  made/out/a.png\n" in (folder / "sha256.txt").read_text()
    assert figures["files_made"]["out/a.png"]["sha256"] in (folder / "sha256.txt").read_text()
    assert "made/bundle.zip" in (folder / "diagnostics.md").read_text()
    (folder / "made" / "out" / "a.png").write_bytes(b"another")
    assert not verify(folder).sealed


@pytest.mark.parametrize(
    ("pattern", "code", "said"),
    [
        ("*.jpg", MAKES, "--keep '*.jpg' matches none of the 3 files"),
        (
            "*.bin",
            "open('a.bin', 'wb').truncate((16 << 20) + 1)",
            "at most 16777216 bytes are kept; the largest is a.bin",
        ),
        ("*", "[open(f'f{n}', 'w').write('x') for n in range(201)]", "201 files match, at most 200"),
        ("*", "open('two words', 'w').write('x')", "the name 'two words'"),
        ("*", "open('epoch=1', 'w').write('x'); open('fine', 'w').write('x')", "the name 'epoch=1'"),
        ("a", "import os; open('a', 'w').write(os.environ['MY_TOKEN'])", "holds what is cut out of evidence"),
        ("a", "import os; open('a', 'wb').write(b'\\xff' + os.environb[b'MY_TOKEN'])", "holds what is cut out"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_is(
    harness: Run, tmp_path: Path, pattern: str, code: str, said: str
) -> None:
    words = ("--env", "MY_TOKEN=s3cr3t-value", "--keep", pattern)
    done = harness("smoke", *words, "--", sys.executable, "-c", code)
    assert done.returncode == 4
    assert said in done.stdout
    folder = sealed(tmp_path)
    assert not (folder / "made").exists()
    assert said in " ".join(json.loads((folder / "metrics.json").read_text())["faults"])


def test_a_link_out_of_the_folder_is_not_kept(harness: Run, tmp_path: Path) -> None:
    done = harness("smoke", "--keep", "link", "--", "ln", "-s", sys.executable, "link")
    assert done.returncode == 4
    assert "matches none" in done.stdout
    assert not (sealed(tmp_path) / "made").exists()


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../*", "out/../../*"])
def test_a_pattern_of_no_name_below_the_folder_is_refused(harness: Run, tmp_path: Path, pattern: str) -> None:
    done = harness("smoke", "--keep", pattern, "--", "true")
    assert done.returncode == 2
    assert "--keep" in done.stderr
    assert sealed_folders(tmp_path / "reports") == []
