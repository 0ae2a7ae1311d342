"""What a file holds and what is wrong with it; which orientation of its positions explains the patterns."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from subjects.ptychography.contract import Scan, read_scan
from subjects.ptychography.iterative import Solver, solve

SWEEPS = 5
MOST_POSITIONS = 64
RIGHT_BY = 0.9
"""The identity is called right when its R is below this part of the next best."""

Orientation = tuple[bool, bool, bool]


def examine(file: Path, *, orientations: bool, say: Callable[[str], None]) -> int:
    """Tell about a file; 0 when it can be used, 2 when it cannot, 1 when another orientation fits better."""
    with _told(say):
        try:
            scan = read_scan(file)
        except InputError as error:
            say(f"refused: {error}")
            return 2
    say(f"{scan.n_positions} patterns of {scan.patch_px} x {scan.patch_px}, {len(scan.probe)} probe mode(s)")
    say(f"counts: mean {scan.counts.sum(axis=(1, 2)).mean():.6g} per pattern, largest {scan.counts.max():.6g}")
    say(f"positions: x {scan.x_px.min():g} to {scan.x_px.max():g}, y {scan.y_px.min():g} to {scan.y_px.max():g}")
    say("object: none" if scan.object is None else f"object: {scan.object.shape[0]} x {scan.object.shape[1]}")
    return _try_orientations(scan, say) if orientations else 0


@contextmanager
def _told(say: Callable[[str], None]) -> Iterator[None]:
    """What the reader logs, as lines."""
    handler = logging.Handler()
    handler.emit = lambda record: say(f"{record.levelname.lower()}: {record.getMessage()}")  # type: ignore[method-assign]
    logger = logging.getLogger("ptychography.data")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _try_orientations(scan: Scan, say: Callable[[str], None]) -> int:
    found = residuals_by_orientation(scan)
    for orientation, R in sorted(found.items(), key=lambda item: item[1]):
        say(f"R {R:.4f}  {name_of(orientation)}")
    identity, others = found[False, False, False], [R for o, R in found.items() if any(o)]
    if identity <= RIGHT_BY * min(others):
        say("the positions fit as they are")
        return 0
    if identity <= min(others):
        say("undecided: no orientation fits at least 10 % better than the others")
        return 0
    say(f"another orientation fits better; pass {name_of(min(found, key=lambda o: found[o]))}")
    return 1


def name_of(orientation: Orientation) -> str:
    """Its flags."""
    words = [flag for flag, on in zip(("--swap-xy", "--flip-x", "--flip-y"), orientation, strict=True) if on]
    return " ".join(words) or "as it is"


def residuals_by_orientation(scan: Scan) -> dict[Orientation, float]:
    """R after a few rPIE sweeps on at most 64 neighbouring positions, for each of the 8 orientations."""
    order = np.argsort(np.hypot(scan.x_px - np.median(scan.x_px), scan.y_px - np.median(scan.y_px)), kind="stable")
    chosen = np.sort(order[:MOST_POSITIONS])
    found: dict[Orientation, float] = {}
    for swap, flip_x, flip_y in itertools.product((False, True), repeat=3):
        orientation = swap, flip_x, flip_y
        x, y = oriented(scan.x_px, scan.y_px, orientation)
        turned = replace(scan, x_px=x, y_px=y, object=None)
        found[orientation] = solve(turned, Solver(SWEEPS, 0.1), chosen=chosen).residuals[-1]
    return found


def oriented(x: np.ndarray, y: np.ndarray, orientation: Orientation) -> tuple[np.ndarray, np.ndarray]:
    """The positions as ``--swap-xy --flip-x --flip-y`` make them."""
    swap, flip_x, flip_y = orientation
    x, y = (y, x) if swap else (x, y)
    return (x.min() + x.max()) - x if flip_x else x, (y.min() + y.max()) - y if flip_y else y
