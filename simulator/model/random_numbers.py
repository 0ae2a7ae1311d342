"""The reference's random numbers: ``ran1`` and the deviates made of it (model, section 6; *Numerical Recipes*).

Every stream is reproduced to the bit: the generator is integer arithmetic, and what the reference keeps in 32-bit
floats is rounded to 32 bits here.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

MULTIPLIER, MODULUS = 16807, 2**31 - 1
"""Park and Miller's minimal standard: value -> 16807 value mod (2^31 - 1)."""

TABLE_SIZE = 32
WARM_UP = 8
LARGEST_DEVIATE = 1.0 - 1.2e-7

_TABLE_SHIFT = 26
"""A table index is a value divided by 1 + (m - 1)/32 = 2^26."""

_BLOCK = 1 << 14


def _powers_of_multiplier(n: int) -> np.ndarray:
    """16807^1 .. 16807^n mod m, by doubling: the generator's next n values are these times the present one."""
    powers = np.array([MULTIPLIER], dtype=np.int64)
    while len(powers) < n:
        powers = np.concatenate([powers, powers * powers[-1] % MODULUS])
    return powers[:n]


_POWERS = _powers_of_multiplier(_BLOCK)


class Ran1:
    """A stream of uniform deviates in (0, 1): a minimal standard generator with a 32-entry Bays-Durham shuffle.

    Args:
        seed: the stored seed. Zero or negative initialises: the generator starts from -seed.
        after: the stream that was drawn from before. The reference's streams share one shuffle state, so a positive
            seed goes on with the shuffle that this stream left; without one it initialises, too.
    """

    def __init__(self, seed: int, after: Ran1 | None = None) -> None:
        self._value, self._table, self._last = seed, [0] * TABLE_SIZE, 0
        if seed > 0 and after is not None:
            self._table, self._last = list(after._table), after._last
        else:
            self._initialise(max(-seed, 1))

    def _initialise(self, value: int) -> None:
        """Start the generator, discard the warm-up and fill the table from the top."""
        self._value = value
        first = self._generate(WARM_UP + TABLE_SIZE)
        self._table = first[: -TABLE_SIZE - 1 : -1]
        self._last = self._table[0]

    def draw(self, n: int) -> np.ndarray:
        """The next n deviates, float32 of shape (n,)."""
        shuffled = [value for size in _block_sizes(n) for value in self._shuffle(self._generate(size))]
        return np.minimum(np.array(shuffled, dtype=np.int64) / MODULUS, LARGEST_DEVIATE).astype(np.float32)

    def iterator(self) -> Iterator[float]:
        """The stream without end; deviates are drawn ahead in blocks, so draw from nothing else afterwards."""
        blocks = iter(lambda: self.draw(_BLOCK).tolist(), None)
        return chain.from_iterable(blocks)

    def _generate(self, n: int) -> list[int]:
        values = _POWERS[:n] * self._value % MODULUS
        self._value = int(values[-1])
        numbers: list[int] = values.tolist()
        return numbers

    def _shuffle(self, values: list[int]) -> list[int]:
        """Each value takes the table place that the last result points to, and what was there is the result."""
        table, last, results = self._table, self._last, []
        for value in values:
            place = last >> _TABLE_SHIFT
            last = table[place]
            table[place] = value
            results.append(last)
        self._last = last
        return results


def _block_sizes(n: int) -> Iterator[int]:
    for start in range(0, n, _BLOCK):
        yield min(_BLOCK, n - start)


def rotation_deviates(seed: int, n: int, after: Ran1 | None = None) -> np.ndarray:
    """The uniform deviates of n random rotations, float64 of shape (n, 3): three per rotation, in order drawn."""
    return Ran1(seed, after).draw(3 * n).astype(np.float64).reshape(n, 3)


def log_gamma(x: np.ndarray) -> np.ndarray:
    """ln Gamma(x) by Lanczos' formula as the reference evaluates it, float32 (model, section 6)."""
    x = np.asarray(x, dtype=np.float64)
    t = x + 5.5
    t = t - (x + 0.5) * np.log(t)
    series = np.full_like(x, 1.000000000190015)
    for j, coefficient in enumerate(_LANCZOS, 1):
        series = series + coefficient / (x + j)
    return (-t + np.log(2.5066282746310005 * series / x)).astype(np.float32)


_LANCZOS = (
    76.18009172947146,
    -86.50532032941677,
    24.01409824083091,
    -1.231739572450155,
    0.1208650973866179e-2,
    -0.5395239384953e-5,
)

SMALL_MEAN, LARGE_MEAN = 12.0, 1e6
"""Poisson means below the first multiply deviates, above the second take a Gaussian, between them reject."""

LARGEST_TABLED = 1 << 17


class PoissonDeviates:
    """Poisson deviates from one stream of uniform deviates, mean by mean in the order they are asked for.

    Args:
        uniform: the stream, a Ran1 that nobody else draws from.
    """

    def __init__(self, uniform: Ran1) -> None:
        self._uniform: Callable[[], float] = uniform.iterator().__next__
        self._log_gamma_of_integers: list[float] = []
        self._spare_gaussian: float | None = None

    def draw(self, means: np.ndarray) -> np.ndarray:
        """One deviate for each mean.

        Args:
            means: float32, shape (n,). One that is no number draws two deviates, as in the reference.

        Returns:
            float64 of shape (n,): whole numbers, except for means above a million or not finite.
        """
        means = np.asarray(means, dtype=np.float32)
        wide = means.astype(np.float64)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            never = np.exp(-wide).astype(np.float32).tolist()
            logs = np.log(wide).astype(np.float32)
            widths = np.sqrt(2.0 * wide).astype(np.float32).tolist()
            offsets = (means * logs - log_gamma(means + np.float32(1))).tolist()
        self._tabulate(wide)
        columns = zip(wide.tolist(), never, logs.tolist(), widths, offsets, strict=True)
        return np.array([self._one(*column) for column in columns], dtype=np.float64)

    def _one(self, mean: float, never: float, log_mean: float, width: float, offset: float) -> float:
        if math.isnan(mean):
            self._uniform(), self._uniform()
            return mean
        if mean < SMALL_MEAN:
            return self._by_products(never)
        if mean <= LARGE_MEAN:
            return self._by_rejection(mean, log_mean, width, offset)
        return _as_float32(mean + math.sqrt(mean) * self._gaussian())

    def _by_products(self, never: float) -> int:
        """How many deviates multiply to more than exp(-mean)."""
        uniform, count, product = self._uniform, 0, self._uniform()
        while product > never:
            count += 1
            _float32[0] = product * uniform()
            product = _float32[0]
        return count

    def _by_rejection(self, mean: float, log_mean: float, width: float, offset: float) -> float:
        """From a Lorentzian of the given width about the mean, cut down to the Poisson distribution."""
        uniform, rounded = self._uniform, _float32
        while True:
            rounded[0] = math.tan(math.pi * uniform())
            y = rounded[0]
            rounded[0] = width * y
            rounded[0] = rounded[0] + mean
            if rounded[0] < 0:
                continue
            count = math.floor(rounded[0])
            rounded[0] = count * log_mean
            rounded[0] = rounded[0] - self._log_gamma_of(count + 1)
            rounded[0] = rounded[0] - offset
            exponential = math.exp(rounded[0])
            rounded[0] = y * y
            rounded[0] = 0.9 * (1.0 + rounded[0]) * exponential
            if uniform() <= rounded[0]:
                return count

    def _gaussian(self) -> float:
        """Box and Muller's deviate by rejection; the second of a pair is kept for the next call."""
        if self._spare_gaussian is not None:
            spare, self._spare_gaussian = self._spare_gaussian, None
            return spare
        square = 0.0
        while not 0.0 < square < 1.0:
            first, second = 2.0 * self._uniform() - 1.0, 2.0 * self._uniform() - 1.0
            square = _as_float32(_as_float32(first * first) + _as_float32(second * second))
        factor = _as_float32(math.sqrt(-2.0 * math.log(square) / square))
        self._spare_gaussian = _as_float32(first * factor)
        return _as_float32(second * factor)

    def _tabulate(self, means: np.ndarray) -> None:
        """Tabulate ln Gamma of the whole numbers that these means make likely."""
        largest = float(means[np.isfinite(means)].max(initial=0.0))
        wanted = min(int(min(2 * largest, LARGEST_TABLED)) + 64, LARGEST_TABLED)
        if largest >= SMALL_MEAN and wanted > len(self._log_gamma_of_integers):
            with np.errstate(divide="ignore"):
                self._log_gamma_of_integers = log_gamma(np.arange(wanted)).tolist()

    def _log_gamma_of(self, whole: float) -> float:
        table = self._log_gamma_of_integers
        return table[int(whole)] if whole < len(table) else float(log_gamma(np.array(whole)))


_float32 = array("f", [0.0])
"""Storing a number here and taking it back rounds it to 32 bits, several times faster than numpy's scalar."""


def _as_float32(value: float) -> float:
    _float32[0] = value
    return _float32[0]
