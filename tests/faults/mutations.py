"""Tools of the fault corpus: one function of the port replaced by a broken one, wherever it is known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simulator.model.algebra import Vec
from simulator.model.lattice import SHAPES, Miller

PACKAGES = ("simulator", "subjects.nanobragg.replay")


@contextmanager
def patched(original: Any, replacement: Any) -> Iterator[None]:
    """Every module of the port and of its replays sees the replacement instead."""
    places: list[tuple[Any, str]] = [
        (module, name)
        for module_name, module in list(sys.modules.items())
        if module_name.startswith(PACKAGES)
        for name, value in list(vars(module).items())
        if value is original
    ]
    shapes = [name for name, value in SHAPES.items() if value is original]
    assert places, f"{original} is used nowhere"
    for module, name in places:
        setattr(module, name, replacement)
    for name in shapes:
        SHAPES[name] = replacement
    try:
        yield
    finally:
        for module, name in places:
            setattr(module, name, original)
        for name in shapes:
            SHAPES[name] = original


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and what should be said about it.

    Attributes:
        step: record and name of the step that is at fault; None: a problem of the log is to be reported.
        label: the cause that should be named, ``unknown`` where nothing fits.
        case: command line and pixel, by name.
        original, replacement: the function of the port that is broken (by a function of the original).
        log: or how the port's log is changed.
        problem: the kind of problem that should be reported.
    """

    name: str
    step: tuple[str, str] | None
    label: str
    case: str = "scan"
    original: Any = None
    replacement: Callable[[Any], Any] | None = None
    log: Callable[[str], str] | None = None
    problem: str | None = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The port with the fault in it."""
        if self.original is None or self.replacement is None:
            yield
            return
        with patched(self.original, self.replacement(self.original)):
            yield


# ---- what may go wrong with a result ----------------------------------------------------------------------------


def result(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function whose result is changed."""

    def broken(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: change(original(*args, **kwargs))

    return broken


def arguments(change: Callable[..., tuple[Any, ...]]) -> Callable[[Any], Any]:
    """The function that is called with changed arguments."""

    def broken(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: original(*change(*args))

    return broken


def each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The change made to a number or to each component."""
    if isinstance(value, Vec | Miller):
        return type(value)(*(change(part) for part in value))
    return change(value)


def times(factor: float) -> Callable[[Any], Any]:
    """Multiplied by a number."""
    return result(lambda value: each(value, lambda part: part * factor))


def as_float32(value: Any) -> Any:
    """Rounded to 32 bits."""
    if isinstance(value, Tensor):
        return value.to(torch.float32).to(torch.float64)
    return float(np.float32(value))


NEGATED = times(-1.0)
IN_32_BITS = result(lambda value: each(value, as_float32))


def reordered(*order: int) -> Callable[[Any], Any]:
    """Components in another order."""
    return result(lambda value: type(value)(*(value[i] for i in order)))


# ---- what may go wrong with a log -------------------------------------------------------------------------------


def on_line(start: str, change: Callable[[str], str], number: int = 0) -> Callable[[str], str]:
    """The change made to one of the lines that start so."""

    def changed(text: str) -> str:
        lines = text.split("\n")
        at = [i for i, line in enumerate(lines) if line.startswith(start)][number]
        lines[at] = change(lines[at])
        return "\n".join(lines)

    return changed


def value_of(name: str, change: Callable[[str], str]) -> Callable[[str], str]:
    """The change made to one value of a line: ``name=value`` or ``TRACE_PY: name value``."""

    def changed(line: str) -> str:
        if line.startswith("TRACE_PY: "):
            head, key, value = line.split(" ", 2)
            return f"{head} {key} {change(value)}"
        words = line.split(" ")
        at = next(i for i, word in enumerate(words) if word.startswith(f"{name}="))
        words[at] = f"{name}={change(words[at].partition('=')[2])}"
        return " ".join(words)

    return changed


def number(change: Callable[[float], float]) -> Callable[[str], str]:
    """The change made to every number of a value."""

    def changed(text: str) -> str:
        separator = "," if "," in text else " "
        return separator.join(f"{change(float(part)):.17g}" for part in text.split(separator))

    return changed


def components(change: Mapping[int, int]) -> Callable[[str], str]:
    """Component i is what component change[i] was."""

    def changed(text: str) -> str:
        separator = "," if "," in text else " "
        parts = text.split(separator)
        return separator.join(parts[change.get(i, i)] for i in range(len(parts)))

    return changed
