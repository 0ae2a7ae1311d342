"""Two logs to compare: the same evaluations, every float of the second about five ulps from the first's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

ULPS_APART = 5
BLOCK = 50_000
PHI_STEPS = 1000
HEADER = "TRACE_C: trace_format 1\nTRACE_C: pixel 10 20\n"
CLOSING = "TRACE_C: I_before_scaling {I:.17g}\nTRACE_C: I_pixel_final {final:.17g}\n"
LINE = (
    "TRACE_C_DOMAIN thick_tic=0 sub_s=0 sub_f=0 source=0 phi_tic=%d mos_tic=%d "
    "hkl_frac=%.17g,%.17g,%.17g hkl_rounded=%d,%d,%d F_latt=%.17g F_cell=%.17g I_running=%.17g\n"
)


def write_logs(folder: Path, lines: int) -> tuple[Path, Path]:
    """Write both logs of so many DOMAIN lines, as older builds print them; the same bytes every time.

    Both name the same side, so that a program which knows nothing of traces finds differing numbers only.
    """
    paths = folder / "a.log", folder / "b.log"
    rng = np.random.default_rng(20240607)
    with paths[0].open("w", encoding="ascii") as a, paths[1].open("w", encoding="ascii") as b:
        I = 0.0
        for file in (a, b):
            file.write(HEADER)
        for start in range(0, lines, BLOCK):
            floats = _evaluations(rng, min(BLOCK, lines - start), I)
            I = float(floats[-1, -1])
            rounded = np.rint(floats[:, :3]).astype(int)
            for file, values in ((a, floats), (b, moved(floats, rng))):
                file.writelines(_lines(start, values, rounded))
        for file in (a, b):
            file.write(CLOSING.format(I=I, final=I * 1e-7))
    return paths


def moved(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every float some ulps up or down: ``ULPS_APART``, give or take two."""
    steps = rng.integers(ULPS_APART - 2, ULPS_APART + 3, values.shape) * rng.choice([-1, 1], values.shape)
    return (values.view(np.int64) + steps).view(np.float64)


def _evaluations(rng: np.random.Generator, count: int, I: float) -> np.ndarray:
    """(count, 6): h, k, l, F_latt, F_cell, I_running."""
    hkl = rng.uniform(-20, 20, (count, 3))
    F_latt, F_cell = rng.normal(0.0, 100.0, count), rng.uniform(1.0, 300.0, count)
    running = I + np.cumsum(F_cell * F_cell * F_latt * F_latt)
    return np.column_stack([hkl, F_latt, F_cell, running])


def _lines(start: int, floats: np.ndarray, rounded: np.ndarray) -> list[str]:
    rows = zip(floats.tolist(), rounded.tolist(), strict=True)
    return [
        LINE % ((start + i) // PHI_STEPS, (start + i) % PHI_STEPS, *values[:3], *nearest, *values[3:])
        for i, (values, nearest) in enumerate(rows)
    ]
