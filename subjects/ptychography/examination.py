"""What a file holds and what is wrong with it; which orientation of its positions explains the patterns."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.errors import InputError
from subjects.ptychography.contract import Reading, Scan, read_scan
from subjects.ptychography.iterative import Solver, solve

SWEEPS = 5
MOST_POSITIONS = 64
RIGHT_BY = 0.9
"""The identity is called right when its R is below this part of the next best."""

SYMMETRIC = 1e-6
"""A probe this near its transpose, relative to its maximum, says nothing about its axes."""


class Orientation(NamedTuple):
    """What is done to the positions, and to the probe, before the patterns are explained with them."""

    swap_xy: bool = False
    flip_x: bool = False
    flip_y: bool = False
    transposed_probe: bool = False


def examine(file: Path, *, orientations: bool, say: Callable[[str], None], reading: Reading | None = None) -> int:
    """Tell about a file; 0 when it can be used, 2 when it cannot, 1 when another orientation fits better."""
    with _told(say):
        try:
            scan = read_scan(file, reading)
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
    if not any(orientation.transposed_probe for orientation in found):
        say("the probe is its own transpose: the order of its axes makes no difference")
    as_it_is = Orientation()
    identity, others = found[as_it_is], [R for o, R in found.items() if o != as_it_is]
    if identity <= RIGHT_BY * min(others):
        say("positions and probe fit as they are")
        return 0
    if identity <= min(others):
        say("undecided: no orientation fits at least 10 % better than the others")
        return 0
    say(f"another orientation fits better; {remedy(min(found, key=lambda o: found[o]))}")
    return 1


def name_of(orientation: Orientation) -> str:
    """Its flags, and what was done to the probe."""
    words = [flag for flag, on in zip(("--swap-xy", "--flip-x", "--flip-y"), orientation, strict=False) if on]
    words += ["(probe transposed)"] if orientation.transposed_probe else []
    return " ".join(words) or "as it is"


def remedy(orientation: Orientation) -> str:
    """What to do when this one fits best."""
    flags = name_of(orientation._replace(transposed_probe=False))
    parts = [] if flags == name_of(Orientation()) else [f"pass {flags}"]
    if orientation.transposed_probe:
        parts.append("transpose probeGuess in the file: its axes are exchanged against those of the patterns")
    return " and ".join(parts)


def residuals_by_orientation(scan: Scan) -> dict[Orientation, float]:
    """R after a few rPIE sweeps on at most 64 neighbouring positions: 8 orientations of the positions, each also with
    the probe transposed unless that changes nothing."""
    order = np.argsort(np.hypot(scan.x_px - np.median(scan.x_px), scan.y_px - np.median(scan.y_px)), kind="stable")
    chosen = np.sort(order[:MOST_POSITIONS])
    probes = (False,) if _is_symmetric(scan.probe) else (False, True)
    found: dict[Orientation, float] = {}
    for transposed, swap, flip_x, flip_y in itertools.product(probes, *[(False, True)] * 3):
        orientation = Orientation(swap, flip_x, flip_y, transposed)
        x, y = oriented(scan.x_px, scan.y_px, orientation)
        probe = np.ascontiguousarray(scan.probe.swapaxes(1, 2)) if transposed else scan.probe
        turned = replace(scan, x_px=x, y_px=y, probe=probe, object=None)
        found[orientation] = solve(turned, Solver(SWEEPS, 0.1), chosen=chosen).residuals[-1]
    return found


def _is_symmetric(probe: np.ndarray) -> bool:
    """Whether every mode (modes, N, N) is its own transpose."""
    return bool(np.abs(probe - probe.swapaxes(1, 2)).max() <= SYMMETRIC * np.abs(probe).max())


def oriented(x: np.ndarray, y: np.ndarray, orientation: Orientation) -> tuple[np.ndarray, np.ndarray]:
    """The positions as ``--swap-xy --flip-x --flip-y`` make them."""
    x, y = (y, x) if orientation.swap_xy else (x, y)
    x = (x.min() + x.max()) - x if orientation.flip_x else x
    return x, (y.min() + y.max()) - y if orientation.flip_y else y
