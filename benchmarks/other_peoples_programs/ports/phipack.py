"""Bruen's pairwise homoplasy index: has an alignment recombined? What ``Phi -f FILE`` computes for DNA."""

import math
import sys

import numpy as np

WINDOW = 100


def read_fasta(path):
    rows, row = [], []
    for line in open(path):
        if line.startswith(">"):
            row = []
            rows.append(row)
        else:
            row.append(line.strip().upper())
    return np.array([list("".join(row)) for row in rows])


def informative(alignment):
    """Columns in which at least two bases occur at least twice, as numbers of states."""
    sites = []
    for column in alignment.T:
        bases, counts = np.unique(column[np.isin(column, list("ACGT"))], return_counts=True)
        if np.count_nonzero(counts >= 2) >= 2 and np.isin(column, list("ACGT")).all():
            sites.append(np.searchsorted(bases, column))
    return np.array(sites)


def pair_score(a, b):
    """Edges minus states plus components of the graph of states that occur together."""
    edges = set(zip(a.tolist(), b.tolist()))
    parent = {("a", s): ("a", s) for s in set(a.tolist())} | {("b", s): ("b", s) for s in set(b.tolist())}

    def root(node):
        while parent[node] != node:
            node = parent[node]
        return node

    for s, t in edges:
        parent[root(("a", s))] = root(("b", t))
    comp_count = len({root(node) for node in parent})
    return len(edges) - len(parent) + comp_count


def incompatibilities(sites):
    num_chars = len(sites)
    inc_matrix = np.zeros((num_chars, num_chars))
    for i in range(num_chars):
        for j in range(i):
            inc_matrix[i, j] = inc_matrix[j, i] = pair_score(sites[i], sites[j])
    return inc_matrix


def phi(inc_matrix, k):
    """The mean incompatibility of sites that are at most k sites apart."""
    num_chars = len(inc_matrix)
    score = sum(float(np.trace(inc_matrix, offset=j)) for j in range(1, k + 1))
    terms = k * (2 * num_chars - k - 1) // 2
    return score / terms


def mean_variance(inc_matrix, k):
    """Mean and variance of phi when the sites are permuted (Bruen et al. 2006)."""
    n = float(len(inc_matrix))
    f_vals = inc_matrix.sum(axis=1)
    g_vals = (inc_matrix**2).sum(axis=1)
    sum1 = f_vals.sum()
    mean = sum1 / (n * (n - 1))
    top = (
        27 * k * n - 18 * k**2 + 28 * k**2 * n - 21 * k * n**2 - 9 * k + 5 * n - 9 * k**3
        - 11 * n**2 + 6 * n**3 + 6 * k**3 * n - 4 * k**2 * n**2
    )  # fmt: skip
    bottom = k * (k + 1 - 2 * n) ** 2 * (n - 1) ** 2 * (n - 2) * (n - 3) * n**2
    coeff_1 = 2 / 3 * (top / bottom)
    top = 8 * k**2 * n - 14 * k**2 + 39 * k * n + 19 * n - 21 * k + 3 * k**3 - 15 * k * n**2 + 6 * n**3 - 21 * n**2 - 4
    bottom = k * (2 * n - k - 1) ** 2 * n * (n - 1) * (n - 2) * (n - 3)
    coeff_2 = 2 / 3 * (top / bottom)
    top = -18 * k * n - 2 * k**2 * n + 16 * k**2 + 6 * n**2 - 10 * n + 2 + 15 * k + 3 * k**3
    bottom = k * (k + 1 - 2 * n) ** 2 * n * (n - 1) * (n - 2) * (n - 3)
    coeff_3 = -4 / 3 * (top / bottom)
    sum2 = g_vals.sum()
    sum3 = (f_vals**2).sum()
    varnce = coeff_1 * sum1**2 + coeff_2 * sum2 + coeff_3 * sum3
    return mean, varnce


def normal_01_cdf(x):
    """The normal distribution's integral up to x, as continued fractions (Adams, Algorithm 39, 1969)."""
    size = abs(x)
    y = 0.5 * x * x
    if size <= 1.28:
        q = 0.5 - size * (
            0.398942280444
            - 0.399903438504
            * y
            / (y + 5.75885480458 - 29.8213557808 / (y + 2.62433121679 + 48.6959930692 / (y + 5.92885724438)))
        )
    elif size <= 12.7:
        tail = size + 3.99019417011
        for b, c in ((30.789933034, 0.742380924027), (-15.1508972451, 4.8385912808), (5.29330324926, -0.151679116635),
                     (1.98615381364, 3.98064794e-04), (1.00000615302, -3.8052e-08)):  # fmt: skip
            tail = size + c + b / tail
        q = math.exp(-y) * 0.398942280385 / tail
    else:
        q = 0.0
    return q if x < 0 else 1 - q


def main(path):
    alignment = read_fasta(path)
    sites = informative(alignment)
    num_sites, num_inf = alignment.shape[1], len(sites)
    k = max(1, int(num_inf / num_sites * WINDOW + 0.5))
    inc_matrix = incompatibilities(sites)
    orig_phi = phi(inc_matrix, k)
    mean, varnce = mean_variance(inc_matrix, float(k))
    difference = mean - orig_phi
    normal_p_val = normal_01_cdf(-difference / math.sqrt(varnce))
    print(f"PHI: observed {orig_phi:.4e}, mean {mean:.4e}, variance {varnce:.4e}")
    print(f"PHI (Normal): {normal_p_val:.2e}")


main(sys.argv[1])
