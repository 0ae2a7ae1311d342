"""Random command lines from every flag group: both programs must refuse or compute them alike.

Every second one has words and headers as users have them: fragments, ignored words, numbers with something behind them.

A few dozen run by default; PARITY_FUZZ=1500 in the environment runs that many, PARITY_FUZZ=1000:1500 that range, and
PARITY_FUZZ=1:7001:2 the odd ones of another.
"""

from __future__ import annotations

import os
import random
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator import ExecutionConfig, Experiment, InputError, Simulator
from simulator.defects import NAMES as DEFECTS
from tests.both_programs.odd_lines import odd, odd_header

EAGER = ExecutionConfig(device="cpu", compile="never")

SAMPLE = 40
MOST_PIXELS = 2500
MOST_WORK = 4000
"""Evaluations of a pixel at most, so that a run takes a moment."""


def seeds() -> range:
    wanted = os.environ.get("PARITY_FUZZ", str(SAMPLE))
    numbers = [int(word) for word in wanted.split(":")]
    return range(*numbers)


@dataclass
class CommandLine:
    """A command line in the making, with the files it names."""

    r: random.Random
    odd: bool = False
    """Headers and words as users have them."""
    words: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    work: int = 1
    """Evaluations of a pixel."""

    def add(self, *words: object) -> None:
        self.words += [str(word) for word in words]

    def maybe(self, probability: float, *words: object) -> None:
        if self.chance(probability):
            self.add(*words)

    def chance(self, probability: float) -> bool:
        return self.r.random() < probability

    def number(self, low: float, high: float) -> float:
        return round(self.r.uniform(low, high), self.r.choice([1, 3, 6]))

    def steps(self, flag: str, most: int) -> None:
        count = self.r.randint(1, most)
        self.work *= max(2, count)
        self.add(flag, count)


def random_command_line(seed: int) -> CommandLine:
    """One command line of bearable size."""
    r = random.Random(seed)
    while True:
        line = CommandLine(r, odd=seed % 2 == 1)
        groups = [detector_size, crystal, structure_factors, mosaic, spindle, beam, sources, detector, sensor, sampling]
        r.shuffle(groups)
        for group in groups:
            group(line)
        for group in (orientation, output, new_flags):
            group(line)
        if line.odd:
            line.words = odd(line.words, r)
        if line.work <= MOST_WORK and is_bearable(line):
            return line


def is_bearable(line: CommandLine) -> bool:
    """Whether what the port reads of a line is as little work as was meant; a line that is refused is."""
    if not line.odd:
        return True
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file, content in line.files.items():
            (Path(name) / file).write_bytes(content)
        try:
            experiment = Experiment.from_argv(line.words, name)
            prepared = Simulator(experiment, execution=EAGER).prepared
        except InputError:
            return True
    pixels = experiment.detector.pixels_fast * experiment.detector.pixels_slow
    return pixels <= MOST_PIXELS and prepared.steps * prepared.thick_steps <= MOST_WORK


def detector_size(line: CommandLine) -> None:
    """Size and pixels, given by flags, by an image's header, or by a mask's."""
    fast, slow = line.r.randint(4, 17), line.r.randint(4, 17)
    kind = line.r.random()
    pixel = line.r.choice([1, 2, 3.3])
    if kind < 0.7:
        line.add("-detpixels_x", fast, "-detpixels_y", slow, "-pixel", pixel, "-distance", line.number(40, 200))
    elif kind < 0.78:
        line.add("-detsize_f", fast * pixel, "-detsize_s", slow * pixel, "-pixel", pixel)
        line.add("-close_distance", line.number(40, 200))
    elif kind < 0.9:
        line.files["header.img"] = smv(line, fast, slow, pixel, np.zeros((slow, fast)))
        line.add("-img", "header.img")
        line.maybe(0.3, "-distance", line.number(40, 200))
    else:
        open_pixels = np.array([[line.chance(0.7) for _ in range(fast)] for _ in range(slow)])
        line.files["mask.img"] = smv(line, fast, slow, pixel, open_pixels)
        line.add("-mask", "mask.img")
        line.maybe(0.3, "-Xbeam", line.number(5, 30))


def smv(line: CommandLine, fast: int, slow: int, pixel: float, pixels: np.ndarray) -> bytes:
    """An SMV file whose header has some of the keywords that are read."""
    values = {"SIZE1": fast, "SIZE2": slow, "PIXEL_SIZE": pixel, "DISTANCE": line.number(60, 150)}
    optional = {
        "WAVELENGTH": line.number(0.8, 1.6),
        "BEAM_CENTER_X": line.number(5, 30),
        "BEAM_CENTER_Y": line.number(5, 30),
        "CLOSE_DISTANCE": line.number(60, 150),
        "ORGX": line.number(2, 10),
        "ORGY": line.number(2, 10),
        "PHI": line.number(-2, 2),
        "OSC_RANGE": line.number(0.5, 2),
        "TWOTHETA": line.number(0, 9),
    }
    values.update({key: value for key, value in optional.items() if line.chance(0.4)})
    if "OSC_RANGE" in values:
        line.work *= 2
    text = "".join(f"{key}={value};\n" for key, value in values.items())
    header = f"{{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n{text}}}\f"
    if line.odd and line.chance(0.7):
        header = odd_header(header, line.r)
    return header.encode().ljust(512) + pixels.astype("<u2").tobytes()


def crystal(line: CommandLine) -> None:
    if line.chance(0.25):
        numbers = [line.number(-0.03, 0.03) for _ in range(9)]
        line.files["made.mat"] = "\n".join(" ".join(map(str, numbers[i : i + 3])) for i in (0, 3, 6)).encode()
        line.add("-mat", "made.mat")
    if "-mat" not in line.words or line.chance(0.2):
        lengths = [line.number(18, 60) for _ in range(line.r.choice([1, 3, 3, 3]))]
        line.add("-cell", *lengths, *([line.number(75, 105) for _ in range(3)] if len(lengths) == 3 else []))
    if line.chance(0.3):
        line.add("-Na", line.r.randint(1, 9), "-Nb", line.r.randint(1, 9), "-Nc", line.r.randint(1, 9))
    else:
        line.maybe(0.9, "-N", line.r.randint(0, 9))
    line.maybe(0.3, line.r.choice(["-round_xtal", "-gauss_xtal", "-tophat_spots", "-binary_spots", "-square_xtal"]))
    line.maybe(0.2, "-fudge", line.number(0.3, 3))
    size = line.r.choice(["-xtalsize", "-samplesize", "-sample_x", "-xtal_width", "-sample_height", "-width"])
    line.maybe(0.15, size, f"{line.r.uniform(5e-6, 5e-5):.7f}")


def orientation(line: CommandLine) -> None:
    """After the crystal: what the seed's flag swallows must not be another flag's value by chance alone."""
    line.maybe(0.3, "-misset", *(line.number(-90, 90) for _ in range(3)))
    if line.chance(0.12):
        line.add("-misset_seed", line.r.randint(1, 99))
        line.add(
            *line.r.choice([("-misset", "random"), ("-nopgm", "-nonoise", "-noprogress"), ("-misset", "1", "2", "3")])
        )


def structure_factors(line: CommandLine) -> None:
    if line.chance(0.45):
        line.add("-default_F", line.number(1, 200))
        return
    reach = [line.r.randint(1, 7) for _ in range(6)]
    indices = [
        (h, k, l)
        for h in range(-reach[0], reach[1] + 1)
        for k in range(-reach[2], reach[3] + 1)
        for l in range(-reach[4], reach[5] + 1)
    ]
    kept = line.r.choice([1.0, 1.0, 0.2])
    rows = [f"{h} {k} {l} {line.number(0, 300)}" for h, k, l in indices if line.chance(kept)] or ["0 0 0 7"]
    line.files["made.hkl"] = ("\n".join(rows) + "\n").encode()
    line.add("-hkl", "made.hkl")
    line.maybe(0.4, "-default_F", line.number(1, 50))
    line.maybe(0.5, line.r.choice(["-interpolate", "-interpolate", "-nointerpolate"]))
    line.maybe(0.2, "-dump", "kept.bin")


def mosaic(line: CommandLine) -> None:
    if line.chance(0.3):
        line.add(line.r.choice(["-mosaic", "-mosaicity", "-mosaic_spread"]), line.number(0.1, 3))
        line.steps("-mosaic_domains", 5)
        line.maybe(0.5, "-mosaic_seed", line.r.randint(1, 999))


def spindle(line: CommandLine) -> None:
    if line.chance(0.4):
        return
    line.maybe(0.6, "-phi", line.r.choice([0, 0, -1, -0.5, 2, line.number(-3, 3)]))
    if line.chance(0.7):
        line.add("-osc", line.r.choice([1, 2, line.number(0.1, 4)]))
        line.work *= 2
    if line.chance(0.5):
        line.steps("-phisteps", 6)
    elif line.chance(0.4):
        line.add("-phistep", line.r.choice([0.25, 0.5, 1]))
        line.work *= 8
    line.maybe(0.3, "-spindle_axis", line.number(-1, 1), line.number(-1, 1), line.number(0.1, 1))


def beam(line: CommandLine) -> None:
    line.add(*line.r.choice([("-lambda", line.number(0.7, 2)), ("-wave", 1.3), ("-energy", line.number(7000, 15000))]))
    line.maybe(0.2, "-fluence", f"1e{line.r.randint(20, 30)}")
    if line.chance(0.15):
        line.add("-flux", "1e12", "-exposure", line.number(0.1, 2), "-beamsize", line.number(0.01, 0.2))
    line.maybe(0.2, "-polar", line.number(-1, 1))
    line.maybe(0.15, "-nopolar")
    line.maybe(0.1, "-beam_vector", 1, line.number(-0.3, 0.3), line.number(-0.3, 0.3))
    line.maybe(0.1, "-polar_vector", line.number(-0.5, 0.5), 1, line.number(-0.5, 0.5))


def sources(line: CommandLine) -> None:
    kind = line.r.random()
    if kind < 0.15:
        rows = [source_row(line) for _ in range(line.r.randint(1, 4))]
        line.work *= len(rows)
        line.files["made.sources"] = "\n".join([*rows, ""]).encode()
        line.add("-sourcefile", "made.sources")
    if 0.1 < kind < 0.5:
        for direction in ("hdiv", "vdiv"):
            line.maybe(0.5, f"-{direction}range", line.number(1, 9))
            if line.chance(0.4):
                line.steps(f"-{direction}steps", 4)
            elif line.chance(0.1):
                line.add(f"-{direction}step", line.number(2, 5))
                line.work *= 4
        line.maybe(0.2, "-divergence", line.number(1, 5))
        line.maybe(0.3, "-square_div")
        line.maybe(0.1, "-round_div")
        line.maybe(0.4, "-dispersion", line.number(0.5, 5))
        if line.chance(0.4):
            line.steps("-dispsteps", 3)


def source_row(line: CommandLine) -> str:
    """Up to five columns: a direction near the beam's, a weight, a wavelength in metres."""
    columns = [
        -10.0,
        line.number(-0.05, 0.05),
        line.number(-0.05, 0.05),
        line.number(0, 3),
        line.number(0.9, 1.1) * 1e-10,
    ]
    separator = line.r.choice([" ", "\t", ", ", ";"])
    return separator.join(str(value) for value in columns[: line.r.randint(1, 5)])


def detector(line: CommandLine) -> None:
    line.maybe(0.4, line.r.choice(["-adxv", "-xds", "-dials", "-denzo", "-mosflm"]))
    line.maybe(0.2, "-Xbeam", line.number(5, 30), "-Ybeam", line.number(5, 30))
    line.maybe(0.1, "-ORGX", line.number(3, 20), "-ORGY", line.number(3, 20))
    line.maybe(0.1, "-Xclose", line.number(3, 20), "-Yclose", line.number(3, 20))
    line.maybe(0.1, "-close_distance", line.number(50, 120))
    for axis in "xyz":
        line.maybe(0.2, f"-detector_rot{axis}", line.number(-20, 20))
    line.maybe(0.15, "-twotheta_axis", line.number(-1, 1), line.number(0.1, 1), 0)
    line.maybe(0.2, "-twotheta", line.number(-20, 20))
    line.maybe(0.15, "-pivot", line.r.choice(["sample", "beam"]))
    line.maybe(0.1, "-fdet_vector", line.number(-0.5, 0.5), line.number(-0.5, 0.5), 1)
    line.maybe(0.1, "-sdet_vector", line.number(-0.5, 0.5), -1, line.number(-0.5, 0.5))
    line.maybe(0.1, "-odet_vector", 1, line.number(-0.5, 0.5), line.number(-0.5, 0.5))
    line.maybe(0.05, "-pix0_vector_mm", 1, 2, 3)
    line.maybe(0.15, "-curved_det")
    line.maybe(0.15, "-point_pixel")


def sensor(line: CommandLine) -> None:
    if line.chance(0.25):
        line.maybe(0.8, "-detector_abs", line.r.choice([100, 300, "inf", 0]))
        line.maybe(0.8, "-detector_thick", line.number(50, 900))
        line.work *= 2
        if line.chance(0.8):
            line.steps(line.r.choice(["-detector_thicksteps", "-thicksteps"]), 4)


def sampling(line: CommandLine) -> None:
    oversample = line.r.choice([1, 1, 2, 3])
    line.work *= oversample * oversample
    line.add("-oversample", oversample)
    for factor in ("thick", "polar", "omega"):
        line.maybe(0.2, f"-oversample_{factor}")
    line.maybe(0.2, "-dmin", line.number(1.5, 6))
    line.maybe(0.2, "-water", line.number(0.01, 0.5))
    if line.chance(0.2):
        line.add("-roi", line.r.randint(-1, 3), line.r.randint(4, 20), line.r.randint(-1, 3), line.r.randint(4, 20))


def output(line: CommandLine) -> None:
    line.add("-seed", line.r.randint(1, 999))
    line.maybe(0.4, "-nonoise")
    line.maybe(0.4, "-nopgm")
    line.maybe(0.2, "-scale", line.number(0.01, 2))
    line.maybe(0.1, "-pgmscale", line.number(0.01, 2))
    line.maybe(0.2, "-adc", line.number(0, 99))
    line.maybe(0.1, "-intfile", "other.img")
    line.maybe(0.1, "-coherent", "-MW", 14300)


def new_flags(line: CommandLine) -> None:
    line.maybe(0.25, "-threads", line.r.randint(1, 4))
    kind = line.r.random()
    if kind < 0.25:
        line.add("-defects", "none")
    elif kind < 0.6:
        line.add("-defects", ",".join(name for name in DEFECTS if line.chance(0.6)) or "none")


@pytest.mark.parametrize("seed", seeds())
def test_both_programs_agree(seed: int, run_both: Callable[..., Any]) -> None:
    line = random_command_line(seed)
    image = run_both(line.words, (), line.files)
    pixels = computed_pixels(line.r, image) if image.port.exit_code == 0 else []
    both = run_both(line.words, pixels, line.files)
    try:
        both.assert_agree()
        both.assert_same_remarks()
    except AssertionError as difference:
        raise AssertionError(f"{difference}\n{' '.join(line.words)}\n{pixels}") from None


def computed_pixels(r: random.Random, both: Any) -> list[tuple[int, int]]:
    """Two of the pixels that are neither masked nor outside the region, as far as the image shows."""
    computed = np.argwhere(both.port.image(both.columns) != 0)
    chosen = [computed[r.randrange(len(computed))] for _ in range(2)] if len(computed) else []
    return sorted({(int(slow), int(fast)) for slow, fast in chosen})
