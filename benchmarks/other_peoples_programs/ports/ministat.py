"""Are two sets of measurements different? What ``ministat -A`` prints of them, with Student's t from its table."""

import sys

import numpy as np

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom, to three digits.
STUDENT_95 = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
]  # fmt: skip


def read_set(name):
    return np.sort(np.loadtxt(name))


def average(points):
    sy = points.sum()
    return sy / len(points)


def variance(points):
    n = len(points)
    sy = points.sum()
    syy = (points * points).sum()
    return (syy - sy * sy / n) / (n - 1.0)


def stddev(points):
    return np.sqrt(variance(points))


def vitals(symbol, points):
    median = points[len(points) // 2]
    avg = average(points)
    dev = stddev(points)
    numbers = (points[0], points[-1], median, avg, dev)
    print(f"{symbol} {len(points):3d} " + " ".join(f"{number:13.8g}" for number in numbers))


def relative(ds, rs):
    i = len(ds) + len(rs) - 2
    t = STUDENT_95[i - 1]
    spool = (len(ds) - 1) * variance(ds) + (len(rs) - 1) * variance(rs)
    spool /= len(ds) + len(rs) - 2
    spool = np.sqrt(spool)
    s = spool * np.sqrt(1.0 / len(ds) + 1.0 / len(rs))
    d = average(ds) - average(rs)
    e = t * s
    if abs(d) > e:
        print("Difference at 95.0% confidence")
        print(f"\t{d:g} +/- {e:g}")
        print(f"\t{d * 100 / average(rs):g}% +/- {e * 100 / average(rs):g}%")
        print(f"\t(Student's t, pooled s = {spool:g})")
    else:
        print("No difference proven at 95.0% confidence")


def main(names):
    sets = [read_set(name) for name in names]
    for symbol, name in zip("x+*", names):
        print(symbol, name)
    print("    N           Min           Max        Median           Avg        Stddev")
    vitals("x", sets[0])
    for symbol, points in zip("+*", sets[1:]):
        vitals(symbol, points)
        relative(points, sets[0])


main(sys.argv[1:])
