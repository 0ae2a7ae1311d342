"""``python -m benchmarks``: everything that is timed, measured side by side, as tables, JSON and a plot."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.contenders import ROOT, Contender, Failed, contenders
from benchmarks.race import have_program, race, wait_for_idle
from benchmarks.tables import report
from benchmarks.workloads import workloads
from harness.choices import reports_root
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence

FAST = ROOT / "reference_c" / "build" / "nanobragg_c_fast"
GOLDEN = ROOT.parent / "shared" / "golden"
OUT = ROOT / "build" / "benchmarks"
SECTIONS = ("scaling", "latency", "comparison", "accuracy", "gate", "limit", "card")
QUICK_SHRINK = 8
ROUNDS, FEW_ROUNDS, SCALING_ROUNDS = 5, 3, 2
"""Of the six images, of everything else at most, and of the families of growing size at most."""
QUICK_LINES, LINES = 20_000, 1_000_000
QUICK_CELLS = 4
QUICK_ACCURACY = ("cubic_adxv", "mosaic_gauss", "tricubic_leaves_list")
WRONG_USE, PROGRAM_FAILED = 2, 4
PATIENCE_S = 600.0


def say(line: str) -> None:
    """Progress, on standard error."""
    typer.echo(line, err=True)


@dataclass(frozen=True)
class Plan:
    """What is measured and how."""

    wanted: list[str]
    racers: tuple[Contender, ...]
    quick: bool
    threads: int
    rounds: int
    golden: Path | None
    idle: float | None
    out: Path

    @property
    def shrink(self) -> int:
        return QUICK_SHRINK if self.quick else 1

    def waited(self) -> None:
        """Wait for an idle machine, if that is wanted."""
        if self.idle is not None:
            wait_for_idle(self.idle, PATIENCE_S, say)


def run(
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes and few rounds: to see that all works.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="A workload or a section; repeatable.")
    ] = None,
    contender: Annotated[
        list[str] | None, typer.Option("--contender", metavar="NAME", help="Only these contenders; repeatable.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="Another program with the same command line.")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Of every contender; else all cores.")] = None,
    rounds: Annotated[int | None, typer.Option("--rounds", min=1, help="Repetitions; else 5 (1 with --quick).")] = None,
    golden: Annotated[
        Path | None, typer.Option("--golden", metavar="DIR", help="A folder of golden figures: its cases count too.")
    ] = None,
    passive: Annotated[
        bool, typer.Option("--passive", help="Waiting threads sleep: CPU seconds are work alone, on a shared machine.")
    ] = False,
    idle: Annotated[
        float | None,
        typer.Option("--idle", metavar="LOAD", help="Wait before each part until the load is lower."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="For benchmarks.json and benchmarks.png.")] = OUT,
) -> None:
    """Time the C program, another reference, and the port (eager, compiled, mixed, float32; on CUDA too) side by side.

    Names for --only: supervisor, many-sources, mosaic, tricubic, thick, 4096; scaling, latency, comparison,
    accuracy, gate, limit, card.
    """
    everyone = contenders(FAST, reference, with_cuda=bool(_cuda_devices()))
    plan = Plan(
        wanted=_chosen("--only", only, [*(workload.name for workload in workloads()), *SECTIONS]),
        racers=tuple(r for r in everyone if r.name in _chosen("--contender", contender, [r.name for r in everyone])),
        quick=quick,
        threads=threads or os.cpu_count() or 1,
        rounds=rounds or (1 if quick else ROUNDS),
        golden=golden or (GOLDEN if GOLDEN.is_dir() and not quick else None),
        idle=idle,
        out=out,
    )
    if passive:
        os.environ["OMP_WAIT_POLICY"] = "passive"
    for racer in plan.racers:
        _require_runnable(racer)
    results = measure(plan)
    typer.echo(report(results))
    say(f"written: {out / 'benchmarks.json'}, {out / 'benchmarks.png'}")
    status = PROGRAM_FAILED if any(one["failures"] for one in results["races"]) else 0
    say(f"sealed: {seal(plan, status)}")
    if status:
        raise typer.Exit(status)


def seal(plan: Plan, status: int) -> Path:
    """The figures in an evidence folder of their own; gives its name."""
    with Evidence(reports_root(None), "benchmark") as evidence:
        evidence.command(sys.argv, Path.cwd(), evidence.started, status)
        evidence.status = status
        for name in ("benchmarks.json", "benchmarks.png"):
            if (plan.out / name).exists():
                evidence.write(name, (plan.out / name).read_bytes())
        device = "cuda" if _cuda_devices() else "cpu"
        evidence.write_json("env.json", environment_record(device=device, dtype="float64, mixed, float32"))
    return evidence.final


def measure(plan: Plan) -> dict[str, Any]:
    """Everything in the plan, saved after each part: a stopped suite keeps its figures."""
    plan.out.mkdir(parents=True, exist_ok=True)
    facts = {"machine": machine(), "threads": plan.threads, "rounds": plan.rounds, "quick": plan.quick}
    results: dict[str, Any] = {**facts, "races": []}
    for workload in workloads(plan.shrink):
        if workload.name in plan.wanted:
            plan.waited()
            results["races"] += race([workload], plan.racers, threads=plan.threads, rounds=plan.rounds, say=say)
            save(results, plan.out)
    for name, section in sections(plan).items():
        if name in plan.wanted:
            plan.waited()
            results[name] = section()
            save(results, plan.out)
    return results


def sections(plan: Plan) -> dict[str, Callable[[], Any]]:
    """What is measured besides the six images, by name."""
    from benchmarks.accuracy import accuracy
    from benchmarks.card import card
    from benchmarks.comparison import comparison
    from benchmarks.gate import gate
    from benchmarks.latency import GRID, QUICK_GRID, latency
    from benchmarks.limit import limit
    from benchmarks.scaling import scaling

    few = min(plan.rounds, FEW_ROUNDS)
    grid, lines, cases = (QUICK_GRID, QUICK_LINES, QUICK_ACCURACY) if plan.quick else (GRID, LINES, ())
    return {
        "scaling": lambda: scaling(
            plan.racers, shrink=plan.shrink, threads=plan.threads, rounds=min(few, SCALING_ROUNDS), say=say
        ),
        "latency": lambda: latency(rounds=few, grid=grid, say=say),
        "comparison": lambda: comparison(lines=lines, rounds=few, say=say),
        "accuracy": lambda: accuracy(plan.golden, only=cases, say=say),
        "gate": lambda: gate(n_cells=QUICK_CELLS if plan.quick else None, say=say),
        "limit": lambda: limit(threads=plan.threads, say=say),
        "card": lambda: card(shrink=plan.shrink, rounds=few, say=say),
    }


def _cuda_devices() -> tuple[str, ...]:
    from simulator.evaluation.execution import machine_capabilities

    return machine_capabilities().cuda_devices


def save(results: dict[str, Any], folder: Path) -> None:
    """Write what is known so far: a stopped suite keeps its figures."""
    from benchmarks.plot import draw

    partial = folder / "benchmarks.json.partial"
    partial.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    partial.replace(folder / "benchmarks.json")
    draw(results, folder / "benchmarks.png")


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    from harness.evidence.environment import cpu_name, environment_record

    facts = environment_record()
    kept = ("python_version", "packages", "git_sha", "git_dirty", "cpu_count", "variables")
    return {
        "cpu": cpu_name(),
        "system": platform.system(),
        "numdiff": have_program("numdiff"),
        **{name: facts[name] for name in kept},
    }


def _chosen(option: str, names: list[str] | None, known: list[str]) -> list[str]:
    """The names given, or all; refused when one is unknown."""
    unknown = [name for name in names or () if name not in known]
    if unknown:
        _refuse(f"{option} takes {', '.join(known)}; got {unknown[0]}")
    return names or known


def _require_runnable(racer: Contender) -> None:
    if racer.program is None or os.access(racer.program, os.X_OK):
        return
    remedy = "`make reference-fast` builds it" if racer.program == FAST else "--reference takes an executable"
    _refuse(f"{racer.program} cannot be run; {remedy}")


def _refuse(message: str) -> None:
    typer.echo(f"benchmarks: {message}", err=True)
    raise typer.Exit(WRONG_USE)


def main() -> None:
    """Run the command line; a contender that fails ends the suite with one line."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(run)
    try:
        app(prog_name="python -m benchmarks")
    except Failed as failure:
        typer.echo(f"benchmarks: {failure}", err=True)
        raise SystemExit(PROGRAM_FAILED) from failure


if __name__ == "__main__":
    main()
