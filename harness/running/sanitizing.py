"""What a run under the sanitizers says of a program, and how a set of such runs ends."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from harness.running.processes import Finished

WORDS = ("runtime error", "Sanitizer")
"""In what the address and undefined behaviour sanitizers print."""
MOST_SHOWN = 3000


def complaint(name: str, finished: Finished, expected: Sequence[int]) -> str:
    """What is wrong with one run; empty when it ended with an expected status and no sanitizer spoke."""
    if finished.status in expected and not any(word in finished.stderr for word in WORDS):
        return ""
    return f"{name}: {finished.ending()}\n{finished.stderr[-MOST_SHOWN:]}"


def end_with(runs: int, complaints: Sequence[str]) -> None:
    """Print every complaint and their number; exit 1 on any."""
    for text in complaints:
        typer.echo(text, err=True)
    typer.echo(f"{runs} runs under the sanitizers, {len(complaints)} complaints")
    raise typer.Exit(1 if complaints else 0)
