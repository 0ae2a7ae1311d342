"""Pairs of logs and images that are not the same: none may be called so.

    python -m benchmarks.fuzz_verdicts values 1000000     # values changed by more than their precision
    python -m benchmarks.fuzz_verdicts dialects 100000    # the same in the forms that real logs have
    python -m benchmarks.fuzz_verdicts lines 100000       # a line deleted, added or moved
    python -m benchmarks.fuzz_verdicts images 10000       # pixels changed

Logs of every dialect are made at random. For ``values`` each log holds many values, each of them changed on one side;
every single one must be found different, not comparable or left over, so that each counts as a pair of its own. For
``dialects`` values are printed as people have printed them, and a log held against itself must be read in full. For
``lines`` one line of a log is deleted, repeated, added or moved: whatever ends as parity must say what is not alike. A
sample of the same runs with the tests (tests/compare/test_fuzz_verdicts.py).
"""

from __future__ import annotations

import math
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fuzz_dialects import PREFIXES, SCALARS, VECTORS, WRITERS, written
from compare.imaging.comparison import compare_images
from compare.imaging.files import Image
from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, DifferenceClass, Pair, Verdict
from compare.words.vocabulary import Vocabulary, load

SAME = (DifferenceClass.IDENTICAL, DifferenceClass.ROUNDING, DifferenceClass.DRIFT)
BATCH = 4000  # changed values in one log
LEAST = 1e-9  # relative change of a float: a hundred times the default tolerance
WORDS = ("MOSFLM", "none", "square", "ON", "x-ray", "a_b")
VOCABULARY = 'format = 1\nname = "fuzz"\nunknown = "required"\n[records]\nDOMAIN = ["i", "j"]\nPHI = ["i"]\n'


@dataclass(frozen=True)
class Item:
    """One quantity: how it is printed, its texts, and those of the other side."""

    form: str  # of the line; {side} and {value}
    before: str
    after: str


def changed_float(x: float, rng: random.Random) -> float:
    """Another double, further away than any tolerance."""
    kind = rng.randrange(7)
    if x == 0:
        return rng.choice([1.0, -1e-3, 1e-290])
    factor = 1 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-8.9, 3)
    with np.errstate(over="ignore"):
        changes = [x * factor, x * factor, x * factor, -x, float(np.float32(x)), x * 10, float(f"{x:.4g}")]
    found = changes[kind]
    return found if math.isfinite(found) and abs(found - x) > LEAST * abs(x) else x * (1 + 1e-6)


def float_text(x: float, rng: random.Random) -> str:
    """As programs print it; what is printed with few digits stands for just that number."""
    exact = f"{x:.17g}"
    return rng.choice([exact, repr(x), f"{x:.16e}", exact.replace("e", "E") if "e" in exact else exact])


def short(rng: random.Random) -> tuple[str, str]:
    """Two numbers of few digits, as a log without a stated precision prints them."""
    digits = rng.randint(1, 4)
    a = f"{rng.uniform(1, 9.9):.{digits}f}e{rng.randint(-5, 5)}"
    b = a
    while float(b) == float(a):
        b = f"{rng.uniform(1, 9.9):.{rng.randint(0, 5)}f}e{a.partition('e')[2]}"
    return a, b


def scalar(rng: random.Random) -> tuple[str, str]:
    """Texts of one value on both sides."""
    kind = rng.randrange(10)
    if kind == 0:
        a = rng.choice([rng.randint(-9, 99), rng.getrandbits(52), 2**53 + rng.getrandbits(9), rng.getrandbits(90)])
        return str(a), str(a + rng.choice([-1, 1, 7, 10]))
    if kind == 1:
        a, b = rng.sample(WORDS, 2)
        return a, b
    if kind == 2:
        special = ["nan", "inf", "-inf", "****", "1e999", "-nan", "2e999"]
        a = rng.choice([*special, "1.5"])
        b = rng.choice([text for text in ("1.5", "-2", "inf", "-inf", "nan") if text != a])
        return a, b
    if kind == 3:
        return short(rng)
    x = rng.gauss(0, 1) * 10.0 ** rng.randint(-30, 30)
    return float_text(x, rng), float_text(changed_float(x, rng), rng)


def vector(rng: random.Random) -> tuple[list[str], list[str]]:
    """Three components of like size, one of them changed by more than the tolerance of the largest."""
    size = 10.0 ** rng.randint(-12, 12)
    values = [rng.uniform(0.1, 1) * size * rng.choice([-1, 1]) for _ in range(3)]
    other = list(values)
    at = rng.randrange(3)
    other[at] = changed_float(values[at], rng)
    if abs(other[at] - values[at]) <= LEAST * size:
        other[at] = values[at] * 1.5
    if rng.random() < 0.1:
        other[at] = rng.choice([float("nan"), float("inf")])
    return [float_text(x, rng) for x in values], [float_text(x, rng) for x in other]


def item(number: int, rng: random.Random) -> Item:
    """One quantity in one of the dialects; names and indices are its own."""
    kind = rng.randrange(6)
    name = f"q{number}"
    if kind < 2:
        a, b = vector(rng)
        comma = rng.random() < 0.98
        forms = (f"TRACE_{{side}}: {name} {{value}}", f"TRACE_{{side}}_DOMAIN i={number} j=0 v={{value}}")
        return Item(forms[comma], ("," if comma else " ").join(a), ("," if comma else " ").join(b))
    a, b = scalar(rng)
    forms_of = (
        f"TRACE_{{side}}: {name} {{value}}",
        f"TRACE_{{side}}:{name}={{value}}",
        f"TRACE_{{side}}_DOMAIN i={number} j=1 x={{value}} y=1.5",
        f"TRACE_{{side}}_PHI i={number} x={{value}}",
    )
    return Item(rng.choices(forms_of, (1, 1, 60, 60))[0], a, b)


def logs_of(items: list[Item], folder: Path, rng: random.Random, *, flip: bool) -> tuple[Path, Path]:
    """Both logs; the lines of the second in another order now and then."""
    sides = [item.before for item in items], [item.after for item in items]
    paths = folder / "a.log", folder / "b.log"
    for side, path, texts in zip(("C", "PY"), paths, sides[::-1] if flip else sides, strict=True):
        lines = [item.form.format(side=side, value=text) for item, text in zip(items, texts, strict=True)]
        if side == "PY" and rng.random() < 0.3:
            rng.shuffle(lines)
        path.write_text("\n".join(lines) + "\n", "utf-8")
    return paths


def vocabulary(folder: Path) -> Vocabulary:
    path = folder / "fuzz.toml"
    path.write_text(VOCABULARY, "utf-8")
    return load(path)


def wrongly_same(result: Comparison) -> Iterator[Pair]:
    """Changed quantities that were taken for the same (``y`` of a record is never changed)."""
    return (pair for pair in result.pairs if pair.difference in SAME and pair.key.name != "y")


def fuzz_values(count: int, rng: random.Random) -> Counter[str]:
    """``count`` changed values. Raises AssertionError with the first that is called the same."""
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = vocabulary(folder)
        while sum(done.values()) < count:
            single = rng.random() < 0.5
            items = [item(number, rng) for number in range(rng.randint(1, 3) if single else BATCH)]
            result = compare_traces(*logs_of(items, folder, rng, flip=rng.random() < 0.5), vocabulary=words)
            for pair in wrongly_same(result):
                raise AssertionError(f"{pair.key} is {pair.difference}: {pair.a!r} and {pair.b!r}")
            if result.exit_code == 0:
                raise AssertionError(f"parity: {items}")
            done["in small logs" if single else "in large logs"] += len(items)
    return done


def number_pair(rng: random.Random) -> tuple[str, str]:
    """Texts of one number on both sides."""
    kind = rng.randrange(8)
    if kind == 0:
        return short(rng)
    x = rng.gauss(0, 1) * 10.0 ** (rng.choice([-1, 1]) * rng.randint(95, 290) if kind == 1 else rng.randint(-30, 30))
    return float_text(x, rng), float_text(changed_float(x, rng), rng)


def dialect_item(number: int, rng: random.Random) -> tuple[str, str]:
    """A changed quantity as the lines of both logs, ``{side}`` open."""
    name, prefix, write = f"q{number}", rng.choice(PREFIXES), rng.choice(WRITERS)
    if rng.random() < 0.5:
        form, sides = rng.choice(SCALARS), [(text,) for text in number_pair(rng)]
    else:
        form, sides = rng.choice(VECTORS), [tuple(texts) for texts in finite_vector(rng)]
    before, after = (prefix + written(form, name, number, [write(text, rng) for text in texts]) for texts in sides)
    return before, after


def finite_vector(rng: random.Random) -> tuple[list[str], list[str]]:
    before, after = vector(rng)
    return (before, after) if all(math.isfinite(float(text)) for text in after) else finite_vector(rng)


def fuzz_dialects(count: int, rng: random.Random) -> Counter[str]:
    """``count`` changed values in the forms of real logs. Raises AssertionError with the first called the same."""
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        words = vocabulary(Path(folder))
        paths = Path(folder) / "a.log", Path(folder) / "b.log"
        while done["changed"] < count:
            items = [dialect_item(number, rng) for number in range(rng.randint(1, 12))]
            sides = list(zip(*items, strict=True))
            rng.shuffle(sides)
            for side, path, lines in zip(("C", "PY"), paths, sides, strict=True):
                path.write_text("".join(line.format(side=side) + "\n" for line in lines), "utf-8")
            result = compare_traces(*paths, vocabulary=words)
            for pair in result.pairs:
                if pair.difference in SAME and not same_by_design(pair):
                    raise AssertionError(f"{pair.key} is {pair.difference}: {pair.a!r} and {pair.b!r} of {items}")
            if result.exit_code == 0:
                raise AssertionError(f"parity: {items}")
            if rng.random() < 0.1:
                done["logs held against themselves"] += 1
                require_all_read(compare_traces(paths[0], paths[0], vocabulary=words), paths[0])
            done["changed"] += len(items)
    return done


def same_by_design(pair: Pair) -> bool:
    """A constant that stands beside a changed value."""
    return pair.key.name.rpartition(".")[2].strip("|") in ("y", "from")


def require_all_read(result: Comparison, path: Path) -> None:
    """A log beside itself: parity, and every quantity of it is there. Raises AssertionError."""
    read = {name for pair in result.pairs for name in re.findall(r"q\d+", str(pair.key))}
    missing = sorted(set(re.findall(r"q\d+", path.read_text())) - read)
    if result.verdict is not Verdict.PARITY or missing:
        raise AssertionError(f"{result.verdict}, not read: {missing} of\n{path.read_text()}")


def log_lines(rng: random.Random) -> list[str]:
    """A small sound log: header, and records or a name repeated without an index."""
    lines = [f"TRACE_C: h{i} {rng.choice(['none', '7', repr(rng.gauss(0, 1))])}" for i in range(rng.randint(1, 3))]
    kinds = (
        [f"TRACE_C_PHI i={i} x={rng.gauss(0, 1):.17g}" for i in range(rng.randint(1, 4))],
        [f"TRACE_C_DOMAIN i={i} j={j} x={rng.random():.15g} y=1,2,{j}" for i in range(2) for j in range(2)],
        [f"TRACE_C: again {rng.gauss(0, 1):.17g}" for _ in range(rng.randint(1, 3))],
        [f"TRACE_C_TAP value {rng.gauss(0, 1):.17g}" for _ in range(rng.randint(1, 2))],
    )
    return [*lines, *(line for kind in rng.sample(kinds, rng.randint(1, 2)) for line in kind)]


def deleted(lines: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(lines))
    return lines[:at] + lines[at + 1 :]


def added(lines: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(lines) + 1)
    new = [
        f"TRACE_C: more{rng.randint(0, 99)} 1.5",
        f"TRACE_C_PHI i={rng.randint(10, 99)} x=2.5",
        "TRACE_C_OTHER k=1 z=2.5",
        "TRACE_C: h0 77.5",
        rng.choice(lines).partition(" ")[0] + " ???",
        "TRACE_C_PHI i=0 w=2.5",
    ]
    return [*lines[:at], rng.choice(new), *lines[at:]]


def repeated(lines: list[str], rng: random.Random) -> list[str]:
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines) + 1)
    return [*lines[:to], lines[at], *lines[to:]]


def moved(lines: list[str], rng: random.Random) -> list[str]:
    other = list(lines)
    line = other.pop(rng.randrange(len(other)))
    other.insert(rng.randrange(len(other) + 1), line)
    return other


EDITS: tuple[Callable[[list[str], random.Random], list[str]], ...] = (deleted, added, repeated, moved)


def says_so(result: Comparison) -> bool:
    """Whether a comparison that ends as parity tells that the logs are not alike."""
    return bool(result.leftovers or result.warnings or result.coverage.fraction < 1)


def fuzz_lines(count: int, rng: random.Random) -> Counter[str]:
    """``count`` pairs with one line deleted, added, repeated or moved, in either log. Raises AssertionError."""
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = vocabulary(folder)
        paths = folder / "a.log", folder / "b.log"
        while sum(done.values()) < count:
            lines = log_lines(rng)
            edit = rng.choice(EDITS)
            pair = [lines, edit(lines, rng)]
            if pair[0] == pair[1]:
                continue
            rng.shuffle(pair)
            for path, text in zip(paths, pair, strict=True):
                prefix = rng.choice(PREFIXES)
                path.write_text("".join(f"{prefix}{line}\n" for line in text), "utf-8")
            result = compare_traces(*paths, vocabulary=words)
            if result.verdict is Verdict.PARITY and not says_so(result):
                raise AssertionError(f"silent parity after a line was {edit.__name__}:\n" + "\n".join(sorted(
                    set(pair[0]) ^ set(pair[1])) or pair[1]))  # fmt: skip
            done[f"{edit.__name__}, {result.verdict}"] += 1
    return done


def fuzz_images(count: int, rng: random.Random) -> Counter[str]:
    """``count`` pairs of images with pixels changed by more than the tolerance. Raises AssertionError."""
    noise = np.random.default_rng(rng.getrandbits(32))
    done: Counter[str] = Counter()
    while sum(done.values()) < count:
        kind = rng.choice(["f4", "f8", "u1", "u2", "i4", "i8", "u8"])
        shape = rng.randint(1, 9), rng.randint(1, 9)
        if kind[0] == "f":
            a = (noise.random(shape) * 10.0 ** noise.integers(-20, 20, shape)).astype(kind)
        else:
            a = noise.integers(0, np.iinfo(kind).max, shape, kind)
        b = a.copy()
        at = rng.randrange(shape[0]), rng.randrange(shape[1])
        if kind[0] == "f":
            scale = float(np.abs(a[max(at[0] - 1, 0) : at[0] + 2, max(at[1] - 1, 0) : at[1] + 2]).max())
            apart = max(float(a[at]) * 10.0 ** rng.uniform(-6, 2), 1e-14 * scale)
            b[at] = rng.choice([float(a[at]) + apart, float(a[at]) - 2 * apart, np.nan, np.inf])
        else:
            b[at] = b[at] + 1 if b[at] < np.iinfo(kind).max else b[at] - 1
        pair = [a, b]
        rng.shuffle(pair)
        result = compare_images(*(Image(name, "npy", pixels, "it") for name, pixels in zip("ab", pair, strict=True)))
        if result.exit_code == 0:
            raise AssertionError(f"{kind}: {a[at]!r} and {b[at]!r} at {at} of\n{a!r}")
        done[kind] += 1
    return done


CAMPAIGNS = {"values": fuzz_values, "dialects": fuzz_dialects, "lines": fuzz_lines, "images": fuzz_images}


def main(campaign: str = "values", count: str = "20000", seed: str = "0") -> None:
    began = time.perf_counter()
    done = CAMPAIGNS[campaign](int(count), random.Random(int(seed)))
    figures = ", ".join(f"{number} {what}" for what, number in sorted(done.items()))
    print(f"{campaign}: {figures}; {time.perf_counter() - began:.0f} s, seed {seed}: none was called the same")


if __name__ == "__main__":
    main(*sys.argv[1:])
