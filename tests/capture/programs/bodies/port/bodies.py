import sys

import numpy as np


def softened(d, eps):
    r2 = (d * d).sum(-1) + eps**2
    return 1.0 / (r2 * np.sqrt(r2))


def accel(x, m, eps):
    d = x[None, :, :] - x[:, None, :]
    w = m[None, :] * softened(d, eps)
    np.fill_diagonal(w, 0.0)
    return (w[..., None] * d).sum(1)


def energy(x, v, m, eps):
    kin = 0.5 * (m * (v * v).sum(1)).sum()
    i, j = np.tril_indices(len(m), -1)
    r2 = ((x[j] - x[i]) ** 2).sum(1) + eps**2
    pot = -(m[i] * m[j] / np.sqrt(r2)).sum()
    return kin + pot


def main():
    n, steps, dt, eps = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), 0.05
    s, vals = 12345, []
    for _ in range(6 * n):
        s = (s * 1103515245 + 12345) & 0xFFFFFFFF
        vals.append((s >> 8 & 0xFFFF) / 65536.0 - 0.5)
    state = np.array(vals).reshape(n, 2, 3)
    x, v, m = state[:, 0].copy(), state[:, 1].copy(), np.full(n, 1.0 / n)
    a = accel(x, m, eps)
    for t in range(steps):
        v = v + 0.5 * dt * a
        x = x + dt * v
        a = accel(x, m, eps)
        v = v + 0.5 * dt * a
        print(t, f"{energy(x, v, m, eps):.10f}")


main()
