"""Logs that no honest program prints: they end in words, in proportion to their size."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Verdict

Write = Callable[..., Path]
END = "TRACE_C: I_pixel_final 2.5\n"


@pytest.mark.parametrize(
    "text",
    [
        "TRACE_C: v " + "7" * 400,
        "TRACE_C: v " + "7" * 5000,
        "TRACE_C_TAP k=" + "7" * 5000 + " x=1.5",
        "TRACE_C_SOURCE " + "7" * 30 + ": polar 0.5",
        "TRACE_C: v [" + " ".join(["1e308"] * 9) + "]",
        "TRACE_C_DOMAIN hkl_frac=-nan,-inf,-nan\nTRACE_C_DOMAIN hkl_rounded=-2147483648,-2147483648,-2147483648",
        "TRACE_C_SOURCE2: lambda_angstroms 6.2\nTRACE_C_SOURCE2: source_index 2",
        "TRACE_C_NEW x=1.5 y=2\nTRACE_C_NEW z=1.5",
        "TRACE_C: v " + "[" * 5000 + "1" + "]" * 5000,
        "TRACE_C: v " + "(" * 20000,
        "TRACE_C: " + "a: " * 20000 + "1.5",
        "TRACE_C: " + "a=b " * 20000 + "= 1.5",
        "TRACE_C: x 999999999*0.0",
        "TRACE_C: " + "1 " * 20000 + "x",
        "TRACE_C: " + "x" * 100000,
        ":" * 900 + " TRACE_C: x 1.5",
        "TRACE_C_TAP " + " ".join(f"f{i}={i}.5" for i in range(30000)),
        "TRACE_C: v " + " ".join(f"{i}.5" for i in range(30000)),
    ],
)
def test_a_log_against_itself_never_ends_in_a_traceback(write: Write, compare_command, text: str) -> None:
    log = write(f"{text}\n{END}")
    start = time.process_time()
    ran = compare_command("traces", log, log)
    assert ran.code in (0, 1)
    assert "Traceback" not in ran.err
    assert time.process_time() - start < 30


def test_a_path_of_five_thousand_letters_is_refused_in_words(compare_command) -> None:
    ran = compare_command("traces", "x" * 5000, "y.log")
    assert ran.code == 2
    assert "too long" in ran.err


def test_too_many_names_are_refused_in_words(write: Write, compare_command, monkeypatch) -> None:
    monkeypatch.setattr("compare.judging.engine.MOST_FAMILIES", 50)
    log = write("".join(f"TRACE_C: name{i} 1.5\n" for i in range(60)))
    ran = compare_command("traces", log, log)
    assert ran.code == 2
    assert "different names" in ran.err


def test_many_pixels_are_compared_one_by_one(write: Write) -> None:
    text = "".join(f"TRACE_C: pixel {i // 100} {i % 100}\nTRACE_C: own {i}.5\n{END}" for i in range(5000))
    a, b = write(text, "a.log"), write(text.replace(" 4321.5", " 4321.25"), "b.log")
    result = compare_traces(a, b)
    assert result.verdict is not Verdict.PARITY
    assert [pair.key.pixel for pair in result.pairs if pair.differs] == [(43, 21)]


def test_an_interrupt_is_obeyed_at_once(write: Write) -> None:
    lines = "".join(f"TRACE_C_DOMAIN phi_tic={i} F_latt={i}.5\n" for i in range(300_000))
    log = write(lines + END)
    run = subprocess.Popen([sys.executable, "-m", "compare", "traces", str(log), str(log)], stderr=subprocess.PIPE)
    time.sleep(1.5)
    run.send_signal(signal.SIGINT)
    with run:
        _, said = run.communicate(timeout=20)
    assert b"Traceback" not in said
