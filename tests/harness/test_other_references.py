"""Another program in the place of the reference: any that traces; one that fails is told and sealed."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from tests.harness.support import REFERENCE, Run, sealed_folders


def only_folder(root: Path) -> Path:
    (folder,) = sealed_folders(root)
    assert verify(folder).sealed
    return folder


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# ---- another reference program -----------------------------------------------------------------------------------


def test_any_binary_that_traces_can_be_the_reference(harness: Run, tmp_path: Path) -> None:
    """It is given -trace_pixel and nothing that the project's own program alone understands."""
    wrapper = script(
        tmp_path / "mine.sh",
        f'case "$*" in *-trace_only*|*-case*) exit 7;; esac\necho chatter\nexec {REFERENCE} "$@"\n',
    )
    pixels = ("--pixel", "31", "57", "--pixel", "50", "12")
    done = harness("reference", "trace", "--reference", wrapper, "--case", "oblique_cell", *pixels)
    assert done.returncode == 0, done.stderr
    text = (only_folder(tmp_path / "reports") / "trace_c.log").read_text()
    assert "chatter" not in text
    assert text.count("I_pixel_final") == 2
    assert harness("parity", "oblique_cell", "--mode", "c-parity", HARNESS_REFERENCE=str(wrapper)).returncode == 0


FAILING_PROGRAMS = {
    "crash": ("echo last words >&2; kill -SEGV $$", "SIGSEGV"),
    "failure": ("echo no luck >&2; exit 3", "exit status 3: no luck"),
    "no trace": ("echo all is well", "no TRACE_C line"),
    "hang": ("sleep 60 & sleep 60", "--timeout"),
}


@pytest.mark.parametrize("what", FAILING_PROGRAMS)
def test_a_reference_that_fails_is_exit_4_and_sealed(harness: Run, tmp_path: Path, what: str) -> None:
    body, said = FAILING_PROGRAMS[what]
    program = script(tmp_path / "broken.sh", body + "\n")
    began = time.monotonic()
    done = harness("reference", "trace", "--reference", program, "--timeout", "1")
    assert time.monotonic() - began < 30
    assert done.returncode == 4, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    folder = only_folder(tmp_path / "reports")
    assert said in (folder / "diagnostics.md").read_text()
    assert "exit 4" in (folder / "commands.txt").read_text()


@pytest.mark.parametrize("kind", ["missing", "not executable"])
def test_a_reference_that_is_not_there_is_exit_4_before_anything_is_made(
    harness: Run, tmp_path: Path, kind: str
) -> None:
    if kind == "not executable":
        (tmp_path / "program").write_text("")
    done = harness("reference", "trace", "--reference", "program")
    assert done.returncode == 4
    assert kind if kind == "not executable" else "not there" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_reference_that_ignores_a_defect_switch_is_refused(harness: Run, tmp_path: Path) -> None:
    program = script(tmp_path / "old.sh", "echo TRACE_C: I_pixel_final 1\n")
    done = harness("reference", "trace", "--reference", program, "--mode", "spec")
    assert done.returncode == 4
    assert "-defects none" in done.stderr
