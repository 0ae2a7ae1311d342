"""How random are the bytes of a file? The tests of ``ent -t`` and its chi-square probability."""

import math
import sys

import numpy as np

MONTEN = 6


def poz(z):
    """The normal distribution's integral up to z (Ibbetson's polynomials, Algorithm 209 of the CACM)."""
    if z == 0:
        x = 0.0
    else:
        y = 0.5 * abs(z)
        if y >= 3:
            x = 1.0
        elif y < 1:
            w = y * y
            near = (0.000124818987, -0.001075204047, 0.005198775019, -0.019198292004, 0.059054035642,
                    -0.151968751364, 0.319152932694, -0.531923007300, 0.797884560593)  # fmt: skip
            x = float(np.polyval(near, w)) * y * 2
        else:
            y -= 2
            far = (-0.000045255659, 0.000152529290, -0.000019538132, -0.000676904986, 0.001390604284,
                   -0.000794620820, -0.002034254874, 0.006549791214, -0.010557625006, 0.011630447319,
                   -0.009279453341, 0.005353579108, -0.002141268741, 0.000535310849, 0.999936657524)  # fmt: skip
            x = float(np.polyval(far, y))
    return (x + 1) / 2 if z > 0 else (1 - x) / 2


def pochisq(x, df):
    """The probability of a larger chi-square with an odd number of degrees of freedom (Algorithm 299)."""
    a = 0.5 * x
    s = 2 * poz(-math.sqrt(x))
    y = math.exp(-a) if a < 20 else 0.0
    z = 0.5
    if a > 20:
        e = math.log(math.sqrt(math.pi))
        c = math.log(a)
        while z <= 0.5 * (df - 1):
            e = math.log(z) + e
            term = c * z - a - e
            s += math.exp(term) if term > -20 else 0.0
            z += 1
        return s
    e = 1 / math.sqrt(math.pi) / math.sqrt(a)
    c = 0.0
    while z <= 0.5 * (df - 1):
        e *= a / z
        c += e
        z += 1
    return c * y + s


def serial_correlation(data):
    """The correlation of each byte with the one before it, the first with the last."""
    u = data.astype(float)
    scct1 = float(np.sum(np.roll(u, 1) * u))
    scct2 = float(np.sum(u)) ** 2
    scct3 = float(np.sum(u * u))
    scc = len(u) * scct3 - scct2
    return (len(u) * scct1 - scct2) / scc if scc else -100000.0


def monte_carlo_pi(data):
    """Six bytes a point: how many lie in the circle."""
    tries = data[: len(data) // MONTEN * MONTEN].reshape(-1, 2, MONTEN // 2).astype(float)
    montex, montey = (tries @ np.array([65536.0, 256.0, 1.0])).T
    incirc = (256.0 ** (MONTEN / 2) - 1) ** 2
    inmont = int(np.count_nonzero(montex**2 + montey**2 <= incirc))
    return 4.0 * (inmont / len(tries))


def main(path):
    data = np.fromfile(path, dtype=np.uint8)
    ccount = np.bincount(data, minlength=256)
    totalc = len(data)
    cexp = totalc / 256
    a = ccount - cexp
    prob = ccount / totalc
    chisq = float(np.sum(a * a / cexp))
    mean = float(np.sum(np.arange(256) * ccount)) / totalc
    some = prob[prob > 0]
    ent = float(np.sum(some * np.log2(1 / some)))
    montepi = monte_carlo_pi(data)
    scc = serial_correlation(data)
    chip = pochisq(chisq, 255)
    print("0,File-bytes,Entropy,Chi-square,Mean,Monte-Carlo-Pi,Serial-Correlation")
    print(f"1,{totalc},{ent:f},{chisq:f},{mean:f},{montepi:f},{scc:f}")
    print(f"exceeded by chance: {100 * chip:.2f} percent")


main(sys.argv[1])
