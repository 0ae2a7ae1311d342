"""The two traces of ``harness explain``, and its answer on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.case import Case, Pixel, load_case
from harness.choices import chosen_defects, chosen_pixels, with_words
from harness.errors import WrongUse
from harness.explaining import Explanation, compare_texts, port_of, try_defects
from harness.scratch import prepare
from subjects.nanobragg.reference import find_reference, trace_pixels


@dataclass(frozen=True)
class Sides:
    """Both traces as text, and the case they are of."""

    a: str
    b: str
    case: Case | None
    port_case: Case | None
    """The case as the port ran it: with its defects switched."""
    pixel: Pixel | None


def both_traces(
    a: Path | None,
    b: Path | None,
    name: str | None,
    pixel: Sequence[str] | None,
    mode: str | None,
    defects: Sequence[str],
    program: Path | None,
    data: Path | None,
    timeout_s: float,
) -> Sides:
    """Read both traces, or make them: the reference with the case's own defects, the port with those asked for."""
    case = load_case(name) if name else None
    if a is not None and b is not None:
        chosen = chosen_pixels(case, pixel)[0] if case and (pixel or case.pixels) else None
        return Sides(_read(a), _read(b), case, case, chosen)
    assert case is not None
    at = chosen_pixels(case, pixel)[0]
    _, traces = trace_pixels(find_reference(program), prepare(case, data), [at], timeout_s=timeout_s)
    port_case = with_words(case, chosen_defects(case, mode, defects))
    text = "\n".join(port_of(port_case, data).trace(*at).lines()) + "\n"
    return Sides(traces[at], text, case, port_case, at)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise WrongUse(f"trace {path} cannot be read: {error.strerror}") from error


def chosen_explanation(sides: Sides, data: Path | None, *, attempts: bool) -> Explanation:
    """Compare with replays; with ``attempts`` also switch each defect of the port."""
    port = port_of(sides.port_case, data) if sides.port_case else None
    explanation = compare_texts(sides.a, sides.b, port, pixel=sides.pixel)
    if not attempts or sides.port_case is None:
        return explanation
    pixel = sides.pixel or next(iter(explanation.comparison.sides[0].pixels), None)
    if pixel is None:
        raise WrongUse("--try-defects needs to know the pixel; give --pixel SLOW FAST")
    return try_defects(explanation, sides.a, sides.port_case, pixel, data)


def write_renderings(explanation: Explanation, *, json: Path | None, html: Path | None) -> None:
    """The comparison in the formats of ``compare``."""
    from compare.render import html as page
    from compare.render import json_

    for path, renderer in ((json, json_), (html, page)):
        if path is None:
            continue
        try:
            path.write_text(renderer.render(explanation.comparison), "utf-8")
        except OSError as error:
            raise WrongUse(f"{path} cannot be written: {error.strerror}") from error


def print_explanation(explanation: Explanation, *, everything: bool) -> None:
    """The comparison's table, and below it what each step at fault costs and what the defects say."""
    from compare.table import print_comparison

    print_comparison(explanation.comparison, everything=everything)
    for line in summary_lines(explanation):
        print(line, file=sys.stdout)


def summary_lines(explanation: Explanation) -> list[str]:
    """What the replays add to the table."""
    lines = []
    first = explanation.comparison.first_origin
    if first is not None:
        cause = f": {first.cause.label} ({first.cause.evidence})" if first.cause and first.cause.evidence else ""
        lines.append(f"first step at fault: {first.key}{cause}")
        if first.local is not None and first.tolerance is not None:
            lines.append(f"  local difference {first.local:.3g}, tolerance {first.tolerance:.3g}")
    for one in explanation.counterfactuals:
        if one.share is None or one.instead == one.port:
            lines.append(f"  with the reference's {one.step} alone the final value stays as it is")
        else:
            lines.append(f"  with the reference's {one.step} alone {one.share:.1%} of the final error goes away")
    restoring = [trial for trial in explanation.trials if trial.restores]
    lines += [f"{trial} restores parity" for trial in restoring]
    if explanation.trials and not restoring:
        lines.append(f"none of the {len(explanation.trials)} known defects, switched alone, restores parity")
    return lines
