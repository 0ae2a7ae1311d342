"""The telephone digits in a recording (16 bits, mono, 8000 Hz): Goertzel's filters in integers, as in ``dtmf2num``."""

import sys
import wave

import numpy as np

SAMPLE_RATE = 8000
BLOCK = 102
THRESHOLD = 8e8
TWIST, PEAK_ROW, PEAK_COL = 6.3, 6.3, 6.3
ROWS = np.array([697.0, 770.0, 852.0, 941.0])
COLS = np.array([1209.0, 1336.0, 1477.0, 1633.0])
KEYS = ["123A", "456B", "789C", "*0#D"]


def read_samples(path):
    with wave.open(path) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(int)


def without_bias(smp):
    """The samples about zero; a sample that is the lowest so far does not count as a highest."""
    maxneg, maxpos = 32767, -32768
    for value in smp.tolist():
        if value < maxneg:
            maxneg = value
        elif value > maxpos:
            maxpos = value
    bias = int((maxneg + maxpos) / 2)
    return smp - bias


def normalized(smp):
    maxneg = min(0, int(smp.min()))
    maxpos = max(0, int(smp.max()))
    largest = max(-maxneg - 1 if maxneg < 0 else 0, maxpos)
    if largest >= 32767:
        return smp
    t = smp * 32767.0 / largest
    return np.trunc(np.clip(t, -32768.0, 32767.0)).astype(int)


def goertzel(samples, freq):
    """The power of each frequency in a block, in the integers of a telephone exchange."""
    fac = (32768.0 * 2.0 * np.cos(2.0 * np.pi * freq / SAMPLE_RATE)).astype(int)
    v2 = np.zeros(len(freq), dtype=int)
    v3 = np.zeros(len(freq), dtype=int)
    chunky = np.zeros(len(freq), dtype=int)
    for sample in samples:
        v1 = v2
        v2 = v3
        v3 = ((fac * v2) >> 15) - v1 + (sample >> chunky)
        large = np.abs(v3) > 32768
        chunky = chunky + large
        v3 = np.where(large, v3 >> 1, v3)
        v2 = np.where(large, v2 >> 1, v2)
    value = v3 * v3 + v2 * v2
    value = value - ((v2 * v3) >> 15) * fac
    power = chunky * 2
    return value.astype(np.int32).astype(float) * 2.0**power


def hit_of(row_energy, col_energy):
    best_row, best_col = int(np.argmax(row_energy)), int(np.argmax(col_energy))
    row, col = row_energy[best_row], col_energy[best_col]
    if row < THRESHOLD or col < THRESHOLD or col * TWIST <= row:
        return ""
    others_row = np.delete(row_energy, best_row) * PEAK_ROW
    others_col = np.delete(col_energy, best_col) * PEAK_COL
    if (others_row > row).any() or (others_col > col).any():
        return ""
    return KEYS[best_row][best_col]


def detect(amp):
    digits, current_hit, lasthit = "", "", ""
    for start in range(0, len(amp) - BLOCK + 1, BLOCK):
        block = amp[start : start + BLOCK]
        row_energy = goertzel(block, ROWS)
        col_energy = goertzel(block, COLS)
        hit = hit_of(row_energy, col_energy)
        if hit != current_hit:
            if hit and lasthit == hit:
                current_hit = hit
                digits += hit
            elif lasthit != current_hit:
                current_hit = ""
        lasthit = hit
    return digits


if __name__ == "__main__":
    smp = normalized(without_bias(read_samples(sys.argv[1])))
    print("- DTMF numbers: ", detect(smp) or "none")
