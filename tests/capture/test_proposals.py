"""What is proposed for values that differ, and what speaks against a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from capture.edges import edges_of
from capture.pairing import Pairing, pair_series
from capture.series import series_of
from capture.trace import OUTSIDE, CapturedTrace, Site, Values

STORES = {  # name: values over a loop, what it is made from
    "given": ([1.17, 2.34, 3.96, 5.13], ()),
    "flux": ([2.61, 3.12, 4.83, 6.44], ("f:given",)),
    "total": ([9.27, 8.16, 7.38, 6.91], ("f:flux",)),
}


def trace(stores: Mapping[str, tuple[Sequence[float], Sequence[str]]]) -> CapturedTrace:
    columns = []
    for number, (name, (values, reads)) in enumerate(stores.items(), 1):
        site = Site(number, name, "f", "f.c", number, target=f"f:{name}", reads=tuple(reads))
        count = len(values)
        indices = np.arange(count, dtype=np.int64)[:, None]
        numbers = np.asarray(values, dtype=np.float64)[:, None]
        none = np.zeros((count, 0), dtype=np.int64)
        order = np.arange(count, dtype=np.int64) + 100 * number
        columns.append(
            Values(site, ("i",), indices, none, numbers, order, np.full(count, OUTSIDE), np.zeros(count, np.int64))
        )
    return CapturedTrace("p", columns=tuple(columns))


def paired(port: Mapping[str, tuple[Sequence[float], Sequence[str]]]) -> Pairing:
    a, b = trace(STORES), trace(port)
    return pair_series(series_of([a]), series_of([b]), (edges_of(a), edges_of(b)))


def test_a_value_that_differs_is_proposed_by_its_neighbours_where_its_name_is_another() -> None:
    found = paired(
        {
            "given": STORES["given"],
            "stream": ([2.71, 3.19, 4.99, 6.61], ("f:given",)),
            "total": ([9.03, 8.88, 7.77, 6.66], ("f:stream",)),
        }
    )
    proposed = {(p.a.first.name, p.b.first.name): p for p in found.proposed()}
    assert set(proposed) == {("flux", "stream"), ("total", "total")}
    assert "made from the same" in proposed["flux", "stream"].evidence
    assert proposed["flux", "stream"].usable


def test_other_quantities_between_values_that_agree_are_no_pair() -> None:
    found = paired({**STORES, "flux": STORES["given"], "stream": ([2.71, 3.19, 4.99, 6.61], ("f:given",))})
    assert not [pair for pair in found.proposed() if pair.usable]


def test_one_name_for_values_that_differ_is_not_tried_where_what_is_made_from_them_agrees() -> None:
    found = paired({**STORES, "flux": ([2.71, 3.19, 4.99, 6.61], ("f:given",))})
    (pair,) = found.proposed()
    assert pair.a.first.name == pair.b.first.name == "flux"
    assert not pair.usable
    assert "what is made from them agrees" in pair.evidence
