"""Three vectors that form a matrix, printed as its columns on one side and as its rows on the other."""

from __future__ import annotations

from compare.causes.logs import InLogs
from compare.causes.values import near, numbers, parts, same
from compare.judging.result import Cause, Pair

MOST_NEIGHBOURS = 100  # differing values of one evaluation


def transposed_triple(place: InLogs) -> Cause | None:
    """The k-th vector of b holds the k-th components of a's three vectors."""
    if len(place.a) != 3 or len(place.b) != 3:
        return None
    kept = [at for at in range(3) if near(place.b[at], place.a[at])]  # the diagonal of the matrix stays
    key = place.pair.key
    found = place.logs.neighbours.get((key.record, key.indices, key.section), ()) if kept else ()
    others = [pair for pair in found[:MOST_NEIGHBOURS] if pair is not place.pair and pair.unit == place.pair.unit]
    for at in kept:
        rows = [_row(others, at, place.b[k]) if k != at else place.pair for k in range(3)]
        if all(row is not None for row in rows) and _transposed([row for row in rows if row is not None]):
            names = ", ".join(row.key.name for row in rows if row is not None)
            return Cause("transposed-triple", f"b has {names} as the rows of a's matrix for its columns")
    return None


def _row(pairs: list[Pair], at: int, value: float) -> Pair | None:
    """The vector of a that holds a value at one place."""
    for pair in pairs:
        a = parts(pair.a)
        if len(a) == 3 and isinstance(a[at], int | float) and near(a[at], value):
            return pair
    return None


def _transposed(rows: list[Pair]) -> bool:
    a, b = ([numbers(pair.a) for pair in rows], [numbers(pair.b) for pair in rows])
    if any(len(row) != 3 for row in (*a, *b)):
        return False
    turned = [tuple(a[i][k] for i in range(3)) for k in range(3)]
    return all(same(b[k], turned[k]) for k in range(3)) and not all(same(b[k], a[k]) for k in range(3))
