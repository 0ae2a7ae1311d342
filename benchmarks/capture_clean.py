"""Captures of a sound pair raise no alarm, and small faults are seen: ``python -m benchmarks.capture_clean [RUNS]``.

The oscillators of the tests, their C program built with many compiler flags, their port run in this process: other
sizes, other seeds of noise. Then the port with one value made wrong by ten to a thousand times its measured floor.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import itertools
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from capture import noise
from capture.c.build import Program
from capture.c.capture import CaptureC, Limits, capture_c
from capture.c.prove import Job
from capture.errors import CaptureError
from capture.forcing import Step, explain
from capture.pairing import pair_traces
from capture.python.forced import Forced, Moved
from capture.python.hook import Hook
from capture.python.recorder import Recorder
from capture.python.rewrite import RECORDER, Places
from capture.python.store import Settings
from capture.trace import CapturedTrace

ROOT = Path(__file__).resolve().parent.parent
OSCILLATOR = ROOT / "tests" / "capture" / "programs" / "oscillator"
FLAGS = (
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    "-Os",
    "-O2 -ffp-contract=off",
    "-O2 -march=native",
    "-O3 -march=native -ffp-contract=off",
    "-O2 -ffast-math",
    "-O3 -ffast-math -march=native",
    "-O2 -fopenmp",
    "-O1 -mfma",
)
FAULTY = ("spring", "drag", "half", "after", "kinetic", "potential", "stiffness", "energy")
TOGETHER = 3  # cases that are paired at once


@dataclass
class Port:
    """The port in this process."""

    source: Path

    def __post_init__(self) -> None:
        self.places = Places()
        self.hook = Hook(Recorder(self.places, Settings()), (), self.source.parent)
        self.code = self.hook.compile(self.source)

    def run(self, argv: Sequence[int], task: Mapping[str, Any] | None = None) -> CapturedTrace:
        recorder = Recorder(self.places, Settings())
        if task and "force" in task:
            recorder.force = Forced(Path(task["force"]))
        elif task and "move" in task:
            recorder.force = Moved(int(task["move"]))
        setattr(builtins, RECORDER, recorder)
        module = ModuleType("__main__")
        sys.argv = ["port.py", *map(str, argv)]
        with contextlib.redirect_stdout(io.StringIO()):
            exec(self.code, module.__dict__)
        return recorder.trace("port", {})


def explained(
    port: Port, cases: Sequence[tuple[int, int]], references: Sequence[CapturedTrace], seed: int
) -> list[Step]:
    """The steps of the first case, as a capture judges them; the floors of other seeds of noise each time."""
    traces = [port.run(case) for case in cases]
    pairing = pair_traces(references, traces)

    def run(tasks: Sequence[Mapping[str, Any]]) -> list[CapturedTrace | None]:
        return [port.run(cases[0], {**t, "move": t["move"] + 100 * seed} if "move" in t else t) for t in tasks]

    floors = noise.floors(traces[0], run)
    with tempfile.TemporaryDirectory() as work:
        return explain(pairing, traces[0], 0, run, Path(work), result="sum", floors=floors, reference=references[0])


def traced(program: CaptureC, cases: Sequence[tuple[int, int]]) -> list[CapturedTrace]:
    limits = Limits(each=20_000)
    return [program.trace(Job(f"./oscillator {n} {steps}"), runs=1, limits=limits) for n, steps in cases]


def main(words: Sequence[str]) -> None:
    runs = int(words[0]) if words else 1000
    random.seed(7)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        text = (OSCILLATOR / "port" / "port.py").read_text()
        (folder / "port.py").write_text(text)
        sound = Port(folder / "port.py")
        for flags in FLAGS:
            build = f"cc -std=c11 {flags} -o oscillator main.c oscillator.c -lm"
            share = -(-runs // len(FLAGS))
            with capture_c(Program(OSCILLATOR / "c", build)) as program:
                try:
                    campaign(program, sound, text, folder, share, counts)
                except CaptureError as refused:
                    counts["refused"] += share
                    print(f"{flags}: refused: {str(refused)[:150]}", flush=True)
                    continue
            print(f"{flags}: {dict(counts)}", flush=True)


def campaign(program: CaptureC, sound: Port, text: str, folder: Path, runs: int, counts: Counter[str]) -> None:
    """Clean runs of one build, and as many tenths of it with a fault."""
    sizes = [(random.randint(2, 9), random.randint(2, 12)) for _ in range(TOGETHER + 6)]
    sizes = list(dict.fromkeys(sizes))
    references = dict(zip(sizes, traced(program, sizes), strict=True))
    triples = list(itertools.permutations(sizes, TOGETHER))
    for seed in range(runs):
        cases = random.choice(triples)
        steps = explained(sound, cases, [references[case] for case in cases], seed)
        counts["clean"] += 1
        counts["false alarms"] += any(step.at_fault and not step.is_doubtful for step in steps)
        if seed % 5 == 0:
            name, times = random.choice(FAULTY), 10 ** random.uniform(1, 3)
            size = times * relative_floor(sound, cases[0], name)
            broken = with_fault(text, name, size)
            (folder / "broken.py").write_text(broken)
            found = explained(Port(folder / "broken.py"), cases, [references[case] for case in cases], seed)
            guilty = [step for step in found if step.at_fault and not step.is_doubtful]
            counts["faults"] += 1
            counts["seen"] += bool(guilty)
            counts["named"] += bool(guilty) and any(name in s.pair.a.names | s.pair.b.names for s in guilty)
            if not guilty:
                print(f"  not seen: {name} by {size:.2e}, {times:.0f} floors", flush=True)


def relative_floor(port: Port, case: tuple[int, int], name: str) -> float:
    """What rounding may do to a value of the port, as its report allows it, relative to its size."""
    still = port.run(case)
    floors = noise.by_label(still, noise.floors(still, lambda tasks: [port.run(case, task) for task in tasks]))
    (column, *_) = still.named(name)
    size = float(abs(column.values).max())
    return max(tolerance for label, tolerance in floors.items() if label.endswith(f".{name}")) / size


def with_fault(text: str, name: str, size: float) -> str:
    """The port with a value that is wrong by so much."""
    return re.sub(rf"^    {name} = (.+)$", rf"    {name} = (\1) * (1.0 + {size!r})", text, flags=re.MULTILINE)


if __name__ == "__main__":
    main(sys.argv[1:])
