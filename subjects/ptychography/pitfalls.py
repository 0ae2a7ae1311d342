"""What real files get wrong, recognised: each test refuses with what to do, or warns."""

from __future__ import annotations

import logging
import math

import numpy as np

from simulator.errors import InputError
from subjects.ptychography.arrays import Arrays

log = logging.getLogger("ptychography.data")

SUPPORT = 0.05
"""A pixel belongs to the probe's support where its modulus is above this part of the largest."""
PATTERNS_TESTED = 64
MOST_CANVAS_PX = 100_000
MOST_CANVAS_PIXELS = 1 << 30


def cube(patterns: np.ndarray, arrays: Arrays, axes: str | None) -> np.ndarray:
    """The patterns as (M, N, N)."""
    name, M = arrays.name, arrays.need("xcoords").size
    if patterns.dtype.kind not in "iuf":
        raise InputError(f"{name}: diffraction is {patterns.dtype}; real numbers or integers were required")
    if patterns.ndim == 4 and patterns.shape[3] == 1:
        log.info("%s: the last axis of diffraction has length 1; squeezed", name)
        patterns = patterns[..., 0]
    if patterns.ndim != 3:
        raise InputError(f"{name}: diffraction has the shape {patterns.shape}; (positions, N, N) was required")
    if axes is None and len(set(patterns.shape)) == 1:
        raise InputError(
            f"{name}: diffraction has three equal axes {patterns.shape}, so the positions' axis cannot be told; pass "
            "--axes nhw (positions first) or --axes hwn (positions last)"
        )
    if axes is None and patterns.shape[0] != M and patterns.shape[2] == M:
        raise InputError(
            f"{name}: axes look like (rows, columns, positions): shape {patterns.shape} with {M} positions; "
            "pass --axes hwn"
        )
    if axes == "hwn":
        patterns = np.ascontiguousarray(patterns.transpose(2, 0, 1))
    if patterns.shape[1] != patterns.shape[2]:
        raise InputError(f"{name}: patterns are {patterns.shape[1]} x {patterns.shape[2]}; square ones were required")
    if min(patterns.shape) < 1 or patterns.shape[1] < 2:
        raise InputError(
            f"{name}: diffraction has the shape {patterns.shape}; at least one pattern of 2 x 2 was required"
        )
    return patterns


def finite_and_positive(values: np.ndarray, arrays: Arrays, clip: bool) -> np.ndarray:
    """The values, none of them negative or no number."""
    bad = ~np.isfinite(values)
    if bad.any():
        raise InputError(f"{arrays.name}: diffraction{_first(bad)} is not finite; mask that pixel and store 0")
    bad = values < 0
    if not bad.any():
        return values
    if not clip:
        raise InputError(
            f"{arrays.name}: diffraction{_first(bad)} is negative ({bad.sum()} are); pass --clip-negative for "
            "background-subtracted data"
        )
    log.warning("%s: %d negative values are set to 0", arrays.name, int(bad.sum()))
    return np.where(bad, 0, values).astype(values.dtype)


def _first(bad: np.ndarray) -> str:
    return str([int(i) for i in np.argwhere(bad)[0]])


def not_float_counts(values: np.ndarray, name: str) -> None:
    """Refuse counts stored as float: nobody can tell them from amplitudes."""
    if values.dtype.kind != "f" or values.max() <= 50:
        return
    if np.count_nonzero(values == np.rint(values)) >= 0.99 * values.size:
        raise InputError(
            f"{name}: diffraction is {values.dtype} but holds whole numbers up to {values.max():g}; say --measurement "
            "counts or --measurement amplitude"
        )


def centred(counts: np.ndarray, name: str) -> None:
    """Refuse patterns whose zero frequency lies at the corner."""
    mean = counts.mean(axis=0)
    side = len(mean)
    block = np.arange(max(side // 4, 1)) - max(side // 4, 1) // 2
    corner, centre = (mean[np.ix_((block + at) % side, (block + at) % side)].sum() for at in (0, side // 2))
    if corner > centre:
        raise InputError(
            f"{name}: the patterns are brighter at the corner ({corner:.3g} counts) than at the centre ({centre:.3g}): "
            "the zero frequency seems to lie at the corner; pass --centred no"
        )


def support_fractions(values: np.ndarray, probe: np.ndarray) -> tuple[float, float]:
    """Energy of the patterns' inverse DFT outside the autocorrelation of the probe's support: (Q_int, Q_amp).

    For a correct intensity the inverse DFT is the autocorrelation of the exit wave, so it is confined there.
    """
    modulus = np.sqrt((np.abs(probe) ** 2).sum(axis=0))
    support = np.fft.fft2((modulus > SUPPORT * modulus.max()).astype(float))
    outside = np.fft.ifft2(np.abs(support) ** 2).real < 0.5
    chosen = values[:: max(1, len(values) // PATTERNS_TESTED)][:PATTERNS_TESTED].astype(np.float64)
    fractions = []
    for intensity in (chosen, chosen * chosen):
        energy = np.abs(np.fft.ifft2(intensity)) ** 2
        total = energy.sum(axis=(1, 2))
        fractions.append(float(np.mean(energy[:, outside].sum(axis=1) / np.where(total > 0, total, 1.0))))
    return fractions[0], fractions[1]


def support_agrees(values: np.ndarray, probe: np.ndarray, word: str, name: str) -> None:
    """Refuse amplitudes taken for intensities and the reverse, where the support test has a verdict."""
    of_intensity, of_amplitude = support_fractions(values, probe)
    verdict = word
    if of_amplitude < of_intensity / 3:
        verdict = "amplitude"
    elif of_intensity < of_amplitude / 3:
        verdict = "counts"
    if verdict != word:
        raise InputError(
            f"{name}: the patterns are taken for {word} but look like {verdict}: outside twice the probe's support "
            f"lies {of_intensity:.2g} of their energy as intensities, {of_amplitude:.2g} as amplitudes; pass "
            "--measurement counts or --measurement amplitude"
        )


def positive_numbers(arrays: Arrays, keys: tuple[str, ...]) -> None:
    """Refuse scales that scale nothing."""
    for key in keys:
        value = arrays.number(key)
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"{arrays.name}: {key} must be positive; it is {value:g}")


def something_measured(values: np.ndarray, mask: np.ndarray | None, name: str) -> None:
    """Refuse a scan without a single photon, or whose mask leaves no pixel."""
    if mask is not None and not mask.any():
        raise InputError(f"{name}: mask is 0 everywhere, so nothing was measured; 1 marks a pixel that counts")
    if not (values.any() if mask is None else (values * mask).any()):
        raise InputError(f"{name}: diffraction is 0 wherever it was measured; there is nothing to reconstruct from")


def real_numbers(arrays: Arrays, key: str) -> np.ndarray:
    """The numbers of a key in double, in one row."""
    found = arrays.need(key)
    if found.dtype.kind not in "iuf":
        raise InputError(f"{arrays.name}: {key} is {found.dtype}; real numbers were required")
    return found.astype(np.float64).reshape(-1)


def positions(x: np.ndarray, y: np.ndarray, count: int, arrays: Arrays) -> None:
    """One x and one y for every pattern; warns of duplicates and of nominal positions."""
    if len(x) != count or len(y) != count:
        raise InputError(
            f"{arrays.name}: {len(x)} xcoords and {len(y)} ycoords for {count} patterns; nothing is cut to fit"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError(f"{arrays.name}: positions have values that are not finite")
    duplicates = count - len(set(zip(x.tolist(), y.tolist(), strict=True)))
    if duplicates:
        log.warning("%s: %d positions occur more than once", arrays.name, duplicates)
    for key, used in (("xcoords_start", x), ("ycoords_start", y)):
        nominal = arrays.get(key) if key in arrays else None
        if nominal is not None and not np.array_equal(nominal.reshape(-1), used):
            log.warning("%s: %s differs from %s; nominal positions are not used", arrays.name, key, key[:7])


def not_metres(x: np.ndarray, y: np.ndarray, name: str) -> None:
    """Refuse positions that span less than a pixel."""
    if len(x) > 1 and np.ptp(x) < 1 and np.ptp(y) < 1:
        raise InputError(
            f"{name}: positions look like metres (they span {np.ptp(x):.3g} and {np.ptp(y):.3g}); pass --pixel-size "
            "with the size of an object pixel in metres: wavelength x distance / (N x detector pixel)"
        )


def canvas_fits(x: np.ndarray, y: np.ndarray, side: int, name: str) -> None:
    """Refuse positions so far apart that no canvas can hold them."""
    rows, cols = (math.ceil(float(np.ptp(p))) + side + 1 for p in (y, x))
    if max(rows, cols) > MOST_CANVAS_PX or rows * cols > MOST_CANVAS_PIXELS:
        raise InputError(
            f"{name}: positions span {np.ptp(x):.6g} and {np.ptp(y):.6g}, so the object would have {rows} x {cols} "
            "pixels; they must be in object pixels: pass --pixel-size where they are lengths"
        )


def windows_inside(x: np.ndarray, y: np.ndarray, side: int, shape: tuple[int, int]) -> None:
    """Refuse windows that reach out of the object."""
    left, top = x - side // 2, y - side // 2
    first_col, first_row = np.floor(left), np.floor(top)
    last_col = first_col + side - 1 + (left > first_col)
    last_row = first_row + side - 1 + (top > first_row)
    bad = (first_col < 0) | (first_row < 0) | (last_col >= shape[1]) | (last_row >= shape[0])
    if bad.any():
        j = int(np.flatnonzero(bad)[0])
        needed = int(max(last_row.max() + 1, shape[0])), int(max(last_col.max() + 1, shape[1]))
        below = min(first_col.min(), first_row.min()) < 0
        moved = f", after moving the positions so that none is below {side // 2}" if below else ""
        raise InputError(
            f"the window of position {j} (x {x[j]:g}, y {y[j]:g}) needs rows {first_row[j]:g} to {last_row[j]:g} and "
            f"columns {first_col[j]:g} to {last_col[j]:g}; the object has {shape[0]} x {shape[1]}. An object of "
            f"{needed[0]} x {needed[1]} would do{moved}; --outside zero reads zeros there"
        )


def labels_look_plain(labels: np.ndarray, probe: np.ndarray) -> None:
    """Warn of labels that were multiplied by the probe."""
    modulus = np.sqrt((np.abs(probe) ** 2).sum(axis=0)).reshape(-1)
    mean = np.abs(labels).mean(axis=0).reshape(-1)
    if mean.std() > 0 and modulus.std() > 0 and np.corrcoef(mean, modulus)[0, 1] > 0.9:
        log.warning("labels look multiplied by the probe; metrics need object patches")
