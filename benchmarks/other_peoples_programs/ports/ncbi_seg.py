"""Stretches of low complexity in protein sequences, masked with x: what ``ncbi-seg FILE -x`` does."""

import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np

WINDOW, LOCUT, HICUT, MAXTRIM = 12, 2.2, 2.5, 100
DOWNSET = (WINDOW + 1) // 2 - 1
UPSET = WINDOW - DOWNSET
LNFAC = [round(math.lgamma(n + 1), 6) for n in range(1000)]  # as it stands in the table of the original


def entropy(seq):
    """Bits per residue of a stretch's composition."""
    total = len(seq)
    ent = 0.0
    for count in sorted(Counter(seq).values(), reverse=True):
        x = count / total
        ent += -x * math.log(x) / math.log(2)
    return ent


def seqent(seq):
    """The entropy of the window around each residue; -1 near the ends."""
    H = np.full(len(seq), -1.0)
    for i in range(DOWNSET, len(seq) - UPSET + 1):
        H[i] = entropy(seq[i - DOWNSET : i + UPSET])
    return H


def lnperm(sv, tot):
    ans = LNFAC[tot]
    for count in sv:
        ans -= LNFAC[count]
    return ans


def lnass(sv):
    """How many assignments of residues give these counts."""
    ans = LNFAC[20]
    for size in Counter(sv + [0] * (20 - len(sv))).values():
        ans -= LNFAC[size]
    return ans


def getprob(seq):
    sv = sorted(Counter(seq).values(), reverse=True)
    total = len(seq)
    totseq = total * math.log(20)
    prob = lnass(sv) + lnperm(sv, total) - totseq
    return prob


def trim(seq):
    """The least probable part of a stretch: its first and last residue."""
    minprob, lend, rend = 1.0, 0, len(seq) - 1
    for length in range(len(seq), max(1, len(seq) - MAXTRIM), -1):
        for i in range(len(seq) - length + 1):
            prob = getprob(seq[i : i + length])
            if prob < minprob:
                minprob, lend, rend = prob, i, length + i - 1
    return lend, rend


def segments(seq, offset=0):
    """First and last residue of each stretch of low complexity."""
    found = []
    if len(seq) < WINDOW:
        return found
    H = seqent(seq)
    last = len(seq) - UPSET
    i = lowlim = DOWNSET
    while i <= last:
        if H[i] <= LOCUT and H[i] != -1:
            loi = i
            while loi - 1 >= lowlim and H[loi - 1] != -1 and H[loi - 1] <= HICUT:
                loi -= 1
            hii = i
            while hii + 1 <= last and H[hii + 1] != -1 and H[hii + 1] <= HICUT:
                hii += 1
            left, right = loi - DOWNSET, hii + UPSET - 1
            lend, rend = trim(seq[left : right + 1])
            leftend, rightend = left + lend, left + rend
            if i + UPSET - 1 < leftend:
                found += segments(seq[left:leftend], offset + left)
            found.append((leftend + offset, rightend + offset))
            i = min(hii, rightend + DOWNSET)
            lowlim = i + 1
        i += 1
    return found


def main(path):
    for entry in Path(path).read_text().split(">")[1:]:
        header, _, rest = entry.partition("\n")
        seq = rest.replace("\n", "").lower()
        masked = list(seq.upper())
        for begin, end in segments(seq):
            masked[begin : end + 1] = "x" * (end - begin + 1)
        print(">" + header)
        for start in range(0, len(seq), 60):
            print("".join(masked[start : start + 60]))
        print()


main(sys.argv[1])
