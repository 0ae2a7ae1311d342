"""Repeated names without indices: the resynchronising fallback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

CLOSE = 1e-9  # relative; values this close are taken for the same evaluation
LARGEST_DOUBLE = 10**308
LONGEST = 4000  # rows that the alignment of a stretch without anchors may have


@dataclass
class SequenceMatch:
    """Pairs of row numbers, rows without a partner, and stretches where several pairings are possible."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    rest_a: list[int] = field(default_factory=list)
    rest_b: list[int] = field(default_factory=list)
    unclear: list[tuple[range, range]] = field(default_factory=list)


def resynchronise(rows_a: Sequence[list], rows_b: Sequence[list]) -> SequenceMatch:
    """Pair two sequences of evaluations, each a list of values.

    Evaluations that agree are anchors. Between anchors a stretch of equal length on both sides pairs in
    order; one that is empty on one side is left over; anything else is unclear and stays unpaired.
    """
    if len(rows_a) == len(rows_b) == 1:
        return SequenceMatch(pairs=[(0, 0)])
    result = SequenceMatch()
    head = agreeing(rows_a, rows_b)
    tail = agreeing(rows_a[head:][::-1], rows_b[head:][::-1])
    end_a, end_b = len(rows_a) - tail, len(rows_b) - tail
    result.pairs += [(i, i) for i in range(head)]
    _middle(rows_a, rows_b, range(head, end_a), range(head, end_b), result)
    result.pairs += [(end_a + i, end_b + i) for i in range(tail)]
    return result


def agreeing(rows_a: Sequence[list], rows_b: Sequence[list]) -> int:
    """How many rows at the start agree."""
    count = 0
    for x, y in zip(rows_a, rows_b, strict=False):
        if not _close(x, y):
            break
        count += 1
    return count


def _close(x: Sequence, y: Sequence) -> bool:
    if len(x) != len(y):
        return False
    scale = max((abs(v) for v in x if isinstance(v, int | float)), default=0.0)
    for p, q in zip(x, y, strict=True):
        if p == q or (p != p and q != q):
            continue
        if isinstance(p, str) or isinstance(q, str) or not _within(abs(p - q), scale):
            return False
    return True


def _within(apart: float, scale: float) -> bool:
    try:
        return apart <= CLOSE * scale
    except OverflowError:  # integers beyond doubles
        return False


def _middle(
    rows_a: Sequence[list], rows_b: Sequence[list], span_a: range, span_b: range, result: SequenceMatch
) -> None:
    if not (span_a and span_b) or max(len(span_a), len(span_b)) > LONGEST:
        return _gap(span_a, span_b, result)
    keys_a = [_rounded(rows_a[i]) for i in span_a]
    keys_b = [_rounded(rows_b[j]) for j in span_b]
    import difflib

    matcher = difflib.SequenceMatcher(None, keys_a, keys_b, autojunk=False)
    i, j = span_a.start, span_b.start
    for block in matcher.get_matching_blocks():
        at_a, at_b = span_a.start + block.a, span_b.start + block.b
        _gap(range(i, at_a), range(j, at_b), result)
        result.pairs += [(at_a + n, at_b + n) for n in range(block.size)]
        i, j = at_a + block.size, at_b + block.size
    return None


def _rounded(row: Sequence) -> tuple:
    return tuple(f"{value:.8e}" if isinstance(value, float | int) and _fits(value) else value for value in row)


def _fits(value: float) -> bool:
    """Whether a double holds it: integers may be larger."""
    return not isinstance(value, int) or abs(value) < LARGEST_DOUBLE


def _gap(span_a: range, span_b: range, result: SequenceMatch) -> None:
    if len(span_a) == len(span_b):
        result.pairs += list(zip(span_a, span_b, strict=True))
    elif not span_a or not span_b:
        result.rest_a += span_a
        result.rest_b += span_b
    else:
        result.unclear.append((span_a, span_b))
