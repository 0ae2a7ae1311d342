"""What a campaign seals: its records in order, a table, and a map of where it diverges."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from compare.folders.document import Document, Section, Summary, Table
from compare.outcomes import ExitCode, worst
from compare.render.text import clean
from harness.campaign.record import Record, to_json
from harness.evidence.folder import Evidence

RECORDS = "records.jsonl"
SPECIFICATION = "campaign.toml"
PLAN = "plan.json"
MOST_ROWS = 200
"""Failed jobs that the page lists; all are in the table of records."""
MOST_LEVELS = 60
"""An axis with more levels is not mapped."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exit_code(records: Sequence[Record]) -> ExitCode:
    """Of all jobs together."""
    return worst(record.exit_code for record in records)


@dataclass(frozen=True)
class Plan:
    """A campaign as all its parts know it.

    Attributes:
        name: the campaign's.
        jobs: label and key of every job, run here or elsewhere, in order.
        specification: its file.
    """

    name: str
    jobs: tuple[tuple[str, str], ...]
    specification: bytes


def read_plan(folder: Path) -> Plan:
    """The plan of a sealed part. Raises OSError or ValueError for a folder that is none."""
    specification = (folder / SPECIFICATION).read_bytes()
    table = json.loads((folder / PLAN).read_text("utf-8"))
    try:
        return Plan(str(table["name"]), tuple((str(label), str(key)) for label, key in table["jobs"]), specification)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{PLAN} is not a campaign's plan: {error!r}") from error


def write(evidence: Evidence, records: Sequence[Record], plan: Plan) -> None:
    """All files of the folder.

    Args:
        evidence: the folder.
        records: in the order of the jobs.
        plan: of which they are all or a part.
    """
    evidence.status = exit_code(records)
    evidence.write(SPECIFICATION, plan.specification)
    evidence.write_json(PLAN, {"name": plan.name, "jobs": plan.jobs})
    evidence.write(RECORDS, "".join(map(to_json, records)))
    evidence.write("records.csv", as_csv(records))
    evidence.document = document(records, name=plan.name, of=len(plan.jobs))


def reason(record: Record) -> tuple[str, str]:
    """The first check that failed and what it said."""
    failed = ((what, said) for what, code, said in record.checks if code)
    return next(failed, ("nothing was compared", "no section was traced and no artifact written"))


def as_csv(records: Sequence[Record]) -> str:
    """A row a job: its place on every axis, how it came out, the first step at fault."""
    axes = axes_of(records)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["label", *axes, "verdict", "checks", "passed", "worst_ulps", "first"])
    for record in records:
        passed = sum(code == 0 for _, code, _ in record.checks)
        row: list[object] = [record.label, *(record.place.get(axis, "") for axis in axes)]
        row += [
            ExitCode(record.exit_code).word,
            len(record.checks),
            passed,
            "" if record.worst_ulps is None else repr(record.worst_ulps),
            record.first,
        ]
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula, as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def axes_of(records: Sequence[Record]) -> dict[str, list[str]]:
    """Axis -> its levels, both in the order in which they come."""
    axes: dict[str, dict[str, None]] = {}
    for record in records:
        for axis, level in record.place.items():
            axes.setdefault(axis, {})[level] = None
    return {axis: list(levels) for axis, levels in axes.items()}


def document(records: Sequence[Record], *, name: str, of: int) -> Document:
    """The page."""
    failed = [record for record in records if not record.passed]
    code = exit_code(records)
    worst_ulps = [record.worst_ulps for record in records if record.worst_ulps is not None]
    part = "" if len(records) == of else f" (a part: the campaign has {of})"
    sections = [Section("Where it diverges", table=_levels(records))] if failed else []
    sections += [Section(f"Map: {a} and {b}", table=table) for a, b, table in maps(records)]
    if failed:
        caption = f"The first {MOST_ROWS} of {len(failed)}." if len(failed) > MOST_ROWS else ""
        sections.append(Section("Not in parity", table=_failed(failed[:MOST_ROWS], caption)))
    return Document(
        title=f"Campaign {name}",
        verdict=code.word,
        exit_code=code,
        headline=f"{len(records) - len(failed)} of {len(records)} jobs in parity{part}.",
        facts=(("campaign", name), ("jobs", str(len(records)))),
        sections=tuple(sections),
        next_steps=(f"`{RECORDS}` has every check of every job, `records.csv` a row each.",),
        summary=Summary(name, worst_ulps=max(worst_ulps, default=None)),
    )


def _levels(records: Sequence[Record]) -> Table:
    """Failed jobs by level of each axis, the axis first whose levels differ most."""
    rows = []
    for axis, levels in sorted(axes_of(records).items(), key=lambda item: -_spread(records, item[0])):
        if len(levels) < 2:
            continue
        jobs = Counter(record.place.get(axis) for record in records)
        failed = Counter(record.place.get(axis) for record in records if not record.passed)
        rows += [(axis, level, jobs[level], failed[level], failed[level] / jobs[level]) for level in levels]
    return Table(("axis", "level", "jobs", "failed", "share"), tuple(rows))


def _spread(records: Sequence[Record], axis: str) -> float:
    """How much the share of failed jobs differs between the levels of an axis."""
    shares = _shares([(record.place.get(axis, ""),) for record in records], records)
    return max(shares.values(), default=0.0) - min(shares.values(), default=0.0)


def _shares(places: Sequence[tuple[str, ...]], records: Sequence[Record]) -> Mapping[tuple[str, ...], float]:
    jobs = Counter(places)
    failed = Counter(place for place, record in zip(places, records, strict=True) if not record.passed)
    return {place: failed[place] / count for place, count in jobs.items()}


def maps(records: Sequence[Record], most: int = 3) -> list[tuple[str, str, Table]]:
    """Shares of failed jobs over the pairs of axes that tell most; none where all passed."""
    if all(record.passed for record in records):
        return []
    axes = {axis: levels for axis, levels in axes_of(records).items() if 2 <= len(levels) <= MOST_LEVELS}
    ranked = sorted(axes, key=lambda axis: -_spread(records, axis))
    chosen = list(combinations(ranked[: most + 1], 2))[:most]
    return [(a, b, _map(records, a, b, axes[a], axes[b])) for a, b in chosen]


def _map(records: Sequence[Record], down: str, across: str, rows: Sequence[str], columns: Sequence[str]) -> Table:
    shares = _shares([(record.place.get(down, ""), record.place.get(across, "")) for record in records], records)
    cells = tuple((row, *(shares.get((row, column)) for column in columns)) for row in rows)
    caption = f"Share of jobs that are not in parity: {down} down, {across} across; an empty place was not run."
    return Table((f"{down} \\ {across}", *columns), cells, caption, shaded=True)


def _failed(records: Sequence[Record], caption: str) -> Table:
    rows = []
    for record in records:
        what, said = reason(record)
        place = ", ".join(f"{axis} {level}" for axis, level in record.place.items())
        rows.append(
            (record.label, ExitCode(record.exit_code).word, record.first, clean(f"{what}: {said}")[:300], place)
        )
    return Table(("job", "verdict", "first step", "check", "place"), tuple(rows), caption)
