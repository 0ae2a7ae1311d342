"""Other builds of one C program are the same program: no pair of their traces may be called a divergence.

Where the number of subpixels falls on an integer, builds may sum over different ones: such a pair is incomplete, and
nothing in it is accused.

    python -m benchmarks.other_builds ../shared/golden/public 4     # cases of a golden index, random pixels of each
    python -m benchmarks.other_builds ../shared/golden/public 4 fast x87

Builds the reference program with other flags (and runs it against a libm that is one unit in the last place off),
traces some pixels of each case with every build, and compares with the standard build.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, Verdict

SOURCES = Path(__file__).resolve().parents[1] / "reference_c"
STANDARD = "-O2 -ffp-contract=off"
FLAGS = {
    "O0": "-O0 -ffp-contract=off",
    "Os": "-Os -ffp-contract=off",
    "fma": "-O3 -march=native -ffp-contract=fast",
    "fast": "-O3 -march=native -ffast-math -fno-finite-math-only",
    "x87": "-O0 -mfpmath=387",
    "libm": STANDARD,  # with the functions below in its way
}
NUDGED = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
static double nudged(double y, double x)
{
    uint64_t u;
    memcpy(&u, &x, 8);
    u = (u ^ u >> 33) * 0xff51afd7ed558ccdULL;
    u ^= u >> 33;
    return !isfinite(y) || y == 0 || u % 3 == 0 ? y : nextafter(y, u % 3 == 1 ? INFINITY : -INFINITY);
}
#define OF_ONE(f) double f(double x) { double (*own)(double) = dlsym(RTLD_NEXT, #f); return nudged(own(x), x); }
OF_ONE(sin) OF_ONE(cos) OF_ONE(tan) OF_ONE(exp) OF_ONE(log) OF_ONE(acos) OF_ONE(asin)
void sincos(double x, double *s, double *c) { *s = sin(x); *c = cos(x); }
"""


@dataclass(frozen=True)
class Build:
    """One program, and what stands before its libraries."""

    name: str
    program: Path
    preload: Path | None = None

    def trace(self, argv: Sequence[str], setup: Sequence[Sequence[str]], inputs: Path, words: Sequence[str]) -> str:
        """The trace lines of a run in a fresh folder; "" where the program refuses."""
        environment = (
            os.environ | {"OMP_NUM_THREADS": "1"} | ({"LD_PRELOAD": str(self.preload)} if self.preload else {})
        )
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(inputs, folder, dirs_exist_ok=True)
            for line in setup:
                subprocess.run([self.program, *line], cwd=folder, env=environment, capture_output=True, check=False)
            command = [self.program, *argv, "-trace_only", *words]
            run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        found = [line for line in run.stdout.splitlines() if line.startswith("TRACE_")] if run.returncode == 0 else []
        return "".join(f"{line}\n" for line in found)


def builds(folder: Path, names: Sequence[str]) -> Iterator[Build]:
    """The standard build first, then those asked for. Raises CalledProcessError where the compiler refuses."""
    for name in ("standard", *names):
        flags = FLAGS.get(name, STANDARD).split()
        sources = map(str, sorted(SOURCES.glob("*.c")))
        subprocess.run(["cc", "-std=c11", "-w", "-fopenmp", *flags, "-o", folder / name, *sources, "-lm"], check=True)
        preload = None
        if name == "libm":
            preload = folder / "nudged.so"
            (folder / "nudged.c").write_text(NUDGED)
            shared = [
                "cc",
                "-O1",
                "-fno-builtin",
                "-shared",
                "-fPIC",
                "-o",
                preload,
                folder / "nudged.c",
                "-ldl",
                "-lm",
            ]
            subprocess.run(shared, check=True)
        yield Build(name, folder / name, preload)


def compared(a: str, b: str, folder: Path) -> Comparison:
    paths = folder / "a.log", folder / "b.log"
    for path, text in zip(paths, (a, b), strict=True):
        path.write_text(text)
    return compare_traces(*paths)


def main(golden: str, pixels: str = "4", *names: str) -> int:
    index = json.loads((Path(golden) / "index.json").read_text())
    inputs = Path(golden).parent / "inputs"
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        standard, *others = builds(folder, names or tuple(FLAGS))
        for case, entry in sorted(index.items()):
            if entry.get("exit") or not entry.get("shape"):
                continue
            rng = random.Random(case)
            places = [[str(rng.randrange(size)) for size in entry["shape"]] for _ in range(int(pixels))]
            words = [word for place in places for word in ("-trace_pixel", *place)]
            run = entry["argv"], entry.get("setup", ()), inputs, words
            reference = standard.trace(*run)
            for build in others if reference else ():
                result = compared(reference, build.trace(*run), folder)
                verdicts[f"{build.name}: {result.verdict.value}"] += 1
                if result.verdict is not Verdict.PARITY:
                    first = result.first_origin or result.first_divergence
                    print(f"{case} {build.name}: {result.verdict.value}, {first.key if first else result.problems[:1]}")
    print(", ".join(f"{count} {what}" for what, count in sorted(verdicts.items())))
    return int(any(not re.search(r": (parity|incomplete)$", what) for what in verdicts))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
