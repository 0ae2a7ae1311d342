"""The report of each kind of run, as the document that the pages are rendered from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from compare.document import Document, Section, Summary, Table
from harness.case import Pixel
from subjects.nanobragg.reference import quantity

if TYPE_CHECKING:
    from harness.case import Case
    from harness.parity import Outcome
    from harness.traced import Traced

MOST_SWEEPS = 3
"""Pixels whose phi steps are tabulated; all of them are in the trace."""
SIDES = {"py": "the PyTorch port", "c": "the C program"}
HEADER_NAMES = ("program", "version", "mode", "defects", "device", "dtype")


def trace_document(case: Case, traced: Traced, side: str) -> Document:
    """Of a trace: final intensities, what the header says, the pixel's closing lines."""
    texts = traced.traces
    first = next(iter(texts.values()))
    facts = [("case", case.name), *((name, quantity(first, name) or "") for name in HEADER_NAMES)]
    facts.append(("command line", shlex.join(case.argv)))
    rows = tuple(
        (
            slow,
            fast,
            number(quantity(text, "I_pixel_final")),
            number(quantity(text, "I_before_scaling")),
            len(text.splitlines()),
        )
        for (slow, fast), text in texts.items()
    )
    table = Table(("slow", "fast", "I_pixel_final", "I_before_scaling", "lines"), rows, "Traced pixels.")
    sections = [Section("Pixels", table=table)]
    for pixel, text in islice(texts.items(), MOST_SWEEPS):
        if records := phi_table(text):
            sections.append(Section(f"Pixel {pixel[0]} {pixel[1]} by phi step", table=records))
    other = "harness reference trace" if side == "py" else "harness trace"
    steps = (
        (
            f"`{other}` traces the same through {SIDES['c' if side == 'py' else 'py']}.",
            f"`harness parity {case.name}` compares the two.",
        )
        if case.name != "none"
        else (f"`{other} -- ARGV...` traces the same through {SIDES['c' if side == 'py' else 'py']}.",)
    )
    return Document(
        title=f"Trace of {case.name} through {SIDES[side]}",
        verdict="traced",
        exit_code=0,
        headline=f"{len(texts)} pixel(s) traced; nothing was compared.",
        facts=tuple(facts),
        sections=tuple(sections),
        next_steps=steps,
        summary=Summary(case.name, traced.device or "", rows[0][2]),
    )


def phi_table(text: str) -> Table | None:
    """The PHI records of a trace's first sweep, None where there is one step only."""
    rows = []
    for line in text.splitlines():
        if "_PHI " not in line:
            continue
        values = dict(word.split("=", 1) for word in line.split()[1:])
        if all(values.get(index, "0") == "0" for index in ("thick_tic", "sub_s", "sub_f", "source")):
            floats = (number(values.get(name)) for name in ("phi_deg", "k_frac", "F_latt_b", "F_latt"))
            rows.append((int(values["phi_tic"]), *floats))
    if len(rows) < 2:
        return None
    return Table(("phi_tic", "phi_deg", "k_frac", "F_latt_b", "F_latt"), tuple(rows), "First sweep, first domain.")


def parity_document(outcomes: Sequence[Outcome], exit_code: int, files: Mapping[str, str]) -> Document:
    """Of a parity run: a line a case, final intensities on both sides, what failed and where it begins.

    ``files`` gives the name of the comparison's file for the label of a case that has one.
    """
    failed = [outcome for outcome in outcomes if outcome.exit_code]
    title = f"Parity of {outcomes[0].label}" if len(outcomes) == 1 else f"Parity of {len(outcomes)} cases"
    checks = sum(len(outcome.checks) for outcome in outcomes)
    passed = sum(check.passed for outcome in outcomes for check in outcome.checks)
    words = {0: "parity", 1: "divergence", 3: "nothing compared"}
    good = len(outcomes) - len(failed)
    sections = [Section("Cases", table=_cases_table(outcomes)), *_failures(failed, files), _intensities(outcomes)]
    if len(outcomes) == 1 and not failed and outcomes[0].label in files:
        sections.append(Section("The traces", comparison=files[outcomes[0].label]))
    first = outcomes[0]
    intensities = list(first.final_intensities.values())
    worst = [outcome.worst_ulps for outcome in outcomes if outcome.worst_ulps is not None]
    return Document(
        title=title,
        verdict=words.get(exit_code, "failed"),
        exit_code=exit_code,
        headline=f"{good} of {len(outcomes)} cases in parity; {passed} of {checks} checks passed.",
        facts=(("device", ", ".join(sorted({o.device for o in outcomes if o.device}))),),
        sections=tuple(sections),
        next_steps=_next_steps(failed),
        summary=Summary(
            case=first.label if len(outcomes) == 1 else f"{len(outcomes)} cases",
            device=first.device,
            I_pixel_final=number(intensities[0][1]) if intensities and len(outcomes) == 1 else None,
            worst_ulps=max(worst, default=None),
        ),
    )


def _cases_table(outcomes: Sequence[Outcome]) -> Table:
    rows = tuple(
        (o.label, o.verdict, sum(c.passed for c in o.checks), len(o.checks), o.worst_ulps, round(o.seconds, 1))
        for o in outcomes
    )
    return Table(("case", "verdict", "passed", "checks", "worst ulp", "seconds"), rows)


def _failures(failed: Sequence[Outcome], files: Mapping[str, str]) -> list[Section]:
    return [
        Section(
            f"{outcome.label}: {outcome.verdict}",
            table=Table(
                ("check", "found"),
                tuple((check.what, check.text) for check in outcome.checks if not check.passed),
                "The checks that failed.",
            ),
            comparison=files.get(outcome.label, ""),
        )
        for outcome in failed
    ]


def _intensities(outcomes: Sequence[Outcome]) -> Section:
    rows = []
    for outcome in outcomes:
        for (slow, fast), (c, py) in outcome.final_intensities.items():
            a, b = number(c), number(py)
            relative = abs(b - a) / abs(a) if a and b is not None else None
            rows.append((outcome.label, f"{slow} {fast}", a, b, relative))
    table = Table(("case", "pixel", "reference", "port", "relative difference"), tuple(rows))
    return Section("Final intensities (I_pixel_final)", table=table)


def _next_steps(failed: Sequence[Outcome]) -> tuple[str, ...]:
    if not failed:
        return ("`compare verify` this folder before you rely on it.",)
    case = failed[0].case
    return (
        f"`harness parity {case} -v` shows every check of the first case that failed.",
        f"`harness explain --case {case}` replays its steps and names the one at fault.",
        f"`harness minimise --case {case}` makes a smaller case of it.",
    )


def number(text: str | None) -> float | None:
    """A traced value as a float, None where there is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def pixel_text(pixel: Pixel) -> str:
    """``SLOW FAST``."""
    return f"{pixel[0]} {pixel[1]}"
