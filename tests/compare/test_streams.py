"""A reader that goes away and a full disk change no verdict and leave no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    """Two logs that differ in one of many values."""
    lines = [f"TRACE_C: name_{i} {i / 7}" for i in range(3000)]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "b.log").write_text("\n".join(lines).replace("name_2999 428.4285714285714", "name_2999 428.5") + "\n")
    return tmp_path / "a.log", tmp_path / "b.log"


def compared(a: Path, b: Path, *, stdout: object) -> subprocess.Popen[bytes]:
    vocabulary = a.with_name("vocabulary.toml")
    vocabulary.write_text('format = 1\nname = "x"\nunknown = "required"\n')
    words = [sys.executable, "-m", "compare", "traces", str(a), str(b), "--vocabulary", str(vocabulary), "--csv"]
    return subprocess.Popen(words, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(("same", "status"), [(True, 0), (False, 1)])
def test_a_reader_that_goes_away_changes_no_verdict(logs: tuple[Path, Path], same: bool, status: int) -> None:
    a, b = logs
    with compared(a, a if same else b, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == status


def test_a_full_disk_behind_standard_output_is_told_in_a_line(logs: tuple[Path, Path]) -> None:
    full = Path("/dev/full")
    assert full.exists(), "needs the device that is always full"
    with full.open("wb") as stdout, compared(*logs, stdout=stdout) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert process.wait(60) == 2
    assert len(said.splitlines()) == 1
    assert "No space left" in said


def test_ctrl_c_waits_for_no_thread_that_still_reads(logs: tuple[Path, Path]) -> None:
    script = (
        "import signal, sys, threading, time\n"
        "from compare.reading import log\n"
        "from compare import cli\n"
        "def stuck(*words, **how):\n"
        "    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)\n"
        "    time.sleep(600)\n"
        "log.parse_block = stuck\n"
        "log.Log._submit = lambda self, block: self.pool.submit(stuck)\n"
        "sys.argv[0] = 'compare'\n"
        "cli.main()\n"
    )
    words = [sys.executable, "-c", script, "traces", *map(str, logs)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert done.returncode == 130, done.stderr
