"""The effective number of codons (Wright 1990) and the GC content of genes: ``codonw FILE -enc -gc -nomenu``."""

import sys
from collections import Counter
from pathlib import Path

BASES = "TCAG"
CODE = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # the standard genetic code
CODONS = [a + b + c for a in BASES for b in BASES for c in BASES]
AMINO = dict(zip(CODONS, CODE, strict=True))
SYNONYMS = {aa: [codon for codon in CODONS if AMINO[codon] == aa] for aa in CODE}


def enc(counts):
    fold, numaa, totb = [0] * 9, [0] * 9, [0.0] * 9
    for aa in sorted(SYNONYMS):
        if aa == "*":
            continue
        family = SYNONYMS[aa]
        total = sum(counts[codon] for codon in family)
        bb = 0.0
        if total > 1:
            s2 = 0.0
            for codon in family:
                n = counts[codon]
                s2 += (n / total) ** 2
            bb = (total * s2 - 1.0) / (total - 1.0)
        if bb > 1e-7:
            totb[len(family)] += bb
            numaa[len(family)] += 1
        fold[len(family)] += 1
    enc_tot = float(fold[1])
    for z in range(2, 9):
        if not fold[z]:
            continue
        if numaa[z] and totb[z] > 0:
            averb = totb[z] / numaa[z]
        elif z == 3 and numaa[2] and numaa[4] and fold[z] == 1:
            averb = (totb[2] / numaa[2] + totb[4] / numaa[4]) * 0.5
        else:
            return None
        enc_tot += fold[z] / averb
    return min(enc_tot, 61.0)


def gc(counts):
    base_tot = Counter()
    for codon, n in counts.items():
        if AMINO[codon] != "*":
            for base in codon:
                base_tot[base] += n
    totb = sum(base_tot.values())
    return (base_tot["G"] + base_tot["C"]) / totb


def main(path):
    print("title\tNc\tGC")
    for entry in Path(path).read_text().split(">")[1:]:
        title, _, rest = entry.partition("\n")
        seq = "".join(ch for ch in rest.upper() if ch in "ACGT")
        counts = Counter(seq[i : i + 3] for i in range(0, len(seq) - 2, 3))
        nc = enc(counts)
        print(f"{title[:25].replace(' ', '_')}\t{'*****' if nc is None else format(nc, '5.2f')}\t{gc(counts):5.3f}")


main(sys.argv[1])
