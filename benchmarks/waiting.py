"""What a person waits for: whole processes, from the command line's words to the last file.

    python -m benchmarks.waiting                        # needs `make reference reference-fast`
    python -m benchmarks.waiting --only supervisor --only trace --rounds 5
    python -m benchmarks.waiting --peer ../another      # the same commands of another checkout beside them, in turn

Commands take turns, the first round (in which kernels are compiled and files come into memory) is not counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.processes import measure, medians
from benchmarks.tables import table
from benchmarks.workloads import CUBIC, SUBJECT
from harness.running.scratch import prepare
from subjects.nanobragg.kernel_kinds import build_kernels
from subjects.nanobragg.port import read_line
from subjects.nanobragg.reference import build_folder

SMALL = f"{CUBIC} -N 20 -detpixels 512 -pixel 0.2 -oversample 1 -phi 3 -osc 0.1 -phisteps 10".split()


@dataclass(frozen=True)
class Wait:
    """A command and the exit statuses that it may have."""

    command: tuple[str, ...]
    allowed: tuple[int, ...] = (0,)


def waits(harness: Sequence[str], c: Path) -> dict[str, dict[str, Wait]]:
    """What is measured, by group and name.

    Args:
        harness: how the program is started.
        c: the folder of the C programs.
    """
    supervisor = tuple(SUBJECT.case("supervisor").argv)

    def ours(*words: str, allowed: tuple[int, ...] = (0,)) -> Wait:
        return Wait((*harness, *words), allowed)

    return {
        "import": {
            "import torch": Wait((sys.executable, "-c", "import torch")),
            "harness --version": ours("--version"),
        },
        "supervisor": {
            "harness simulate": ours("simulate", "--device", "cpu", "--", *supervisor),
            "nanobragg_c_fast": Wait((str(c / "nanobragg_c_fast"), *supervisor)),
            "nanobragg_c": Wait((str(c / "nanobragg_c"), *supervisor)),
        },
        "512": {
            "harness simulate, 512 x 512": ours("simulate", "--device", "cpu", "--", *SMALL),
            "nanobragg_c_fast, 512 x 512": Wait((str(c / "nanobragg_c_fast"), *SMALL)),
        },
        "trace": {
            "harness trace": ours("trace", "--device", "cpu"),
            "harness reference trace": ours("reference", "trace"),
        },
        "explain": {
            "harness explain --try-defects": ours(
                *["explain", "--case", "supervisor", "--defect", "phi-carryover=off", "--try-defects"], allowed=(1,)
            )
        },
        "minimise": {
            "harness minimise": ours(
                *[
                    "minimise",
                    "--case",
                    "oversampled_factors",
                    "--defect",
                    "oversample-compounds=off",
                    "--out",
                    "small.toml",
                ]
            )
        },
        "gradcheck": {"harness gradcheck": ours("gradcheck")},
        "parity": {"harness parity": ours("parity")},
    }


def measured(groups: Sequence[Mapping[str, Wait]], rounds: int) -> dict[str, dict[str, Any]]:
    """Medians of each command; those of a group take turns."""
    found: dict[str, dict[str, Any]] = {}
    for group in groups:
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in group}
        for number in range(rounds + 1):
            for name, wait in group.items():
                run = measure(wait.command, allowed=wait.allowed)
                runs[name] += [run] if number else []
        found |= {name: medians(done) for name, done in runs.items()}
    return found


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Of each command, in turn.")] = 5,
    only: Annotated[list[str] | None, typer.Option(metavar="GROUP", help="May be repeated.")] = None,
    peer: Annotated[Path | None, typer.Option(metavar="CHECKOUT", help="Another checkout, with its .venv.")] = None,
) -> None:
    """Time whole processes and print a table."""
    chosen = waits((sys.executable, "-m", "harness"), build_folder())
    if unknown := set(only or ()) - set(chosen):
        raise typer.BadParameter(f"--only takes {', '.join(chosen)}; got {', '.join(sorted(unknown))}")
    groups = [group for name, group in chosen.items() if not only or name in only]
    if peer is not None:
        other = waits((str(peer / ".venv/bin/python"), str(peer / ".venv/bin/harness")), build_folder())
        groups = [
            {**group, **{f"peer: {name}": wait for name, wait in other[key].items() if name.startswith("harness")}}
            for key, group in chosen.items()
            if not only or key in only
        ]
    with tempfile.TemporaryDirectory(prefix="benchmarks_") as folder:
        os.environ["HARNESS_REPORTS"] = str(Path(folder) / "reports")
        work = Path(folder) / "work"
        work.mkdir()
        prepare(SUBJECT, SUBJECT.case("supervisor")).fill(work)
        os.chdir(work)
        experiments = {"supervisor": read_line(SUBJECT.case("supervisor").argv, work), "512": read_line(SMALL, work)}
        build_kernels(experiments, lambda words: print(words, file=sys.stderr))
        found = measured(groups, rounds)
    head = ["command", "wall s", "CPU s", "peak MB"]
    print(table(head, [_row(name, figures) for name, figures in found.items()]))


def _row(name: str, figures: Mapping[str, Any]) -> list[str]:
    wall, cpu = figures["wall_s"], figures["cpu_s"]
    times = f"{wall['median']:.2f} ({wall['lowest']:.2f}-{wall['highest']:.2f})"
    return [name, times, f"{cpu['median']:.2f}", f"{figures['peak_bytes'] / 1e6:.0f}"]


if __name__ == "__main__":
    typer.run(main)
