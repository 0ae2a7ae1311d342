"""Whole processes in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import waiting
from benchmarks.waiting import Wait, measured, waits
from harness.cli import make_app
from subjects.nanobragg.description import NanoBragg


def test_commands_of_a_group_take_turns_and_the_first_round_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[str] = []

    def measure(command: tuple[str, ...], *, allowed: tuple[int, ...]) -> dict[str, Any]:
        run.append(command[0])
        return {"wall_s": float(len(run)), "cpu_s": 1.0, "peak_bytes": 1, "status": 0}

    monkeypatch.setattr(waiting, "measure", measure)
    found = measured([{"one": Wait(("a",)), "other": Wait(("b",))}], rounds=2)
    assert run == ["a", "b"] * 3
    assert found["one"]["wall_s"]["lowest"] == 3.0


def test_the_commands_are_those_of_the_program() -> None:
    known = {command.name for command in make_app(NanoBragg()).registered_commands} | {"reference", "--version"}
    groups = waits(("harness",), Path("build"))
    ours = [wait.command[1] for group in groups.values() for wait in group.values() if wait.command[0] == "harness"]
    assert set(ours) <= known
    assert {"simulate", "trace", "explain", "minimise", "gradcheck", "parity"} <= set(ours)
