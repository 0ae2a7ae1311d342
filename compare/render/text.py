"""Words that all renderers share, so that every format tells the same story.

Names and values come from logs that anybody may have written: whatever goes into a document passes through
:func:`clean` here and through the format's own escaping there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from compare.judging.keys import Scalar, Value
from compare.judging.result import Comparison, Origin, Pair, Problem, ProblemKind, Side, Verdict, Waived

# Control characters, surrogates, byte order mark, direction overrides and line separators: nothing a name needs.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
# What a code host's runner takes for a command in the output of a program: `::error::text`, `##[command]`.
_COMMAND = re.compile(r"^(\s*:)(?=:)|(#)(?=#\[)", re.M)
_ORIGIN_WORDS = {
    Origin.NONE: "",
    Origin.ORIGIN: "this step is at fault",
    Origin.PROPAGATED: "inherited from an earlier step",
    Origin.MIXED: "at fault, and inherits a difference too",
    Origin.SUSPECT: "suspect: its inputs differ by rounding alone",
    Origin.UNKNOWN: "origin unknown",
}
_VERDICT_WORDS = {
    Verdict.PARITY: "the two programs computed the same",
    Verdict.DIVERGENCE: "a step computes something else",
    Verdict.UNRESOLVED: "values diverge, but no step could be named",
    Verdict.INCOMPLETE: "nothing diverges, but the logs do not support parity",
    Verdict.NOTHING_COMPARED: "the logs have nothing in common",
}
MOST_LACKING, MOST_LACKING_NAMES = 3, 8  # findings with a line each; names in the line that they share
FIRST_REMARKS = ("wide-tolerance", "deciding-tolerance")  # what a verdict rests on, beside the findings


def clean(text: str) -> str:
    """One line of printable text; what is not printable becomes the replacement character."""
    return _UNPRINTABLE.sub("\ufffd", re.sub(r"\r\n|[\n\r\t\v\f]", " ", text))


def without_commands(text: str) -> str:
    """Text for standard output, of which no line is a command to the runner of a code host."""
    return _COMMAND.sub(lambda found: f"{found[0]}\u200b", text)


def value_text(value: Value | None) -> str:
    """A value as it can be read back: shortest round-trip floats, components separated by commas."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(_scalar(component) for component in value)
    return _scalar(value)


def short_values(pair: Pair) -> tuple[str, str]:
    """Both values for narrow columns: six digits, or as many more as it takes to tell them apart."""
    texts = _short(pair.a, 17), _short(pair.b, 17)
    for digits in range(6, 17):
        shorter = _short(pair.a, digits), _short(pair.b, digits)
        if (shorter[0] == shorter[1]) == (texts[0] == texts[1]):
            return shorter
    return texts


def _short(value: Value, digits: int) -> str:
    parts: Sequence[Scalar] = value if isinstance(value, tuple) else (value,)
    return ", ".join(f"{part:.{digits}g}" if isinstance(part, float) else _scalar(part) for part in parts)


def number_text(value: float | None, digits: int = 3) -> str:
    """A figure such as a number of ulps; empty where there is none."""
    if value is None:
        return ""
    whole = math.isfinite(value) and value == round(value) and abs(value) < 1e6
    return str(int(value)) if whole else f"{value:.{digits}g}"


def origin_text(pair: Pair) -> str:
    words = _ORIGIN_WORDS[pair.origin]
    return clean(f"{words} ({pair.why})") if pair.origin is Origin.UNKNOWN and pair.why else words


def fork_text(pair: Pair) -> str:
    if not pair.forked:
        return ""
    return "after a benign flip of a decision" if pair.excused else "after a flipped decision"


def cause_text(pair: Pair) -> str:
    if pair.cause is None:
        return ""
    if pair.cause.label == "unknown":
        return "cause unknown"
    return clean(f"{pair.cause.label}: {pair.cause.evidence}" if pair.cause.evidence else pair.cause.label)


def waiver_text(waived: Waived | None) -> str:
    if waived is None:
        return ""
    return clean(f"waived until {waived.until} by {waived.who}: {waived.why}")


def verdict_text(result: Comparison) -> str:
    """The verdict in one sentence; "the same" is said of whole logs alone."""
    coverage = result.coverage
    if result.verdict is Verdict.PARITY and not coverage.whole:
        part = f"{coverage.required_compared} of {coverage.required} required names"
        return f"{result.verdict.value}: nothing differs among {part}; the rest was not compared"
    return f"{result.verdict.value}: {_VERDICT_WORDS[result.verdict]}"


def waived_sentences(result: Comparison) -> list[str]:
    """One for each waived quantity and waiver, however many evaluations it covers."""
    found: dict[tuple[str, Waived | None], int] = {}
    for pair in result.waived:
        name = f"{pair.key.record}.{pair.key.name}" if pair.key.record else pair.key.name
        found[name, pair.waived] = found.get((name, pair.waived), 0) + 1
    return [
        clean(f"{name} {f'({times} evaluations) ' if times > 1 else ''}{waiver_text(waived)}")
        for (name, waived), times in found.items()
    ]


def pair_sentence(pair: Pair) -> str:
    """Name and place, both values, how far apart, where it comes from."""
    facts = [f"a = {value_text(pair.a)}", f"b = {value_text(pair.b)}"]
    if pair.ulps is not None:
        facts.append(f"{number_text(pair.ulps)} ulps")
    if pair.relative is not None:
        facts.append(f"relative {number_text(pair.relative)}")
    facts += [text for text in (pair.difference.value, origin_text(pair), cause_text(pair)) if text]
    facts += [fork_text(pair)] if pair.forked else []
    return clean(f"{pair.key}: " + "; ".join(facts))


def problem_sentence(problem: Problem) -> str:
    side = f" ({problem.side.value})" if problem.side else ""
    waived = f" [{waiver_text(problem.waived)}]" if problem.waived else ""
    return clean(f"{problem.kind.value}{side}: {problem.message}{waived}")


def problem_sentences(problems: Sequence[Problem]) -> list[str]:
    """A sentence a finding; names that one side lacks share one where there are more than a few."""
    lacking: dict[Side | None, list[Problem]] = {}
    for problem in problems:
        if problem.kind is ProblemKind.REQUIRED_MISSING and problem.key is not None and problem.waived is None:
            lacking.setdefault(problem.side, []).append(problem)
    sentences = []
    for problem in problems:
        together = lacking.get(problem.side, []) if problem.key is not None else []
        if problem not in together or len(together) <= MOST_LACKING:
            sentences.append(problem_sentence(problem))
        elif problem is together[0]:
            sentences.append(_lacking(together))
    return sentences


def _lacking(problems: Sequence[Problem]) -> str:
    kind, side = problems[0].kind.value, problems[0].side
    names = [".".join(filter(None, (p.key.record, p.key.name))) for p in problems if p.key is not None]
    other = Side.B if side is Side.A else Side.A
    more = f", and {len(names) - MOST_LACKING_NAMES} more" if len(names) > MOST_LACKING_NAMES else ""
    shown = ", ".join(names[:MOST_LACKING_NAMES])
    text = f"{len(names)} required names of {other.value} are lacking, all or in places: {shown}{more}"
    return clean(f"{kind} ({side.value if side else ''}): {text}")


def counts_text(result: Comparison) -> str:
    """``312 identical, 4 rounding, ...``, waived ones named apart."""
    parts = [f"{number} {kind.value}" for kind, number in result.counts.items() if number]
    if result.waived:
        parts.append(f"{len(result.waived)} of them waived")
    return ", ".join(parts) or "nothing"


def _scalar(value: Scalar) -> str:
    return clean(value) if isinstance(value, str) else repr(value)
