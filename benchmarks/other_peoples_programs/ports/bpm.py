"""The tempo of music: raw float samples on standard input, as the tool ``bpm`` finds it."""

import sys

import numpy as np

RATE = 44100
INTERVAL = 128
LOWER, UPPER = 84.0, 146.0
BEATS = np.array([-32.0, -16, -8, -4, -2, -1, 1, 2, 4, 8, 16, 32])
NOBEATS = np.array([-0.5, -0.25, 0.25, 0.5])


class Drand48:
    """The C library's generator: 48 bits, a linear congruence."""

    def __init__(self):
        self.state = 0

    def __call__(self):
        self.state = (self.state * 0x5DEECE66D + 0xB) % 2**48
        return self.state / 2**48


def energy(audio):
    """What a peak meter shows, which rises fast and falls slowly, once every INTERVAL samples."""
    v = 0.0
    nrg = []
    for n, z in enumerate(np.abs(audio)):
        if z > v:
            v += (z - v) / 8
        else:
            v -= (v - z) / 512
        if n % INTERVAL == INTERVAL - 1:
            nrg.append(v)
    return np.array(nrg, dtype=np.float32)


def sample(nrg, offset):
    i = np.floor(offset).astype(int)
    inside = (i >= 0) & (i < len(nrg))
    return np.where(inside, nrg[np.where(inside, i, 0)], 0.0).astype(float)


def autodifference(nrg, interval, drand48):
    mid = drand48() * len(nrg)
    v = sample(nrg, np.array(mid))
    y = sample(nrg, mid + BEATS * interval)
    w = 1 / np.abs(BEATS)
    diff = (w * np.abs(y - v)).sum()
    total = w.sum()
    y = sample(nrg, mid + NOBEATS * interval)
    w = np.abs(NOBEATS)
    diff -= (w * np.abs(y - v)).sum()
    total += w.sum()
    return diff / total


def bpm_to_interval(bpm):
    beats_per_second = bpm / 60
    samples_per_beat = RATE / beats_per_second
    return samples_per_beat / INTERVAL


def interval_to_bpm(interval):
    samples_per_beat = interval * INTERVAL
    beats_per_second = RATE / samples_per_beat
    return beats_per_second * 60


def scan_for_bpm(nrg, slowest, fastest, steps, samples):
    drand48 = Drand48()
    slowest = bpm_to_interval(slowest)
    fastest = bpm_to_interval(fastest)
    step = (slowest - fastest) / steps
    height, trough = np.inf, np.nan
    interval = fastest
    while interval <= slowest:
        t = 0.0
        for _ in range(samples):
            t += autodifference(nrg, interval, drand48)
        if t < height:
            trough, height = interval, t
        interval += step
    return interval_to_bpm(trough)


if __name__ == "__main__":
    nrg = energy(np.fromfile(sys.argv[1], dtype=np.float32))
    bpm = scan_for_bpm(nrg, LOWER, UPPER, 1024, 1024)
    print(f"{bpm:.3f}")
