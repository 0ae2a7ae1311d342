"""Rows with equal indices, whatever the order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compare.reading.table import Ints

WORD = (1 << 64) - 1
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def _splitmix(state: int) -> int:
    """A well mixed 64-bit number (Steele, Lea and Flood 2014, SplitMix)."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & WORD
    return state ^ (state >> 31)


MULTIPLIERS = [np.uint64(_splitmix(axis * GOLDEN_RATIO & WORD) | 1) for axis in range(1, 65)]


@dataclass(frozen=True)
class RowMatch:
    """Row numbers: ``a[i]`` belongs to ``b[i]``; the rest has no partner; repeats copy an earlier row's index.

    ``repeats_a`` is (n, 2): the repeating row and the first row with that index.
    """

    a: Ints
    b: Ints
    rest_a: Ints
    rest_b: Ints
    repeats_a: Ints
    repeats_b: Ints


def match_rows(index_a: Ints, index_b: Ints) -> RowMatch:
    """Match the rows of two (n, k) index arrays.

    Logs in the same order cost one comparison; others a sort.
    """
    none = np.empty(0, np.int64)
    no_repeats = np.empty((0, 2), np.int64)
    common = min(len(index_a), len(index_b))
    if (
        np.array_equal(index_a[:common], index_b[:common])
        and increasing(index_a)
        and (len(index_b) == common or increasing(index_b))
    ):
        rows = np.arange(common)
        rest_a, rest_b = np.arange(common, len(index_a)), np.arange(common, len(index_b))
        return RowMatch(rows, rows, rest_a, rest_b, no_repeats, no_repeats)
    if not len(index_a) or not len(index_b):
        first_a, repeats_a = _first_rows(_identities(index_a))
        first_b, repeats_b = _first_rows(_identities(index_b))
        return RowMatch(none, none, first_a, first_b, repeats_a, repeats_b)
    identities = _identities(np.concatenate([index_a, index_b]))
    ids_a, ids_b = identities[: len(index_a)], identities[len(index_a) :]
    first_a, repeats_a = _first_rows(ids_a)
    first_b, repeats_b = _first_rows(ids_b)
    partner = np.full(int(identities.max()) + 1, -1, np.int64)
    partner[ids_b[first_b]] = first_b
    partners = partner[ids_a[first_a]]
    rows_a, rows_b = first_a[partners >= 0], partners[partners >= 0]
    taken = np.zeros(len(index_b), bool)
    taken[rows_b] = True
    return RowMatch(rows_a, rows_b, first_a[partners < 0], first_b[~taken[first_b]], repeats_a, repeats_b)


def increasing(index: Ints) -> bool:
    """Strictly increasing in lexicographic order: no row repeats another, as loops print them."""
    if len(index) < 2:
        return True
    steps = index[1:] - index[:-1]
    changed = steps != 0
    first = changed.argmax(axis=1)
    rows = np.arange(len(steps))
    return bool((changed[rows, first] & (steps[rows, first] > 0)).all())


def _identities(index: Ints) -> Ints:
    """Equal rows get equal numbers."""
    if not len(index):
        return np.empty(0, np.int64)
    order = np.lexsort(index.T[::-1]) if index.shape[1] else np.arange(len(index))
    ranked = index[order]
    new = np.ones(len(index), bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    identities = np.empty(len(index), np.int64)
    identities[order] = np.cumsum(new) - 1
    return identities


def _first_rows(identities: Ints) -> tuple[Ints, Ints]:
    """Rows that show an identity first, in log order, and (repeat, first) pairs of the others."""
    _, first, inverse = np.unique(identities, return_index=True, return_inverse=True)
    is_first = np.zeros(len(identities), bool)
    is_first[first] = True
    repeats = np.flatnonzero(~is_first)
    return np.flatnonzero(is_first), np.stack([repeats, first[inverse[repeats]]], axis=1)


def hashes(index: Ints) -> np.ndarray:
    """A 64-bit number for each row, equal for equal rows."""
    mixed = np.zeros(len(index), np.uint64)
    for axis in range(index.shape[1]):
        mixed += index[:, axis].astype(np.uint64) * MULTIPLIERS[axis % len(MULTIPLIERS)]
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(GOLDEN_RATIO)
    return mixed ^ (mixed >> np.uint64(29))
