"""The inputs of the cases: made up by formulas with a fixed seed, so that nobody's data is needed."""

from __future__ import annotations

import random
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

TONES = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "#": (941, 1477), "2": (697, 1336)}
CORNERS = [(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)]
SIDES = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]


def points(path: Path, count: int, jump: float) -> None:
    x = np.cumsum(0.3 + np.random.default_rng(count).uniform(0.1, 1.0, count))
    y = np.sin(x) * 3 + np.where(x > x[count // 2], jump, 0.0)
    np.savetxt(path, np.stack([x, y], axis=1), fmt="%.7f")


def measurements(path: Path, count: int, middle: float) -> None:
    np.savetxt(path, np.random.default_rng(count).normal(middle, 11.0, count), fmt="%.5f")


def octets(path: Path, count: int, largest: int) -> None:
    path.write_bytes(np.random.default_rng(count).integers(0, largest, count, dtype=np.uint8).tobytes())


def beat(path: Path, seconds: float) -> None:
    time = np.arange(int(44100 * seconds)) / 44100
    hits = np.exp(-12 * (time % (60 / 120.0))) + 0.4 * np.exp(-20 * (time % (30 / 120.0)))
    (hits * np.random.default_rng(3).uniform(-1, 1, len(time))).astype("<f4").tofile(path)


def dialled(path: Path, digits: str) -> None:
    random_numbers = np.random.default_rng(len(digits))
    pieces = []
    for digit in digits:
        time = np.arange(560) / 8000
        low, high = TONES[digit]
        pieces.append(6000 * np.sin(2 * np.pi * low * time) + 7000 * np.sin(2 * np.pi * high * time))
        pieces.append(np.zeros(330))
    samples = np.concatenate(pieces) + random_numbers.normal(150, 60, sum(map(len, pieces)))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", int(value)) for value in samples))


def aligned(path: Path, taxa: int, sites: int, mixed: bool) -> None:
    """Sequences of a tree; of two different trees where they have recombined."""
    chance = random.Random(taxa * sites)
    columns = []
    for site in range(sites):
        flips = range(taxa // 2) if not (mixed and site > sites // 2) else range(0, taxa, 2)
        base, other = chance.sample("ACGT", 2)
        column = [base] * taxa
        if chance.random() < 0.2:
            for row in flips:
                column[row] = other
        if chance.random() < 0.1:
            for row in chance.sample(range(taxa), 2):
                column[row] = chance.choice("ACGT")
        columns.append(column)
    path.write_text("".join(f">t{row}\n{''.join(column[row] for column in columns)}\n" for row in range(taxa)))


def proteins(path: Path, count: int) -> None:
    chance = random.Random(count)
    text = ""
    for number in range(count):
        plain = "".join(chance.choices("ACDEFGHIKLMNPQRSTVWY", k=45))
        simple = "".join(chance.choices("QPG", weights=(5, 2, 1), k=14))
        text += f">P{number} made up\n{plain}{simple}{plain[::-1][:20]}\n"
    path.write_text(text)


def solid(path: Path, stretch: tuple[float, float, float], skew: float) -> None:
    """A box, skewed, with its faces cut in two, outward."""
    corners = [(x * stretch[0] + skew * z, y * stretch[1] - 0.4 * skew * x, z * stretch[2] + 3) for x, y, z in CORNERS]
    lines = ["solid made"]
    for a, b, c, d in SIDES:
        for face in ((a, b, c), (a, c, d)):
            lines += [" facet normal 0 0 0", "  outer loop"]
            lines += ["   vertex {:.7e} {:.7e} {:.7e}".format(*corners[at]) for at in face]
            lines += ["  endloop", " endfacet"]
    path.write_text("\n".join([*lines, "endsolid made", ""]))


def genes(path: Path, count: int) -> None:
    chance = random.Random(count)
    text = ""
    for number in range(count):
        codons = [a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG" if a + b + c not in ("TAA", "TAG", "TGA")]
        weights = [chance.uniform(0.2, 1.0) for _ in codons]
        text += f">G{number} made up gene\n{'ATG' + ''.join(chance.choices(codons, weights, k=300)) + 'TAA'}\n"
    path.write_text(text)


def angles(path: Path, count: int) -> None:
    """Seven backbone angles of each nucleotide of an RNA, near those of a helix."""
    chance = np.random.default_rng(count)
    middle = np.array([-68.0, 178.0, 54.0, 82.0, -151.0, -70.0])
    rows = []
    for number in range(count):
        row = middle + chance.normal(0, 14.0 if number % 3 else 40.0, 6)
        rows.append(f"made:1: A:{number + 1:4d}: :  G:" + ":".join(f"{angle:.3f}" for angle in row) + ":")
    path.write_text("\n".join(rows) + "\n")


def clusters(path: Path, count: int) -> None:
    chance = np.random.default_rng(count)
    middles = np.array([[-400, 200], [300, 350], [50, -500]])
    points = np.concatenate([chance.normal(middle, 60.0, (count, 2)) for middle in middles])
    path.write_text("2\n" + "".join(f"{int(x)}\t{int(y)}\n" for x, y in points))


MADE: dict[str, Callable[[Path], None]] = {
    "bumps.dat": lambda path: points(path, 12, 0.0),
    "steps.dat": lambda path: points(path, 17, 2.5),
    "before.txt": lambda path: measurements(path, 9, 200.0),
    "after.txt": lambda path: measurements(path, 12, 231.0),
    "noise.bin": lambda path: octets(path, 6000, 256),
    "text.bin": lambda path: octets(path, 3000, 251),
    "beat.raw": lambda path: beat(path, 12.0),
    "digits.wav": lambda path: dialled(path, "159#2"),
    "short.wav": lambda path: dialled(path, "52"),
    "mosaic.fasta": lambda path: aligned(path, 8, 230, True),
    "clonal.fasta": lambda path: aligned(path, 8, 260, False),
    "made.fa": lambda path: proteins(path, 2),
    "crystal.stl": lambda path: solid(path, (2.25, 1.7, 1.3), 0.31),
    "wedge.stl": lambda path: solid(path, (0.8, 2.9, 1.1), 0.87),
    "angles.txt": lambda path: angles(path, 40),
    "test.fet.1": lambda path: clusters(path, 25),
    "genes.dat": lambda path: genes(path, 3),
    "more.dat": lambda path: genes(path, 4),
}
