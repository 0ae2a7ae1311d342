"""Which pixels are computed, in which order and by which thread (model, sections 2 and 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from simulator.errors import InputError
from simulator.experiment import Experiment

SIMD_BLOCK = 64
"""Pixels come in multiples of this: vectorised functions then round alike wherever a pixel stands in a chunk."""


def filled(index: Tensor, size: int) -> Tensor:
    """The indices repeated up to ``size`` (at least once)."""
    missing = size - len(index)
    return index if missing <= 0 else torch.cat([index, index[-1:].expand(missing)])


@dataclass(frozen=True)
class Region:
    """The active pixels of a detector: inside the ROI and not masked. A flat index is slow x width + fast."""

    shape: tuple[int, int]
    """slow, fast."""
    slow_range: range
    fast_range: range
    masked_in: np.ndarray | None
    """Flat indices of the active pixels, ascending; None: the whole ROI."""

    @classmethod
    def of(cls, experiment: Experiment) -> Region:
        """The region that ROI and mask leave. Raises InputError for a mask of another size."""
        detector, sampling = experiment.detector, experiment.sampling
        slow, fast = detector.pixels_slow, detector.pixels_fast
        f0, f1, s0, s1 = sampling.roi or (0, fast - 1, 0, slow - 1)
        slow_range = range(max(0, s0), min(slow - 1, s1) + 1)
        fast_range = range(max(0, f0), min(fast - 1, f1) + 1)
        masked_in = None
        if sampling.mask is not None:
            if sampling.mask.shape != (slow, fast):
                raise InputError(f"a mask of {slow} x {fast} (slow x fast) is needed; got {sampling.mask.shape}")
            active = np.zeros((slow, fast), dtype=bool)
            active[_slice(slow_range), _slice(fast_range)] = sampling.mask[_slice(slow_range), _slice(fast_range)]
            masked_in = np.flatnonzero(active)
        return cls((slow, fast), slow_range, fast_range, masked_in)

    @property
    def n_active(self) -> int:
        """How many pixels are computed."""
        if self.masked_in is not None:
            return len(self.masked_in)
        return len(self.slow_range) * len(self.fast_range)

    def chunks(self, size: int, device: torch.device) -> Iterator[Tensor]:
        """Flat indices of the active pixels in raster order, ``size`` at a time."""
        for start in range(0, self.n_active, size):
            yield self.flat_indices(start, min(self.n_active, start + size), device)

    def flat_indices(self, start: int, stop: int, device: torch.device) -> Tensor:
        """Flat indices of the active pixels numbered start .. stop - 1."""
        if self.masked_in is not None:
            return torch.from_numpy(self.masked_in[start:stop]).to(device)
        if whole := self.stretch(start, stop):
            return torch.arange(whole.start, whole.stop, dtype=torch.int64, device=device)
        number = torch.arange(start, stop, dtype=torch.float64, device=device)
        row = torch.floor(number / len(self.fast_range))  # several times faster than in integers, exact below 2^52
        skipped = self.shape[1] - len(self.fast_range)
        before = self.slow_range.start * self.shape[1] + self.fast_range.start
        return (number + row * skipped + before).to(torch.int64)

    def stretch(self, start: int, stop: int) -> slice | None:
        """The same as a slice, where the active pixels are whole rows; None: they are not."""
        if self.masked_in is not None or len(self.fast_range) < self.shape[1]:
            return None
        before = self.slow_range.start * self.shape[1]
        return slice(before + start, before + stop)

    def flat_index(self, slow: int, fast: int) -> int:
        return slow * self.shape[1] + fast

    def is_active(self, slow: int, fast: int) -> bool:
        """Whether the pixel is computed."""
        if slow not in self.slow_range or fast not in self.fast_range:
            return False
        if self.masked_in is None:
            return True
        flat = self.flat_index(slow, fast)
        found = int(np.searchsorted(self.masked_in, flat))
        return found < len(self.masked_in) and int(self.masked_in[found]) == flat

    def require_active(self, slow: int, fast: int) -> None:
        """Raise InputError with what is allowed unless the pixel is computed."""
        if not (0 <= slow < self.shape[0] and 0 <= fast < self.shape[1]):
            raise InputError(
                f"pixel {slow} {fast} (slow fast) is outside the detector; "
                f"slow goes from 0 to {self.shape[0] - 1}, fast from 0 to {self.shape[1] - 1}"
            )
        if not self.is_active(slow, fast):
            s, f = self.slow_range, self.fast_range
            raise InputError(
                f"pixel {slow} {fast} (slow fast) is not computed: it is masked or outside the region of interest, "
                f"slow {s.start} to {s.stop - 1}, fast {f.start} to {f.stop - 1}"
            )

    def thread_rows(self, threads: int) -> list[range]:
        """Rows of the detector owned by each thread: consecutive blocks, the first ones a row longer."""
        rows = self.shape[0]
        short, longer = divmod(rows, threads)
        starts = [t * short + min(t, longer) for t in range(threads + 1)]
        return [range(a, b) for a, b in pairwise(starts) if b > a]

    def active_in_rows(self, rows: range) -> Region:
        """The part of the region in some rows."""
        masked_in = self.masked_in
        if masked_in is not None:
            low, high = np.searchsorted(masked_in, [rows.start * self.shape[1], rows.stop * self.shape[1]])
            masked_in = masked_in[low:high]
        slow = range(max(rows.start, self.slow_range.start), min(rows.stop, self.slow_range.stop))
        return Region(self.shape, slow, self.fast_range, masked_in)

    def number_of(self, slow: int, fast: int) -> int:
        """How many active pixels come before this active one."""
        if self.masked_in is not None:
            return int(np.searchsorted(self.masked_in, self.flat_index(slow, fast)))
        return (slow - self.slow_range.start) * len(self.fast_range) + fast - self.fast_range.start

    def pixel_at(self, number: int) -> tuple[int, int]:
        """The active pixel with that number, (slow, fast)."""
        flat = int(self.flat_indices(number, number + 1, torch.device("cpu"))[0])
        return divmod(flat, self.shape[1])


def _slice(r: range) -> slice:
    return slice(r.start, r.stop)
