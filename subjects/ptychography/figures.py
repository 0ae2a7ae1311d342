"""Pictures of an object: amplitude in grey, phase on a cyclic map over a whole turn, what is not covered light grey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from subjects.ptychography.inference import Reconstruction
from subjects.ptychography.metrics import Metrics, aligned_phase
from subjects.ptychography.writing import whole

DPI = 150
UNCOVERED = "#dddddd"
TRUSTED = "#e0a100"
PERCENTILES = (1.0, 99.0)
MARGIN_PX = 2
CYCLIC, PLAIN = "twilight", "viridis"
AMPLITUDE, PHASE = "amplitude", "phase (rad)"


def draw(
    found: Reconstruction, folder: Path, phase_limits: tuple[float | None, float | None] = (None, None)
) -> list[Path]:
    """Write reconstructed_amplitude.png and reconstructed_phase.png; their paths."""
    amplitude, phase = np.abs(found.object), np.angle(found.object)
    low, high = np.percentile(amplitude[found.covered], PERCENTILES)
    vmin, vmax = (
        given if given is not None else limit for given, limit in zip(phase_limits, (-np.pi, np.pi), strict=True)
    )
    paths = [folder / f"reconstructed_{name}.png" for name in ("amplitude", "phase")]
    _single(paths[0], found, amplitude, AMPLITUDE, "gray", low, high)
    _single(paths[1], found, phase, PHASE, colours_of_phase(vmin, vmax), vmin, vmax)
    return paths


def colours_of_phase(low: float, high: float) -> str:
    """A cyclic map over a whole turn; over less of it a plain one, since a cyclic one shows both ends alike."""
    return CYCLIC if high - low >= 2 * np.pi - 1e-6 else PLAIN


def draw_comparison(found: Reconstruction, truth: np.ndarray, folder: Path, metrics: Metrics) -> Path:
    """Write comparison.png: reconstruction, truth and difference of amplitude and phase, over the trusted pixels.

    What no measurement can tell (scale, global phase, phase ramp) is taken out, as the metrics do.
    """
    box = _box_of(found.mask)
    mask, true = found.mask[box], truth[box]
    aligned = (aligned_phase(found.object, truth, found.mask) * metrics.scale)[box]
    a, t, turned = np.abs(aligned), np.abs(true), np.angle(aligned * true.conj())
    low, high = np.percentile(t[mask], PERCENTILES)
    bottom, top = _phase_limits(np.angle(true)[mask])
    spread, reach = (max(float(np.abs(v[mask]).max()), 1e-6) for v in (a - t, turned))
    colours = colours_of_phase(bottom, top)
    panels = (
        (a, "amplitude, reconstructed", AMPLITUDE, "gray", low, high),
        (t, "amplitude, truth", AMPLITUDE, "gray", low, high),
        (a - t, "reconstructed - truth", AMPLITUDE, "RdBu", -spread, spread),
        (np.angle(aligned), "phase, reconstructed", PHASE, colours, bottom, top),
        (np.angle(true), "phase, truth", PHASE, colours, bottom, top),
        (turned, "reconstructed - truth", PHASE, "RdBu", -reach, reach),
    )  # fmt: skip
    figure, axes = _figure(2, 3)
    for ax, (values, title, unit, colour_map, lowest, highest) in zip(axes.flat, panels, strict=True):
        _panel(figure, ax, values, mask, colour_map, lowest, highest, unit)
        ax.set_title(title, fontsize=9)
    figure.supxlabel(_said_of(metrics), fontsize=9)
    path = folder / "comparison.png"
    _save(figure, path)
    return path


def _said_of(metrics: Metrics) -> str:
    pearson = "" if metrics.pearson is None else f", Pearson {metrics.pearson:.3f}"
    return (
        f"mean absolute error: amplitude {metrics.amplitude_mae:.4f}, phase {metrics.phase_mae:.4f} rad{pearson}; "
        f"{metrics.pixels} pixels compared, others grey; scale, global phase and phase ramp fitted"
    )


def _box_of(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that hold the mask, and a margin around it."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    down, across = (slice(max(int(v[0]) - MARGIN_PX, 0), int(v[-1]) + MARGIN_PX + 1) for v in (rows, cols))
    return down, across


def _phase_limits(phases: np.ndarray) -> tuple[float, float]:
    """Those of the truth where it stays well within a turn, else the whole turn."""
    low, high = (float(v) for v in (phases.min(), phases.max()))
    return (low, high) if 1e-6 < high - low < np.pi else (-np.pi, np.pi)


def _single(
    path: Path, found: Reconstruction, values: np.ndarray, unit: str, colours: str, low: float, high: float
) -> None:
    figure, axes = _figure(1, 1)
    ax = axes.flat[0]
    _panel(figure, ax, values, found.covered, colours, low, high, unit)
    if 0 < found.mask.sum() < found.mask.size:
        ax.contour(found.mask.astype(float), [0.5], colors=TRUSTED, linewidths=0.8)
    rows, cols = values.shape
    figure.supxlabel(
        f"{cols} x {rows} object pixels; trust what is inside the line: a tenth of the most light or more", fontsize=7
    )
    _save(figure, path)


def _figure(rows: int, cols: int) -> tuple[Any, np.ndarray]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * cols, 4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, np.atleast_2d(figure.subplots(rows, cols))


def _panel(
    figure: Any, ax: Any, values: np.ndarray, covered: np.ndarray, colours: str, low: float, high: float, unit: str
) -> None:
    from matplotlib import colormaps

    colour_map = colormaps[colours].with_extremes(bad=UNCOVERED)
    shown = np.ma.masked_array(values, ~covered)
    image = ax.imshow(shown, cmap=colour_map, vmin=low, vmax=high, origin="upper", aspect="equal", interpolation="none")
    ax.set_axis_off()
    figure.colorbar(image, ax=ax, shrink=0.85, label=unit)


def _save(figure: Any, path: Path) -> None:
    with whole(path) as partial:
        figure.savefig(partial, dpi=DPI, format="png", metadata={"Software": None})
