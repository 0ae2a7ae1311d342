"""Pictures of an object: amplitude in grey, phase on a cyclic map, what is not covered in light grey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from subjects.ptychography.inference import Reconstruction
from subjects.ptychography.metrics import aligned_phase

DPI = 150
UNCOVERED = "#dddddd"
PERCENTILES = (1.0, 99.0)


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
    _single(paths[0], amplitude, found.covered, "gray", low, high)
    _single(paths[1], phase, found.covered, "twilight", vmin, vmax)
    return paths


def draw_comparison(found: Reconstruction, truth: np.ndarray, folder: Path) -> Path:
    """Write comparison.png: reconstruction, truth and difference of amplitude and phase, over the trusted pixels."""
    mask = found.mask
    aligned = aligned_phase(found.object, truth, mask)
    a, t = np.abs(aligned), np.abs(truth)
    a = a * (a[mask] * t[mask]).sum() / (a[mask] ** 2).sum()
    turned = np.angle(aligned * truth.conj())
    low, high = np.percentile(t[mask], PERCENTILES)
    reach = max(float(np.abs(turned[mask]).max()), 1e-6)
    spread = max(float(np.abs(a - t)[mask].max()), 1e-6)
    figure, axes = _figure(2, 3)
    panels = (
        (a, "amplitude", "gray", low, high), (t, "truth", "gray", low, high),
        (a - t, "difference", "RdBu", -spread, spread),
        (np.angle(aligned), "phase", "twilight", -np.pi, np.pi), (np.angle(truth), "truth", "twilight", -np.pi, np.pi),
        (turned, "difference", "RdBu", -reach, reach),
    )  # fmt: skip
    for ax, (values, title, colours, lowest, highest) in zip(axes.flat, panels, strict=True):
        _panel(figure, ax, values, mask, colours, lowest, highest)
        ax.set_title(title, fontsize=9)
    path = folder / "comparison.png"
    _save(figure, path)
    return path


def _single(path: Path, values: np.ndarray, covered: np.ndarray, colours: str, low: float, high: float) -> None:
    figure, axes = _figure(1, 1)
    _panel(figure, axes.flat[0], values, covered, colours, low, high)
    _save(figure, path)


def _figure(rows: int, cols: int) -> tuple[Any, np.ndarray]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * cols, 4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, np.atleast_2d(figure.subplots(rows, cols))


def _panel(
    figure: Any, ax: Any, values: np.ndarray, covered: np.ndarray, colours: str, low: float, high: float
) -> None:
    from matplotlib import colormaps

    colour_map = colormaps[colours].with_extremes(bad=UNCOVERED)
    shown = np.ma.masked_array(values, ~covered)
    image = ax.imshow(shown, cmap=colour_map, vmin=low, vmax=high, origin="upper", aspect="equal", interpolation="none")
    ax.set_axis_off()
    figure.colorbar(image, ax=ax, shrink=0.85)


def _save(figure: Any, path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    figure.savefig(partial, dpi=DPI, format="png", metadata={"Software": None})
    partial.replace(path)
