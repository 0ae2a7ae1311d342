"""The figures as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contenders import BASELINE


def draw(results: dict[str, Any], path: Path) -> None:
    """Speed against the baseline for each workload, and time against size."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(13, 5), layout="constrained")
    _draw_ratios(left, results.get("races", []))
    _draw_scaling(right, results.get("scaling") or {})
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _draw_ratios(axes: Any, races: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for race in races for name in race["contenders"]))
    width = 0.8 / max(1, len(names))
    for i, name in enumerate(names):
        places = [at + i * width for at, race in enumerate(races) if name in race["contenders"]]
        rates = [
            race["contenders"][name].get("evaluations_per_s", 0.0) / 1e6 for race in races if name in race["contenders"]
        ]
        axes.bar(places, rates, width, label=name)
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(races))], [race["workload"] for race in races])
    axes.set_ylabel("million evaluations a second")
    axes.set_title(f"Whole runs, files included ({BASELINE}: the C program)")
    if names:
        axes.legend()


def _draw_scaling(axes: Any, families: dict[str, Any]) -> None:
    for family, figures in families.items():
        for name, fit in figures["contenders"].items():
            label = f"{name}, {family}: exponent {fit['exponent']:.2f}"
            axes.loglog(figures["evaluations"], fit["seconds"], "o-", label=label)
    axes.set_xlabel("evaluations (pixels x samples)")
    axes.set_ylabel("seconds")
    axes.set_title("Cost against size")
    if families:
        axes.legend(fontsize="small")
