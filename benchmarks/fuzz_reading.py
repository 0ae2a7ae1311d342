"""Random lines through the trace reader: nothing may break it, and all of its ways must agree.

    python -m benchmarks.fuzz_reading 1000000

Half of the lines are trace lines, damaged in up to three places; the rest is noise. A sample of the same runs with the
tests (tests/compare/test_reading.py).
"""

from __future__ import annotations

import random
import string
import sys
import time
from collections.abc import Iterator
from itertools import islice

import numpy as np

from compare.reading.columns import parse_block
from compare.reading.grammar import Malformed, number, parse_line
from compare.reading.table import Block
from compare.words import vocabulary

BLOCK_LINES = 2000
NOISE = string.printable + "äß\u2028\x00"
MARKS = "=,:[]() \t_-+.eExX0123456789nainf"


def trace_line(rng: random.Random) -> str:
    """A line as a program would print it."""
    floats = [f"{rng.gauss(0, 10.0 ** rng.randint(-12, 12)):.17g}" for _ in range(5)]
    indices = f"source={rng.randint(0, 3)} phi_tic={rng.randint(0, 99)} mos_tic={rng.randint(0, 9)}"
    return rng.choice(
        [
            f"TRACE_C_DOMAIN {indices} hkl_frac={','.join(floats[:3])} F_latt={floats[3]} F_cell={floats[4]}",
            f"TRACE_PY_PHI phi_tic={rng.randint(0, 9)} phi_deg={floats[0]} k_frac={floats[1]}",
            f"TRACE_C: pix0_vector_meters {' '.join(floats[:3])}",
            f"TRACE_C:distance_m={floats[0]}",
            f"TRACE_PY_GRID: [{rng.randint(0, 3)},{rng.randint(0, 3)}]={floats[0]}",
        ]
    )


def damaged(line: str, rng: random.Random) -> str:
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(line) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            line = line[:at] + rng.choice(MARKS + NOISE) + line[at:]
        elif kind == 1:
            line = line[:at] + line[at + 1 :]
        elif kind == 2:
            line = line[:at] + rng.choice(MARKS) + line[at + 1 :]
        else:
            line = line[:at]
    return line.replace("\n", " ").replace("\r", " ")


def random_line(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return damaged(trace_line(rng), rng)
    return "".join(rng.choices(NOISE, k=rng.randint(0, 60))).replace("\n", " ").replace("\r", " ")


def check_line(line: str) -> int:
    """Parse one line; 1 if it is a trace line. What is not malformed has texts that are numbers or words."""
    try:
        parsed = parse_line(line)
    except Malformed:
        return 0
    for _, texts in parsed.fields if parsed else ():
        assert texts, line
        for text in texts:
            try:
                number(text)
            except ValueError:
                continue
    return int(parsed is not None)


def contents(block: Block) -> dict[tuple, list]:
    """Everything a block says, whatever its tables are."""
    said: dict[tuple, list] = {}
    for table in block.tables:
        for name, column in table.columns.items():
            rows = zip(table.order.tolist(), table.index.tolist(), column.tolist(), strict=True)
            said.setdefault((table.record, table.index_names, name), []).extend(
                (order, index, [repr(v) if v == v else "nan" for v in row]) for order, index, row in rows
            )
    return {key: sorted(rows) for key, rows in said.items()} | {("malformed",): sorted(n for n, _ in block.malformed)}


def check_block(lines: list[str], rng: random.Random) -> None:
    """Many lines of one shape, some of them damaged: the vectorised way gives what the exact one gives."""
    words = vocabulary.packaged()
    base = "TRACE_C_DOMAIN source=0 phi_tic={} mos_tic={} F_latt={:.17g} F_cell={:.15g}"
    uniform = [base.format(i // 10, i % 10, rng.gauss(0, 1), rng.random()) for i in range(500)]
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(uniform))
        uniform[at] = damaged(uniform[at], rng)
    for block in (uniform, lines):
        text = "\n".join(block).encode("utf-8", "replace") + b"\n"
        fast, exact = (contents(parse_block(text, words, vectorise=way)) for way in (True, False))
        if fast != exact:
            raise AssertionError("\n".join(islice(_disagreements(fast, exact, block), 8)))


def _disagreements(fast: dict[tuple, list], exact: dict[tuple, list], block: list[str]) -> Iterator[str]:
    """Each value that only one way gives, with its line."""
    for key in fast.keys() | exact.keys():
        for way, here, there in (("vectorised", fast, exact), ("exact", exact, fast)):
            for row in here.get(key, []):
                if row not in there.get(key, []):
                    line = row if isinstance(row, int) else row[0]
                    yield f"only {way}: {key[-1]} {row} of {block[line - 1]!r}"


def main(count: int, seed: int = 0) -> None:
    rng = random.Random(seed)
    np.seterr(all="raise")
    began, found, done = time.perf_counter(), 0, 0
    while done < count:
        lines = [random_line(rng) for _ in range(min(BLOCK_LINES, count - done))]
        found += sum(check_line(line) for line in lines)
        check_block(lines, rng)
        done += len(lines)
    seconds = time.perf_counter() - began
    print(f"{done} lines, {found} of them trace lines, {seconds:.0f} s, seed {seed}: nothing broke, all ways agree")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
