"""Programs that flood, hang, daemonise or are interrupted leave neither processes nor unbounded memory behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.errors import ProgramFailed
from harness.running import processes
from harness.running.processes import run

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon.pid", "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
os.wait()
while not os.path.exists("daemon.pid") or not open("daemon.pid").read():
    time.sleep(0.01)
print("parent done", flush=True)
{after}
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_both_streams_and_the_status_come_back(tmp_path: Path) -> None:
    done = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"), tmp_path, 30)
    assert (done.stdout, done.stderr, done.status) == ("out\n", "err\n", 7)


def test_a_program_that_floods_its_output_is_ended_and_little_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes.Stream.__init__, "__defaults__", (lambda piece: None, 1 << 20, True))
    began = time.monotonic()
    with pytest.raises(ProgramFailed, match="printed more than") as failure:
        run(python("while True: print('x' * 10000)"), tmp_path, 60)
    assert time.monotonic() - began < 30
    assert len(failure.value.output) <= 2 * processes.END


def test_a_daemon_that_holds_the_output_open_does_not_delay_the_end_and_does_not_survive(tmp_path: Path) -> None:
    began = time.monotonic()
    done = run(python(DAEMON.format(after="")), tmp_path, 30)
    assert done.stdout == "parent done\n"
    assert time.monotonic() - began < 20
    assert gone(int((tmp_path / "daemon.pid").read_text()))


def test_the_timeout_holds_for_a_program_with_a_daemon(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ProgramFailed, match="still running after 1 s") as failure:
        run(python(DAEMON.format(after="time.sleep(60)")), tmp_path, 1)
    assert time.monotonic() - began < 20
    assert "parent done" in failure.value.output
    assert gone(int((tmp_path / "daemon.pid").read_text()))


def test_a_program_that_cannot_be_started_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="cannot be run"):
        run(["./none"], tmp_path, 1)
    with pytest.raises(ProgramFailed, match="cannot be run"):
        run(["a\0b"], tmp_path, 1)


SLOW_REFERENCE = """#!/bin/sh
echo $$ > "{pid}"
exec sleep 60
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_program_that_is_running_and_leaves_no_folder(
    sent: signal.Signals, status: int, tmp_path: Path
) -> None:
    program, pid = tmp_path / "slow", tmp_path / "pid"
    program.write_text(SLOW_REFERENCE.format(pid=pid))
    program.chmod(0o755)
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    command = [
        *(sys.executable, "-m", "harness", "reference", "trace", "--reference", str(program)),
        *("--out-dir", str(tmp_path / "reports")),
    ]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL),  # nohup and shells have some ignored
    ) as process:
        deadline = time.monotonic() + 60
        while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert gone(int(pid.read_text()))
    assert list(scratch.iterdir()) == []
    assert not list((tmp_path / "reports").glob("*.partial"))
    assert b"Traceback" not in said
