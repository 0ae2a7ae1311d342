"""The figures as Markdown tables, for the terminal and for ``README.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.contenders import BASELINE
from benchmarks.limit import share_reached

MB = 1e6


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in lines
    )


def report(results: dict[str, Any]) -> str:
    """All sections that were measured."""
    sections = {
        "races": _races,
        "scaling": _scaling,
        "latency": _latency,
        "comparison": _comparison,
        "accuracy": _accuracy,
        "gate": _gate,
        "limit": _limit,
        "card": _card,
    }
    return "\n\n".join(write(results) for name, write in sections.items() if results.get(name))


def _races(results: dict[str, Any]) -> str:
    head = ["workload", "evaluations", "contender", "wall s", "CPU s", f"x {BASELINE} (by CPU s)", "M evaluations/s"]
    head += ["peak MB", "beyond output MB", "largest difference"]
    return "## Images\n\n" + table(head, [row for race in results["races"] for row in _race_rows(race)])


def _race_rows(race: dict[str, Any]) -> Iterator[list[str]]:
    first = True
    for name, figures in race["contenders"].items():
        lead = [race["workload"], f"{(race['evaluations'] or 0) / 1e6:.1f} M"] if first else ["", ""]
        first = False
        wall, beyond = figures["wall_s"], figures.get("beyond_output_bytes")
        yield [
            *lead,
            name,
            f"{wall['median']:.3f} ({wall['lowest']:.3f}-{wall['highest']:.3f})",
            f"{figures['cpu_s']['median']:.2f}",
            _ratios(figures),
            f"{figures['evaluations_per_s'] / 1e6:.1f}" if "evaluations_per_s" in figures else "",
            f"{figures['peak_bytes'] / MB:.0f}",
            "" if beyond is None else f"{beyond / MB:.0f}",
            "" if figures.get("image") is None else f"{figures['image']:.1e}",
        ]
    for name, message in race["failures"].items():
        yield ["", "", name, message, *[""] * 6]


def _ratios(figures: dict[str, Any]) -> str:
    if "times_faster_wall" not in figures:
        return ""
    return f"{figures['times_faster_wall']:.2f} ({figures['times_faster_cpu']:.2f})"


def _scaling(results: dict[str, Any]) -> str:
    rows = [
        [
            family,
            name,
            f"{fit['exponent']:.3f}",
            ", ".join(f"{seconds:.3f}" for seconds in fit["seconds"]),
            ", ".join(f"{size / MB:.0f}" for size in fit["memory_bytes"]),
        ]
        for family, figures in results["scaling"].items()
        for name, fit in figures["contenders"].items()
    ]
    head = ["growing in", "contender", "exponent", "seconds at each size", "memory MB (port: beyond output)"]
    return "## Cost against size\n\n" + table(head, rows)


def _latency(results: dict[str, Any]) -> str:
    figures = results["latency"]
    processes = [
        [name, f"{one['wall_s']['median']:.2f}", f"{one['cpu_s']['median']:.2f}", f"{one['peak_bytes'] / MB:.0f}"]
        for name, one in figures.items()
        if isinstance(one, dict) and "peak_bytes" in one
    ]
    stages = [[name, f"{one['median'] * 1e3:.1f}"] for name, one in figures["stages_s"].items()]
    whole = table(["whole process", "wall s", "CPU s", "peak MB"], processes)
    return f"## A trace\n\n{whole}\n\n{table(['stage', 'ms'], stages)}"


def _comparison(results: dict[str, Any]) -> str:
    figures = results["comparison"]
    rows = [
        [name, f"{one['wall_s']['median']:.2f}", f"{one['cpu_s']['median']:.2f}", f"{one['peak_bytes'] / MB:.0f}"]
        for name, one in figures["programs"].items()
    ]
    ratio = figures.get("times_faster_than_numdiff")
    said = f"Two logs of {figures['lines']} DOMAIN lines, {figures['bytes'] / MB:.0f} MB together"
    said += f": {figures['megabytes_per_s']:.0f} MB/s"
    said += f", {ratio:.1f} times as fast as numdiff" if ratio else "; numdiff is not installed"
    said += f". Reading alone: {figures['reader_megabytes_per_s']:.0f} MB/s."
    return f"## Comparing\n\n{said}\n\n{table(['program', 'wall s', 'CPU s', 'peak MB'], rows)}"


def _accuracy(results: dict[str, Any]) -> str:
    rows = []
    for dtype, figures in results["accuracy"]["summary"].items():
        rate = _median_rate(results, dtype)
        rows.append(
            [
                dtype,
                str(figures["cases"]),
                f"{figures['median_ulps']:g}",
                f"{figures['worst_ulps']:.3g}",
                f"{figures['worst_of_largest']:.1e}",
                "" if figures["lowest_correlation"] is None else f"{1 - figures['lowest_correlation']:.1e}",
                rate,
            ]
        )
    head = ["dtype", "cases", "median ulps", "worst ulps", "worst / largest pixel", "1 - lowest correlation", "speed"]
    return "## Accuracy\n\n" + table(head, rows) + "\n\n" + _accuracy_of_cases(results["accuracy"]["cases"])


def _accuracy_of_cases(cases: dict[str, Any]) -> str:
    """Every case by itself: median and worst ulps and how far the correlation is from 1, for each precision."""
    kinds = ("median ulps", "worst ulps", "1 - correlation")
    dtypes = next((list(case) for case in cases.values() if "failure" not in case), ["failed"])
    head = ["case", *(f"{dtype}: {kind}" for dtype in dtypes for kind in kinds)]
    rows = []
    for name, case in cases.items():
        if "failure" in case:
            rows.append([name, case["failure"], *[""] * (len(head) - 2)])
            continue
        row = [name]
        for figures in case.values():
            correlation = figures["correlation"]
            missing = "" if correlation is None else f"{abs(1 - correlation):.0e}"
            row += [f"{figures['median_ulps']:g}", f"{figures['worst_ulps']:.3g}", missing]
        rows.append(row)
    return table(head, rows)


def _gate(results: dict[str, Any]) -> str:
    """How many cells pass in each precision, and on which levels of an axis cells fail."""
    figures = results["gate"]
    n = figures["cells"]
    rows = [
        [
            dtype,
            f"{one['passed']} of {n}",
            f"{one['bits_equal']} of {n}",
            f"{one['lowest_correlation']:.6f}",
            f"{one['worst_sum_ratio']:.6f}",
            f"{one['worst_of_largest']:.1e}",
        ]
        for dtype, one in figures["dtypes"].items()
    ]
    head = [
        "dtype",
        "pass the gate",
        "equal bits",
        "lowest correlation",
        "worst ratio of sums",
        "worst / largest pixel",
    ]
    failing = [
        [dtype, axis, ", ".join(f"{level}: {share}" for level, share in levels.items())]
        for dtype, one in figures["dtypes"].items()
        for axis, levels in one["failing"].items()
    ]
    said = f"{n} cells, the first {figures['covering']} of them a pairwise covering array."
    parts = [
        said,
        table(head, rows),
        *([table(["dtype", "axis", "failed of cells by level"], failing)] if failing else []),
    ]
    return "## The maintainers' gate\n\n" + "\n\n".join(parts)


def _median_rate(results: dict[str, Any], dtype: str) -> str:
    """How many times faster than compiled float64, over the workloads that were measured."""
    from statistics import median

    pairs = [
        race["contenders"]["compiled"]["wall_s"]["median"] / race["contenders"][dtype]["wall_s"]["median"]
        for race in results.get("races", ())
        if {"compiled", dtype} <= set(race["contenders"])
    ]
    return f"{median(pairs):.2f} x float64" if pairs else "not measured"


def _limit(results: dict[str, Any]) -> str:
    figures = results["limit"]
    races = {race["workload"]: race["contenders"] for race in results.get("races", ())}
    rows = []
    for name, one in figures["contenders"].items():
        reached = races.get("supervisor", {}).get(name)
        row = [name, f"{sum(one['operations'].values()):.0f}", f"{one['per_s'] / 1e6:.0f}"]
        if reached is None:
            rows.append([*row, "not measured", ""])
            continue
        compute = reached["phases_s"]["compute"]
        rate = reached["evaluations_per_s"] * reached["wall_s"]["median"] / compute
        rows.append([*row, f"{rate / 1e6:.0f}", f"{100 * share_reached(one['per_s'], rate):.0f} %"])
    kinds = sorted({kind for one in figures["contenders"].values() for kind in one["operations"]})
    names = list(figures["contenders"])
    counts = [[kind, *(f"{figures['contenders'][n]['operations'].get(kind, 0):.1f}" for n in names)] for kind in kinds]
    rates = [[name, f"{rate / 1e9:.2f}"] for name, rate in figures["rates_per_s"].items()]
    parts = [
        table(["", "operations", "limit M/s", "reached M/s", "share"], rows),
        table(["operations an evaluation", *names], counts),
        table(["rate of all threads", "G/s"], rates),
    ]
    return "## The machine's limit\n\n" + "\n\n".join(parts)


def _card(results: dict[str, Any]) -> str:
    figures = results["card"]
    rows = [
        [
            name,
            f"{one['seconds']['median'] * 1e3:.1f}",
            f"{one['evaluations_per_s'] / 1e6:.0f}",
            str(one["chunks"]),
            f"{one['launches_per_chunk']:.1f}",
            str(one["waits"]),
            f"{one['beyond_output_bytes'] / MB:.0f}",
        ]
        for name, one in figures["images"].items()
    ]
    head = ["image", "ms", "M evaluations/s", "chunks", "launches a chunk", "waits", "beyond output MB"]
    rates = ", ".join(f"{rate / 1e12:.2f} T/s in {name}" for name, rate in figures["multiply_adds_per_s"].items())
    shares = ", ".join(f"{100 * share:.0f} % in {name}" for name, share in figures["share"].items())
    said = f"{figures['device']}: multiplications with additions {rates}; {figures['operations']:.0f} operations an "
    said += f"evaluation, share of that rate reached {shares}. "
    said += f"A trace takes {figures['trace_s']['median'] * 1e3:.1f} ms."
    return f"## The card\n\n{said}\n\n{table(head, rows)}"
