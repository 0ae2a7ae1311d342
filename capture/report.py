"""What a capture says: the first line, the causes with their places in both sources, the pairs, the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from capture.forcing import Step
from capture.graph import unpaired_before
from capture.pair_of_programs import Captured
from capture.pairs import Pair, Verdict
from capture.proposals import is_telling
from compare.folders.document import Document, Section, Table
from compare.outcomes import ExitCode

AROUND = 3  # lines of source before and after the guilty one
MOST_ROWS = 400
MOST_PLACES = 8
MOST_NAMED = 3  # steps at fault on the first line
ENOUGH = 0.5  # of what the port computes, to be compared where no result is named


def exit_code(captured: Captured) -> ExitCode:
    """Divergence where a step is at fault or the final values differ; nothing compared where too little is paired."""
    last = captured.last
    if captured.guilty() or (last is not None and last.differs):
        return ExitCode.DIVERGENCE
    return ExitCode.NOTHING_COMPARED if lacking(captured) else ExitCode.PARITY


def lacking(captured: Captured) -> str:
    """What keeps a capture without a step at fault from being parity; empty where nothing does."""
    if not captured.steps:
        return "no paired quantity can be forced"
    if captured.setup.result and not result_is_paired(captured):
        return f"result = {captured.setup.result!r} is no paired quantity: state its pair under [capture.pairs]"
    differing = captured.differing()
    if differing:
        names = ", ".join(dict.fromkeys(where(step) for step in differing[:MOST_NAMED]))
        return f"{len(differing)} pairs differ that may be no pairs, such as {names}: confirm or correct them"
    share = share_compared(captured)
    if share < ENOUGH and not captured.setup.result:
        return f'only {100 * share:.0f}% of what the port computes is paired: name the final quantity, result = "NAME"'
    return ""


def result_is_paired(captured: Captured) -> bool:
    result = captured.setup.result
    return any(result in step.pair.a.names | step.pair.b.names for step in captured.steps)


def share_compared(captured: Captured) -> float:
    """The share of the port's computed quantities that were compared."""
    places = {member.site.place for step in captured.steps for member in step.pair.b.members}
    left = [group for group in captured.pairing.unpaired_b if is_telling(group)]
    left = [group for group in left if any(member.site.reads for member in group.members)]
    missing = {group.first.site.place for group in left} - places
    return len(places) / (len(places) + len(missing)) if places else 0.0


def lines(captured: Captured) -> Iterator[str]:
    """The answer, the most important first."""
    yield first_line(captured)
    guilty = captured.guilty()
    for step in one_of_each_place(guilty):
        yield "  " + cause(step)
        yield from unpaired(captured, step)
    downstream = len(captured.differing()) - sum(step.differs for step in guilty)
    if guilty or downstream:
        yield f"{len(captured.differing())} steps differ: {len(guilty)} at fault, {downstream} downstream or unknown"
    result = captured.setup.result
    if result and not result_is_paired(captured):
        yield f"result = {result!r} is no paired quantity here: the last that both store stands for it"
    if not guilty and (names := not_compared(captured)):
        yield f"of one name in both, but not compared, since values or counts differ: {', '.join(names[:8])}"
    unknown = [step for step in captured.differing() if step.origin == "unknown"]
    if unknown:
        yield f"origin unknown for {len(unknown)}: {', '.join(step.pair.a.first.name for step in unknown[:5])}"
    accepted, proposed = captured.pairing.accepted(), captured.pairing.proposed()
    yield (
        f"pairs: {len(accepted)} accepted, {len(proposed)} proposed, "
        f"unpaired {len(captured.pairing.unpaired_a)} of the reference, {len(captured.pairing.unpaired_b)} of the port"
    )
    for who, trace in (("reference", captured.reference), ("port", captured.port)):
        facts = trace.facts
        yield (
            f"{who}: {len(trace)} values; {facts['outputs']} outputs byte for byte those of the untouched program, "
            f"{facts['seconds_plain']:.2f} s plain, {facts['seconds_captured']:.2f} s captured"
        )
        yield from (f"  left out: {remark}" for remark in trace.remarks[:10])


def one_of_each_place(guilty: list[Step]) -> list[Step]:
    """One step for each place in both sources, with the shares of all that were reached from other loops or calls."""
    found: dict[tuple[str, str], Step] = {}
    for step in guilty:
        place = place_a(step), step.pair.b.first.site.place
        first = found.setdefault(place, step)
        if first is not step and first.share is not None and step.share is not None:
            found[place] = replace(first, share=first.share + step.share)
    return list(found.values())


def not_compared(captured: Captured) -> list[str]:
    """Names of computed quantities that both programs have and no pair has."""
    paired = {name for pair in captured.pairing.pairs if pair.usable for name in (*pair.a.names, *pair.b.names)}
    sides = [
        {name for g in groups for m in g.members if m.site.reads for name in (m.tail,) if len(name) > 1}
        for groups in (captured.pairing.unpaired_a, captured.pairing.unpaired_b)
    ]
    return sorted((sides[0] & sides[1]) - paired)


def first_line(captured: Captured) -> str:
    """The final value of both, the relative difference, and how much of it is explained."""
    last = captured.last
    if last is None:
        return f"nothing compared: {lacking(captured)}"
    at = int(np.argmax(np.abs(last.port - last.reference))) if last.reference.size else 0
    c, p = float(last.reference.reshape(-1)[at]), float(last.port.reshape(-1)[at])
    name = last.pair.a.first.name
    if not captured.guilty() and not last.differs:
        if why := lacking(captured):
            return f"incomplete: no step at fault was found, but {why}"
        return f"parity: {name} = {c:.17g} in both programs ({len(captured.steps)} steps compared)"
    return f"divergence: {name} = {c:.17g} in the reference, {p:.17g} in the port ({relative(p, c)}); {blame(captured)}"


def blame(captured: Captured) -> str:
    """The steps at fault by their shares, with their places in both sources: what a reader looks at first."""
    guilty = one_of_each_place(captured.guilty())
    if not guilty:
        return "no step at fault was found"
    shares = [step.share for step in guilty if step.share is not None]
    head = f"{100 * sum(shares):.0f}% explained: " if shares else "at fault: "
    named = [
        ("" if step.share is None or len(shares) < 2 else f"{100 * step.share:.0f}% ") + where(step)
        for step in guilty[:MOST_NAMED]
    ]
    more = len(guilty) - len(named)
    return head + ", ".join(named) + (f" and {more} more" if more else "")


def where(step: Step) -> str:
    """Both names of a step, with their places."""
    a, b = step.pair.a.first, step.pair.b.first
    return f"{a.name} ({place_a(step)}) and {b.name} ({b.site.place})"


def relative(port: float, reference: float) -> str:
    if reference == 0.0 or not np.isfinite(reference):
        return f"{port - reference:+.3g} absolute"
    return f"{(port - reference) / abs(reference):+.3g} relative"


def cause(step: Step) -> str:
    """One step at fault: share, both names and places, both values, and whether the pair is only proposed."""
    assert step.on_reference is not None
    at = int(np.argmax(np.abs(step.on_reference - step.reference))) if step.reference.size else 0
    c, q = float(step.reference.reshape(-1)[at]), float(step.on_reference.reshape(-1)[at])
    share = f"{100 * step.share:.0f}% of it: " if step.share is not None else ""
    proposed = "" if step.pair.verdict is Verdict.ACCEPTED else f" [pair proposed: {step.pair.evidence}]"
    return (
        f"{share}{where(step)}: on the reference's inputs the port makes "
        f"{q:.17g}, the reference {c:.17g} ({relative(q, c)}){proposed}"
    )


def unpaired(captured: Captured, step: Step) -> Iterator[str]:
    """Which stores of the port on the way to a step have no pair: the fault may lie in them."""
    sites = unpaired_before(captured.graph, captured.pairing, step.pair, captured.port)
    places = list(dict.fromkeys(f"{site.name} ({site.place})" for site in sites))
    if places:
        more = f", and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
        yield f"    made there, or on the way to it in what has no pair: {', '.join(places[:MOST_PLACES])}{more}"


def place_a(step: Step) -> str:
    return step.pair.a.first.site.place


def proposals(captured: Captured) -> str:
    """What the user may turn on in ``parity.toml``: accepted pairs need nothing."""
    rows = ["# Pairs that capture proposes: remove the # of those that are right.", "# [capture.pairs]"]
    for pair in captured.pairing.proposed():
        a, b = pair.a.first, pair.b.first
        rows.append(f'# "{a.name}" = "{b.name}"  # {a.site.place} and {b.site.place}: {pair.evidence}')
    return "\n".join(rows) + "\n"


# ---- the evidence folder ----


def document(captured: Captured, name: str) -> Document:
    """The pages of the sealed folder."""
    code = exit_code(captured)
    said = list(lines(captured))
    sections = [Section("Result", tuple(said))]
    sections += [excerpts(captured, step) for step in one_of_each_place(captured.guilty())[:10]]
    sections.append(Section("Steps", table=steps_table(captured)))
    sections.append(Section("Pairs", table=pairs_table(captured.pairing.pairs)))
    return Document(name, code.word, int(code), said[0], sections=tuple(sections), next_steps=next_steps(captured))


def next_steps(captured: Captured) -> tuple[str, ...]:
    found = ["Read the excerpts of both sources at the step at fault."] if captured.guilty() else []
    if captured.pairing.proposed():
        found.append("proposals.toml has the proposed pairs: confirm those that are right under [capture.pairs].")
    return tuple(found)


def excerpts(captured: Captured, step: Step) -> Section:
    """Both sources around the guilty step, side by side."""
    a, b = step.pair.a.first.site, step.pair.b.first.site
    left = excerpt(captured.setup.program.folder / a.file, a.line)
    right = excerpt(captured.setup.port.folder / b.file, b.line)
    width = max((len(line) for line in left), default=0)
    rows = [f"{x:<{width}}  |  {y}" for x, y in zip(_filled(left, right), _filled(right, left), strict=True)]
    heading = f"At fault: {a.name} ({a.place}) and {b.name} ({b.place})"
    return Section(heading, (cause(step),), preformatted="\n".join(rows))


def _filled(rows: list[str], other: list[str]) -> list[str]:
    return rows + [""] * (len(other) - len(rows))


def excerpt(path: Path, line: int) -> list[str]:
    """Some lines of a source around one, numbered; the one marked."""
    try:
        text = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return [f"{path.name}:{line} (its source is not in the folder)"]
    first, last = max(1, line - AROUND), min(len(text), line + AROUND)
    return [f"{'>' if n == line else ' '} {n:>5} {text[n - 1].expandtabs(4)}" for n in range(first, last + 1)]


def steps_table(captured: Captured) -> Table:
    rows = [
        (
            step.pair.a.first.name,
            place_a(step),
            step.pair.b.first.name,
            step.pair.b.first.site.place,
            step.difference,
            step.local,
            step.tolerance,
            step.origin,
            step.share,
        )
        for step in captured.steps[:MOST_ROWS]
    ]
    columns = ("reference", "at", "port", "at ", "difference", "local", "tolerance", "origin", "share")
    return Table(columns, tuple(rows))


def pairs_table(pairs: tuple[Pair, ...]) -> Table:
    rows = [
        (p.verdict.value, p.a.first.name, p.a.first.site.place, p.b.first.name, p.b.first.site.place, p.evidence)
        for p in pairs[:MOST_ROWS]
    ]
    return Table(("verdict", "reference", "at", "port", "at ", "evidence"), tuple(rows))
