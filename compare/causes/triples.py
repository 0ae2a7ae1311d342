"""Three vectors that form a matrix, printed as its columns on one side and as its rows on the other."""

from __future__ import annotations

from itertools import permutations

from compare.causes.logs import Place
from compare.causes.values import numbers, same
from compare.result import Cause, Pair


def transposed_triple(place: Place) -> Cause | None:
    """The k-th vector of b holds the k-th components of a's three vectors."""
    if len(place.a) != 3 or len(place.b) != 3:
        return None
    key = place.pair.key
    others = [
        pair
        for pair in place.logs.pairs
        if pair.key.record == key.record and pair.key.indices == key.indices and pair.key.pixel == key.pixel
        and pair is not place.pair and pair.unit == place.pair.unit and pair.differs and len(numbers(pair.a)) == 3
    ]  # fmt: skip
    for first, second in permutations(others[:6], 2):
        for at in range(3):
            rows = [first, second]
            rows.insert(at, place.pair)
            if _transposed(rows):
                names = ", ".join(pair.key.name for pair in rows)
                return Cause("transposed-triple", f"b has {names} as the rows of a's matrix for its columns")
    return None


def _transposed(rows: list[Pair]) -> bool:
    a, b = ([numbers(pair.a) for pair in rows], [numbers(pair.b) for pair in rows])
    if any(len(row) != 3 for row in (*a, *b)):
        return False
    turned = [tuple(a[i][k] for i in range(3)) for k in range(3)]
    return all(same(b[k], turned[k]) for k in range(3)) and not all(same(b[k], a[k]) for k in range(3))
