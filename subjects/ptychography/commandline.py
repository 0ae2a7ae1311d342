"""The words that both programs read: flags in any order, the later wins."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from subjects.ptychography.defects import Defects
from subjects.ptychography.mutations import require_known
from subjects.ptychography.steps import INTERPOLATIONS, Interpolation
from subjects.ptychography.stitching import PUBLISHED_CROP, WEIGHTINGS, Weighting

NOTHING_TO_COMPUTE = 9


@dataclass(frozen=True)
class Command:
    """A parsed command line. ``seed`` is as stored: minus the number given. ``mutations`` are the port's alone."""

    scan: Path | None = None
    interpolation: Interpolation = "bilinear"
    outside_zero: bool = False
    nphotons: float = 0.0
    noise: Path | None = None
    seed: int = -1
    image: Path | None = None
    stitch: Path | None = None
    patches: Path | None = None
    weighting: Weighting = "probe"
    crop: int = PUBLISHED_CROP
    chosen: tuple[int, ...] | None = None
    traced: tuple[tuple[int, int, int], ...] = ()
    traced_canvas: tuple[tuple[int, int], ...] = ()
    defects: Defects = field(default_factory=Defects)
    gauge: bool = True
    case: str = "none"
    mutations: tuple[str, ...] = ()

    @property
    def images_wanted(self) -> bool:
        return self.image is not None or self.noise is not None


Words = Iterator[str]
Reader = Callable[[Command, Words, str], dict[str, Any]]


def parse(argv: Sequence[str]) -> Command:
    """The command line's meaning.

    Raises:
        InputError: an unknown word (with the nearest flag), a value that cannot be read, no scan; exit code 9 when
            nothing is to be computed.
    """
    command, words = Command(), iter(argv)
    for word in words:
        reader = FLAGS.get(word)
        if reader is None:
            near = difflib.get_close_matches(word, FLAGS, n=1, cutoff=0.0)
            raise InputError(f"'{word[:80]}' is not known here; the nearest flag is {near[0]}")
        command = replace(command, **reader(command, words, word))
    if not (command.images_wanted or command.stitch or command.traced or command.traced_canvas):
        raise InputError(
            "nothing to compute; give -image, -noise, -stitch, -trace or -trace_canvas", exit_code=NOTHING_TO_COMPUTE
        )
    if command.scan is None:
        raise InputError("-scan FILE is needed")
    return command


# ------------------------------------------------------------------------------------------------------------- values


def _word(words: Words, flag: str, needs: str) -> str:
    found = next(words, None)
    if found is None:
        raise InputError(f"{flag} needs {needs} after it")
    return found


def _choice(words: Words, flag: str, choices: Sequence[str]) -> str:
    word = _word(words, flag, "a word")
    if word not in choices:
        raise InputError(f"{flag} does not know '{word[:80]}'; it takes {', '.join(choices)}")
    return word


def _integer(words: Words, flag: str, low: int) -> int:
    word = _word(words, flag, "a whole number")
    if not word.isascii() or not word.isdigit() or not low <= int(word) < 2**31:
        raise InputError(f"{flag} needs a whole number of at least {low}, not '{word[:80]}'")
    return int(word)


def _positive(words: Words, flag: str) -> float:
    word = _word(words, flag, "a positive number")
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{flag} needs a positive number, not '{word[:80]}'")
    return value


def _positions(words: Words, flag: str) -> tuple[int, ...]:
    text = _word(words, flag, "positions separated by commas")
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError(f"{flag} needs positions separated by commas, not '{text[:80]}'")
    return tuple(int(part) for part in parts)


def _path(name: str) -> Reader:
    return lambda command, words, flag: {name: Path(_word(words, flag, "a name"))}


FLAGS: dict[str, Reader] = {
    "-scan": _path("scan"),
    "-interp": lambda c, w, f: {"interpolation": _choice(w, f, INTERPOLATIONS)},
    "-outside": lambda c, w, f: {"outside_zero": _choice(w, f, ("error", "zero")) == "zero"},
    "-nphotons": lambda c, w, f: {"nphotons": _positive(w, f)},
    "-noise": _path("noise"),
    "-seed": lambda c, w, f: {"seed": -_integer(w, f, 0)},
    "-image": _path("image"),
    "-stitch": _path("stitch"),
    "-patches": _path("patches"),
    "-weights": lambda c, w, f: {"weighting": _choice(w, f, WEIGHTINGS)},
    "-crop": lambda c, w, f: {"crop": _integer(w, f, 1)},
    "-positions": lambda c, w, f: {"chosen": _positions(w, f)},
    "-trace": lambda c, w, f: {"traced": (*c.traced, (_integer(w, f, 0), _integer(w, f, 0), _integer(w, f, 0)))},
    "-trace_canvas": lambda c, w, f: {"traced_canvas": (*c.traced_canvas, (_integer(w, f, 0), _integer(w, f, 0)))},
    "-mode": lambda c, w, f: {"defects": Defects.of_mode(_choice(w, f, ("c-parity", "spec")))},
    "-defects": lambda c, w, f: {"defects": Defects.parse(_word(w, f, "all, none or names"))},
    "-no_gauge": lambda c, w, f: {"gauge": False},
    "-case": lambda c, w, f: {"case": _word(w, f, "a name")},
    "--mutation": lambda c, w, f: {
        "mutations": (*c.mutations, require_known(_word(w, f, "the name of a planted fault")))
    },
}

ROLES: dict[str, tuple[int, str]] = {
    "-scan": (1, "input"),
    "-interp": (1, "value"),
    "-outside": (1, "value"),
    "-nphotons": (1, "value"),
    "-noise": (1, "output"),
    "-seed": (1, "value"),
    "-image": (1, "output"),
    "-stitch": (1, "output"),
    "-patches": (1, "input"),
    "-weights": (1, "value"),
    "-crop": (1, "count"),
    "-positions": (1, "value"),
    "-trace": (3, "value"),
    "-trace_canvas": (2, "value"),
    "-mode": (1, "switch"),
    "-defects": (1, "switch"),
    "-no_gauge": (0, "value"),
    "-case": (1, "value"),
    "--mutation": (1, "value"),
}
"""How many words each flag takes and what they are for."""
