"""The first lines of every report: the final value on both sides, what makes it differ, and how much each step does."""

from __future__ import annotations

import math

from compare.judging.keys import Value
from compare.judging.result import Comparison, Pair, Share
from compare.render.text import (
    FIRST_REMARKS,
    cause_text,
    clean,
    fork_text,
    problem_sentences,
    value_text,
    verdict_text,
    waived_sentences,
)

MOST_SHARES = 4
SMALLEST_SHOWN = 0.01  # of the result's difference
MOST_COMPONENTS = 9  # of a vector that is written out
MOST_ULPS = 1e6  # beyond it a percentage says more
LARGEST_PERCENT, SMALLEST_FACTOR = 1000.0, 0.1  # beyond them a factor says more
ESTIMATED = ("size",)


def headline(result: Comparison) -> str:
    """The verdict with the final values: what matters, in one line."""
    final = result_text(result)
    return f"{verdict_text(result)}; {final}" if final else verdict_text(result)


def story(result: Comparison) -> list[str]:
    """What a reader must know, in order: other inputs, causes by their share, problems, what was waived."""
    said = run_text(result)
    lines = [said] if said else []
    lines += account_lines(result)
    lines += problem_sentences(result.problems)
    lines += [clean(remark.message) for remark in result.warnings if remark.kind in FIRST_REMARKS]
    return lines + waived_sentences(result)


def result_text(result: Comparison) -> str:
    """``mean_K a 446.25, b 497.18, +11.4 %``; empty where the logs do not have it."""
    pair = result.result_pair
    if pair is None:
        return ""
    if pair.a == pair.b:
        return clean(f"{pair.key.name} {value_text(pair.a)} on both sides")
    return clean(f"{pair.key.name} a {value_text(pair.a)}, b {value_text(pair.b)} ({change_text(pair)})")


def change_text(pair: Pair) -> str:
    """How far b is from a: ulps, a signed percentage, or a factor where neither says much."""
    if pair.ulps is not None and pair.ulps <= MOST_ULPS:
        return f"{pair.ulps:g} ulp{'' if pair.ulps == 1 else 's'}"
    a, b = _number(pair.a), _number(pair.b)
    if a is None or b is None:
        return _of_vector(pair)
    if a == 0 or not (math.isfinite(a) and math.isfinite(b)):
        return "from 0" if a == 0 else "not finite on both sides"
    ratio = b / a
    percent = (ratio - 1) * 100 if a > 0 else (1 - ratio) * 100
    if b == 0 or ratio < 0 or SMALLEST_FACTOR <= ratio <= LARGEST_PERCENT / 100:
        return f"{percent:+.3g} %"
    return f"b = a x {ratio:.3g}"


def _of_vector(pair: Pair) -> str:
    if pair.relative is None:
        return "other words" if _is_word(pair.a) or _is_word(pair.b) else "differs"
    where = f" (component {pair.component})" if pair.component is not None else ""
    return f"{pair.relative * 100:.3g} % of its size{where}"


def _is_word(value: Value) -> bool:
    return any(isinstance(part, str) for part in (value if isinstance(value, tuple) else (value,)))


def _number(value: Value) -> float | None:
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def share_text(share: Share) -> str:
    """``85 %``, with ``about`` where only the sizes of differences tell."""
    about = "about " if share.how in ESTIMATED and abs(share.fraction) < 0.995 else ""
    percent = share.fraction * 100
    return f"{about}{percent:.0f} %" if abs(percent) >= 1 else f"{about}{percent:.1g} %"


def step_text(pair: Pair, part: str = "") -> str:
    """A step with both values, the distance, the cause in words, its part of the whole, and where it stands."""
    facts = [*_both_values(pair), change_text(pair), fork_text(pair)]
    facts += [cause_text(pair) or "cause unknown", part, place_text(pair)]
    return clean(f"{pair.key}: " + "; ".join(fact for fact in facts if fact))


def _both_values(pair: Pair) -> list[str]:
    """Both values; of long vectors the component that is furthest apart, and how many components differ."""
    a, b, at = pair.a, pair.b, pair.component
    if not (isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) > MOST_COMPONENTS and at is not None):
        return [f"a = {value_text(a)}", f"b = {value_text(b)}"]
    differing = sum(x != y for x, y in zip(a, b, strict=True))
    return [f"a[{at}] = {value_text(a[at])}", f"b[{at}] = {value_text(b[at])}", f"{differing} of {len(a)} differ"]


def place_text(pair: Pair) -> str:
    """Lines of the logs, and of the sources where a log says."""
    lines = [f"line {line} of {side}" for side, line in (("a", pair.line_a), ("b", pair.line_b)) if line]
    sources = [text for text in (pair.source_a, pair.source_b) if text]
    return clean(", ".join(lines) + (f" ({', '.join(sources)})" if sources else ""))


def run_text(result: Comparison) -> str:
    """What is said before any step: the two runs are not of one kind."""
    if result.cause is None:
        return ""
    words = {
        "different-input": "the two runs had different inputs",
        "other-pixel": "the two logs look at different pixels",
    }
    return clean(f"{words.get(result.cause.label, result.cause.label)}: {result.cause.evidence}")


def account_lines(result: Comparison) -> list[str]:
    """The causes in order of their share, the first in execution order where it is another, and what is left."""
    shown = [share for share in _told(result) if abs(share.fraction) >= SMALLEST_SHOWN][:MOST_SHARES]
    first = result.first_origin or result.first_divergence
    named = "first step at fault" if result.first_origin is not None else "first divergence, origin unknown"
    lines = []
    for number, share in enumerate(shown):
        pair = result.pairs[share.at]
        what = "largest" if number == 0 and pair is not first else named if pair is first else "then"
        part = f"{share_text(share)} of the difference" if _of_result(result) else ""
        lines.append(f"{what}: {step_text(pair, part)}")
    if first is not None and not any(result.pairs[share.at] is first for share in shown):
        words = "first in execution order" if result.first_origin is not None else "first divergence, origin unknown"
        lines.append(f"{words}: {step_text(first)}")
    lines += [clean(note) for note in result.account.notes]
    return lines + _left(result, sum(share.fraction for share in shown))


def _of_result(result: Comparison) -> bool:
    """Whether shares are parts of the difference of what the program is run for."""
    return result.result_pair is not None and result.result_pair.differs


def _told(result: Comparison) -> list[Share]:
    return [share for share in result.account.shares if result.pairs[share.at].waived is None]


def _left(result: Comparison, told: float) -> list[str]:
    """What the shares leave open, and the cascade in one line."""
    lines = []
    if result.account.shares and _of_result(result) and abs(1 - told) >= SMALLEST_SHOWN:
        lines.append(f"left: {(1 - told) * 100:.0f} % of the difference, in smaller parts or not explained")
    account = result.account
    count = sum(pair.differs for pair in result.pairs)
    if count > 1:
        causes = f"{account.causes} cause{'' if account.causes == 1 else 's'}"
        open_values = f", {account.unexplained} unexplained" if account.unexplained else ""
        lines.append(f"{count} differ: {causes}, {account.downstream} downstream{open_values}")
    return lines
