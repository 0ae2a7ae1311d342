"""How far a reconstruction is from the truth, and how well it explains the measurement.

What no measurement can tell (a global phase, a phase ramp, the scale against the probe's) is taken out first.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from simulator.errors import InputError

FLAT = 1e-3
"""An amplitude whose standard deviation is below this part of its mean is flat."""
MASK_PART = 0.1
ALIGNMENTS = ("plane", "mean")
SSIM_WINDOW = 7


@dataclass(frozen=True)
class Metrics:
    """Errors over the mask, after alignment; None where a figure would mean nothing."""

    amplitude_mae: float
    phase_mae: float
    nrmse: float
    amplitude_psnr_db: float
    phase_psnr_db: float
    pearson: float | None
    amplitude_ssim: float | None
    phase_ssim: float | None
    frc_half: float | None
    frc_seventh: float | None
    scale: float
    raw_amplitude_ratio: float
    pixels: int

    def as_dict(self) -> dict[str, float | int | None]:
        """For a file."""
        return asdict(self)


def mask_of(den: np.ndarray) -> np.ndarray:
    """Where a stitched object is to be trusted: its weight is above a tenth of the largest."""
    return den > MASK_PART * den.max()


def compare_objects(found: np.ndarray, truth: np.ndarray, mask: np.ndarray, alignment: str = "plane") -> Metrics:
    """All metrics of an object (rows, cols) against the truth of the same frame.

    Raises:
        InputError: shapes differ or the mask is empty.
    """
    if found.shape != truth.shape or mask.shape != truth.shape:
        raise InputError(
            f"the object has {found.shape}, the truth {truth.shape}, the mask {mask.shape}; they must agree"
        )
    if not mask.any() or not np.abs(found[mask]).any():
        raise InputError("nothing of the object is covered, or it is zero; there is nothing to compare")
    aligned = aligned_phase(found, truth, mask, alignment)
    a, b = np.abs(aligned[mask]), np.abs(truth[mask])
    scale = float((a * b).sum() / (a * a).sum())
    aligned = aligned * scale
    apart, o, t = scale * a - b, aligned[mask], truth[mask]
    angles = np.angle(o * t.conj())
    flat = a.std() < FLAT * a.mean() or b.std() < FLAT * b.mean()
    box = largest_rectangle(mask)
    return Metrics(
        amplitude_mae=float(np.abs(apart).mean()),
        phase_mae=float(np.abs(angles).mean()),
        nrmse=float(np.linalg.norm(o - t) / np.linalg.norm(t)),
        amplitude_psnr_db=_psnr(b.max(), apart),
        phase_psnr_db=_psnr(2 * math.pi, angles),
        pearson=None if flat else float(np.corrcoef(a, b)[0, 1]),
        amplitude_ssim=_ssim_in(np.abs(aligned), np.abs(truth), box, float(np.ptp(b))),
        phase_ssim=_ssim_in(_unit_phase(aligned), _unit_phase(truth), box, 1.0),
        frc_half=None if flat else _frc_in(aligned, truth, box, 1 / 2),
        frc_seventh=None if flat else _frc_in(aligned, truth, box, 1 / 7),
        scale=scale,
        raw_amplitude_ratio=float(np.abs(found[mask]).mean() / b.mean()),
        pixels=int(mask.sum()),
    )


def is_collapsed(found: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the amplitude is flat over the mask, as a network that learned nothing makes it."""
    a = np.abs(found[mask])
    return bool(a.std() < FLAT * a.mean())


def _psnr(largest: float, errors: np.ndarray) -> float:
    rms = float(np.sqrt((errors**2).mean()))
    return 20 * math.log10(largest / rms) if rms > 0 else math.inf


def _unit_phase(values: np.ndarray) -> np.ndarray:
    phases: np.ndarray = (np.angle(values) + math.pi) / (2 * math.pi)
    return phases


# ---------------------------------------------------------------------------------------------------------- alignment


def aligned_phase(found: np.ndarray, truth: np.ndarray, mask: np.ndarray, alignment: str = "plane") -> np.ndarray:
    """The object without its global phase and (plane) without its phase ramp against the truth.

    The angle of the product is fitted: subtracting planes from two wrapped maps fails at the first wrap.
    """
    if alignment not in ALIGNMENTS:
        raise InputError(f"phase alignment must be one of {', '.join(ALIGNMENTS)}; got {alignment!r}")
    y, x = np.nonzero(mask)
    design = np.stack([x, y, np.ones_like(x)], axis=1).astype(float)
    rows, cols = np.indices(mask.shape)
    for _ in range(5):
        q = (found * truth.conj())[mask]
        total = q.sum()
        found = found * np.conj(total / abs(total)) if abs(total) > 0 else found
        if alignment == "mean":
            continue
        q = (found * truth.conj())[mask]
        weight = np.sqrt(np.abs(q))
        plane, *_ = np.linalg.lstsq(design * weight[:, None], np.angle(q) * weight, rcond=None)
        found = found * np.exp(-1j * (plane[0] * cols + plane[1] * rows + plane[2]))
    return found


def largest_rectangle(mask: np.ndarray) -> tuple[slice, slice]:
    """The largest rectangle of True, by the heights of columns above each row."""
    heights, best, box = np.zeros(mask.shape[1], int), 0, (slice(0, 0), slice(0, 0))
    for row in range(mask.shape[0]):
        heights = np.where(mask[row], heights + 1, 0)
        stack: list[tuple[int, int]] = []
        for col, height in enumerate([*heights.tolist(), 0]):
            start = col
            while stack and stack[-1][1] >= height:
                start, tall = stack.pop()
                if tall * (col - start) > best:
                    best, box = tall * (col - start), (slice(row - tall + 1, row + 1), slice(start, col))
            stack.append((start, height))
    return box


# -------------------------------------------------------------------------------------------------------- SSIM and FRC


def ssim(a: np.ndarray, b: np.ndarray, data_range: float) -> float:
    """Structural similarity: 7 x 7 uniform window, sample covariance, K1 0.01, K2 0.03; the mean of whole windows."""
    windows = [np.lib.stride_tricks.sliding_window_view(v, (SSIM_WINDOW, SSIM_WINDOW)) for v in (a, b)]
    n = SSIM_WINDOW**2
    mean_a, mean_b = (w.mean(axis=(2, 3)) for w in windows)
    var_a, var_b = (w.var(axis=(2, 3)) * n / (n - 1) for w in windows)
    covariance = ((windows[0] * windows[1]).mean(axis=(2, 3)) - mean_a * mean_b) * n / (n - 1)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _ssim_in(a: np.ndarray, b: np.ndarray, box: tuple[slice, slice], data_range: float) -> float | None:
    if min(a[box].shape) < SSIM_WINDOW or data_range <= 0:
        return None
    return ssim(a[box], b[box], data_range)


def frc(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Fourier ring correlation of two complex squares under a Hann window, by ring k = 0 .. n//2."""
    n = len(a)
    hann = np.hanning(n)
    A, B = (np.fft.fft2(v * hann[:, None] * hann) for v in (a, b))
    frequency = np.fft.fftfreq(n)
    ring = np.rint(np.hypot(frequency[:, None], frequency) * n).astype(int)
    sums = [np.bincount(ring.ravel(), v.ravel()) for v in ((A * B.conj()).real, np.abs(A) ** 2, np.abs(B) ** 2)]
    bottom = np.sqrt(sums[1] * sums[2])
    rings: np.ndarray = np.where(bottom > 0, sums[0] / np.where(bottom > 0, bottom, 1), 0)[: n // 2 + 1]
    return rings


def resolution(rings: np.ndarray, threshold: float) -> float:
    """Where a ring correlation first falls below the threshold, as a fraction of Nyquist; 1 if it never does."""
    below = np.flatnonzero(rings < threshold)
    nyquist = len(rings) - 1
    if not len(below) or below[0] == 0:
        return 0.0 if len(below) else 1.0
    k = int(below[0])
    part = (rings[k - 1] - threshold) / (rings[k - 1] - rings[k])
    return float((k - 1 + part) / nyquist)


def _frc_in(a: np.ndarray, b: np.ndarray, box: tuple[slice, slice], threshold: float) -> float | None:
    side = min(a[box].shape)
    if side < 2 * SSIM_WINDOW:
        return None
    return resolution(frc(a[box][:side, :side], b[box][:side, :side]), threshold)


def residual(expected: np.ndarray, counts: np.ndarray, measured: np.ndarray | None = None) -> float:
    """R = sqrt(sum (sqrt(lambda) - sqrt(k))^2 / sum k) over the measured pixels of all patterns."""
    keep = np.ones(counts.shape, bool) if measured is None else np.broadcast_to(measured, counts.shape)
    apart = (np.sqrt(expected) - np.sqrt(counts)) ** 2
    return float(np.sqrt(apart[keep].sum() / counts[keep].sum()))
