"""A picture of two images and their signed difference, side by side, with scales."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure

from compare.imaging.comparison import ImageComparison
from compare.writing import write_whole

DECADES = 6  # of intensity, and of difference either way, below the largest
MISSING_COLOUR = "#808080"


def draw(a: np.ndarray, b: np.ndarray, comparison: ImageComparison, path: Path) -> None:
    """Write a PNG: A and B on one logarithmic scale, B - A on a symmetric one. Raises ``InputError``.

    Images of different sizes are drawn without a difference. The file appears whole or not at all.
    """
    rows, columns = _region(comparison)
    parts = [a[rows, columns].astype(np.float64), b[rows, columns].astype(np.float64)]
    figure = Figure(figsize=(15, 5.2), layout="constrained")  # no pyplot: no display, no global state
    axes = figure.subplots(1, 3)
    norm = _log_norm(parts)
    for axis, pixels, title in zip(axes, parts, ("A (reference)", "B"), strict=False):
        _panel(axis, pixels, norm, "viridis", title, comparison, "pixel value")
    if parts[0].shape == parts[1].shape:
        with np.errstate(invalid="ignore"):
            difference = parts[1] - parts[0]
        _panel(axes[2], difference, _signed_norm(difference), "RdBu_r", "B − A", comparison, "B − A")
    else:
        axes[2].set_axis_off()
        axes[2].text(0.5, 0.5, "the sizes differ", ha="center", va="center")
    figure.suptitle(f"{comparison.verdict.value}: A {_name(comparison.a.path)}, B {_name(comparison.b.path)}")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110)
    write_whole(path, png.getvalue())


def _panel(
    axis: Axes,
    pixels: np.ndarray,
    norm: Normalize,
    colours: str,
    title: str,
    comparison: ImageComparison,
    unit: str,
) -> None:
    slow0, _, fast0, _ = comparison.roi or (0, 0, 0, 0)
    slow, fast = pixels.shape
    extent = (fast0 - 0.5, fast0 + fast - 0.5, slow0 + slow - 0.5, slow0 - 0.5)
    shown = axis.imshow(pixels, norm=norm, cmap=colours, extent=extent, interpolation="nearest")
    axis.set_facecolor(MISSING_COLOUR)
    axis.set(title=title, xlabel="fast (pixels)", ylabel="slow (pixels)")
    assert axis.figure is not None
    ticks = _signed_ticks(norm) if isinstance(norm, SymLogNorm) else None
    axis.figure.colorbar(shown, ax=axis, label=unit, shrink=0.85, ticks=ticks)


def _log_norm(parts: list[np.ndarray]) -> Normalize:
    positive = np.concatenate([pixels[np.isfinite(pixels) & (pixels > 0)] for pixels in parts])
    if not positive.size:
        return Normalize(0.0, 1.0)
    high = float(positive.max())
    low = max(float(positive.min()), high * 10.0**-DECADES)
    return LogNorm(low, high, clip=True) if low < high else Normalize(0.0, high)


def _signed_norm(difference: np.ndarray) -> Normalize:
    """Symmetric about zero, linear for the smallest differences, logarithmic beyond."""
    magnitudes = np.abs(difference[np.isfinite(difference) & (difference != 0)])
    if not magnitudes.size:
        return Normalize(-1.0, 1.0)
    high = float(magnitudes.max())
    linear = max(float(magnitudes.min()), high * 10.0**-DECADES)
    if linear >= high:
        return Normalize(-high, high)
    return SymLogNorm(linear, vmin=-high, vmax=high)


def _signed_ticks(norm: SymLogNorm) -> list[float]:
    """Zero and every second decade either way; the default labels run into each other at zero."""
    assert norm.vmax is not None
    top = math.floor(math.log10(norm.vmax))
    decades = [10.0**power for power in range(top, top - DECADES + 1, -2)]
    return [*(-decade for decade in decades), 0.0, *reversed(decades)]


def _region(comparison: ImageComparison) -> tuple[slice, slice]:
    if comparison.roi is None:
        return slice(None), slice(None)
    return slice(*comparison.roi[:2]), slice(*comparison.roi[2:])


def _name(path: str) -> str:
    return Path(path).name.replace("$", r"\$")  # matplotlib reads dollars as mathematics
