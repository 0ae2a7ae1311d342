"""Akima interpolation of points in a file, as ``aspline -n INTERVALS FILE`` prints it, vectorised."""

import sys

import numpy as np


def slopes(x, y):
    """Points with two extrapolated on either side, and the slopes between them."""
    x = np.concatenate([[0.0, 0.0], x, [0.0, 0.0]])
    y = np.concatenate([[0.0, 0.0], y, [0.0, 0.0]])
    n = len(x)
    m = np.zeros(n)
    m[2 : n - 3] = (y[3 : n - 2] - y[2 : n - 3]) / (x[3 : n - 2] - x[2 : n - 3])
    x[1] = x[2] + x[3] - x[4]
    y[1] = (x[2] - x[1]) * (m[3] - 2 * m[2]) + y[2]
    m[1] = (y[2] - y[1]) / (x[2] - x[1])
    x[0] = 2 * x[2] - x[4]
    y[0] = (x[1] - x[0]) * (m[2] - 2 * m[1]) + y[1]
    m[0] = (y[1] - y[0]) / (x[1] - x[0])
    x[n - 2] = x[n - 3] + x[n - 4] - x[n - 5]
    y[n - 2] = (2 * m[n - 4] - m[n - 5]) * (x[n - 2] - x[n - 3]) + y[n - 3]
    x[n - 1] = 2 * x[n - 3] - x[n - 5]
    y[n - 1] = (2 * m[n - 3] - m[n - 4]) * (x[n - 1] - x[n - 2]) + y[n - 2]
    m[n - 3 : n - 1] = np.diff(y[n - 3 :]) / np.diff(x[n - 3 :])
    return x, y, m


def coefficients(x, m):
    """The tangent t at each point and the two higher coefficients of the piece to its right."""
    num = np.abs(m[3:-1] - m[2:-2]) * m[1:-3] + np.abs(m[1:-3] - m[:-4]) * m[2:-2]
    den = np.abs(m[3:-1] - m[2:-2]) + np.abs(m[1:-3] - m[:-4])
    t = np.zeros(len(x))
    t[2:-2] = np.where(den != 0, num / np.where(den != 0, den, 1.0), 0.0)
    dx = np.diff(x)[2:-1]
    C = (3 * m[2:-2] - 2 * t[2:-2] - t[3:-1]) / dx
    D = (t[2:-2] + t[3:-1] - 2 * m[2:-2]) / (dx * dx)
    return t, C, D


def main(points, path):
    x, y = np.loadtxt(path, unpack=True)
    x, y, m = slopes(x, y)
    t, C, D = coefficients(x, m)
    llimit, ulimit = x[2:-2].min(), x[2:-2].max()
    xstep = (ulimit - llimit) / points
    p, xv = 2, llimit
    while xv < ulimit + xstep:
        while xv >= x[p]:
            print(f"{x[p]:g} {y[p]:g}")
            p += 1
        if xv - x[p - 1] > xstep / 100 and x[p] - xv > xstep / 100:
            xd = xv - x[p - 1]
            value = y[p - 1] + (t[p - 1] + (C[p - 3] + D[p - 3] * xd) * xd) * xd
            print(f"{xv:g} {value:g}")
        xv += xstep


main(int(sys.argv[1]), sys.argv[2])
