"""Temporary files for what does not fit in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO

import numpy as np

from compare.alignment.rows import hashes, increasing
from compare.judging.result import Side
from compare.reading.table import Ints, Table

BUCKETS = 64


def _temporary_file() -> IO[bytes]:
    """A file that is gone when it is closed, however the program ends."""
    import tempfile  # half of the logs never need one, and starting is what short comparisons consist of

    return tempfile.TemporaryFile(prefix="compare_")


class Spill:
    """Rows of one record, split by a hash of their index: equal indices meet in the same bucket."""

    def __init__(self) -> None:
        self._files: dict[tuple[Side, int], IO[bytes]] = {}

    def add(self, side: Side, table: Table) -> None:
        import pickle

        buckets = hashes(table.index) % np.uint64(BUCKETS)
        for bucket in np.unique(buckets).tolist():
            rows = np.flatnonzero(buckets == bucket)
            pickle.dump(table.take(rows), self._file(side, bucket), pickle.HIGHEST_PROTOCOL)

    def _file(self, side: Side, bucket: int) -> IO[bytes]:
        if (side, bucket) not in self._files:
            self._files[side, bucket] = _temporary_file()
        return self._files[side, bucket]

    def buckets(self) -> Iterator[tuple[list[Table], list[Table]]]:
        """The tables of both sides, a bucket at a time."""
        for bucket in range(BUCKETS):
            yield self._load(Side.A, bucket), self._load(Side.B, bucket)

    def _load(self, side: Side, bucket: int) -> list[Table]:
        import pickle

        file = self._files.pop((side, bucket), None)
        if file is None:
            return []
        tables: list[Table] = []
        with file:
            file.seek(0)
            with contextlib.suppress(EOFError):
                while True:
                    tables.append(pickle.load(file))  # our own bytes, written above
        return tables

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


class Ledger:
    """Remembers on disk which indices have been seen, to find repeats that are far apart.

    Logs in loop order cannot repeat an index, and then nothing is looked up.
    """

    FLUSH_AT = 1 << 16
    PASSES = 16

    def __init__(self) -> None:
        self._in_order = True
        self._last: Ints | None = None
        self._hashes: list[np.ndarray] = []
        self._held = 0
        self._file: IO[bytes] | None = None

    def add(self, index: Ints) -> None:
        if not len(index):
            return
        joint = index if self._last is None else np.concatenate([self._last, index])
        self._in_order = self._in_order and increasing(joint)
        self._last = index[-1:].copy()
        self._hashes.append(hashes(index))
        self._held += len(index)
        if self._held >= self.FLUSH_AT:
            self._flush()

    def _flush(self) -> None:
        if self._file is None:
            self._file = _temporary_file()
        for part in self._hashes:
            self._file.write(part.tobytes())
        self._hashes, self._held = [], 0

    def repeats(self) -> int:
        """How many rows have an index that an earlier row had."""
        if self._in_order:
            return 0
        self._flush()
        return sum(self._repeats_in(part) for part in range(self.PASSES))

    def _repeats_in(self, part: int) -> int:
        assert self._file is not None
        self._file.seek(0)
        found = []
        while chunk := self._file.read(self.FLUSH_AT * 8):
            numbers = np.frombuffer(chunk, np.uint64)
            found.append(numbers[numbers % np.uint64(self.PASSES) == part])
        numbers = np.concatenate(found) if found else np.empty(0, np.uint64)
        return len(numbers) - len(np.unique(numbers))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
