"""Cost against size: two families of four images, and the exponent of each contender's time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.arithmetic import fit_power_law
from benchmarks.contenders import Contender
from benchmarks.race import Say, race
from benchmarks.workloads import growing_in_pixels, growing_in_samples

SCALED = ("c-fast", "eager", "compiled")
"""Contenders whose cost is fitted."""

AT_ONCE = 2
"""Runs of a turn of the port: the first after others' turns takes 5 to 15 ms more, whatever its size."""


def scaling(racers: Sequence[Contender], *, shrink: int, threads: int, rounds: int, say: Say) -> dict[str, Any]:
    """Both families measured and fitted."""
    chosen = [racer for racer in racers if racer.name in SCALED]
    families = {"pixels": growing_in_pixels(shrink), "samples": growing_in_samples(shrink)}
    return {
        name: _family(race(members, chosen, threads=threads, rounds=rounds, at_once=AT_ONCE, say=say))
        for name, members in families.items()
    }


def _family(races: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sizes = [result["evaluations"] for result in races]
    names = [name for name in races[0]["contenders"] if all(name in result["contenders"] for result in races)]
    return {
        "evaluations": sizes,
        "contenders": {name: cost(sizes, [result["contenders"][name] for result in races]) for name in names},
        "races": list(races),
    }


def cost(sizes: Sequence[int], figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One contender's time against size, fitted; of the port, the time of the pixel sum alone.

    The lowest of the repeated times is fitted: what disturbs a measurement only ever adds to it.
    """
    seconds = [_lowest_s(figure) for figure in figures]
    memory = [figure.get("beyond_output_bytes", figure["peak_bytes"]) for figure in figures]
    return {"seconds": seconds, **fit_power_law(sizes, seconds)._asdict(), "memory_bytes": memory}


def _lowest_s(figure: dict[str, Any]) -> float:
    runs = figure["runs"]
    return min(run["phases"]["compute"]["wall_s"] if "phases" in run else run["wall_s"] for run in runs)
