"""Does forcing alone name the seeded faults of the port? ``python -m benchmarks.capture_faults [NAMES]``.

The reference is the C program, captured without an edit; the port runs in this process, with its modules rewritten by
the import hook, one fault at a time. Nothing of the replay is used: pairs, forcing and measured floors alone.
"""

from __future__ import annotations

import argparse
import builtins
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from capture import noise
from capture.c.build import Program
from capture.c.capture import capture_c
from capture.c.prove import Job
from capture.forcing import Step, explain
from capture.pairing import pair_traces
from capture.python.forced import Forced, Moved
from capture.python.hook import Hook
from capture.python.recorder import Recorder
from capture.python.rewrite import RECORDER, Places
from capture.python.store import Settings
from capture.storage import load, save
from capture.trace import CapturedTrace

ROOT = Path(__file__).resolve().parent.parent
RESULT = "I_pixel_final"
OTHERS = ("scan", "subpixels", "mosaic")  # that make pairs certain, as in a capture with several cases


@dataclass
class Port:
    """The port in this process: its modules are rewritten as they are imported."""

    folder: Path  # with the inputs of the cases
    places: Places = field(default_factory=Places)
    modules: dict[str, ModuleType] = field(default_factory=dict)

    def install(self) -> None:
        Hook(Recorder(self.places, Settings()), ("simulator",), ROOT).install()
        sys.path.insert(0, str(ROOT / "tests" / "faults"))
        for name in ("port_faults", "test_seeded_faults", "simulator"):
            self.modules[name] = __import__(name)

    def run(self, argv: str, fault: Any = None, task: Mapping[str, Any] | None = None) -> CapturedTrace | None:
        """One run of a case with a fault and with values forced or moved; None where it fails."""
        recorder = Recorder(self.places, Settings())
        if task and "force" in task:
            recorder.force = Forced(Path(task["force"]))
        elif task and "move" in task:
            recorder.force = Moved(int(task["move"]))
        setattr(builtins, RECORDER, recorder)
        simulator = self.modules["simulator"]
        try:
            if fault is None:
                self._image(simulator, argv)
            else:
                with fault.applied():
                    self._image(simulator, argv)
        except Exception as failed:  # a forced value that the program cannot use
            print(f"  a run failed: {failed}", file=sys.stderr)
            return None
        return recorder.trace("port", {})

    def _image(self, simulator: ModuleType, argv: str) -> None:
        simulator.Simulator(simulator.Experiment.from_argv(argv.split(), self.folder), device="cpu").image()


def write_factors(folder: Path) -> None:
    """The list of structure factors that two of the cases read."""
    span = range(-22, 23)
    lines = (f"{h} {k} {l} {10 + (7 * h + 11 * k + 13 * l) % 97}" for h in span for k in span for l in span)
    (folder / "factors.hkl").write_text("\n".join(lines) + "\n")


def references(cases: Mapping[str, str], folder: Path) -> dict[str, CapturedTrace]:
    """The C program captured on each case; kept in the folder."""
    wanted = {name: folder / f"fault_case_{name}.npz" for name in cases}
    if not all(path.is_file() for path in wanted.values()):
        files = {"factors.hkl": (folder / "factors.hkl").read_bytes()}
        select = "(slow == 17 && fast == 41) || (slow == 0 && fast == 0)"
        with capture_c(Program(ROOT / "reference_c", "make"), select=select) as c:
            for name, argv in cases.items():
                job = Job(
                    f"build/nanobragg_c {argv} -seed 5",
                    files=files,
                    environment={"OMP_NUM_THREADS": "1"},
                    ignored=("stdout",),
                )
                save(c.trace(job, runs=1), wanted[name])
    return {name: load(path) for name, path in wanted.items()}


def with_region(argv: str, pixel: tuple[int, int]) -> str:
    slow, fast = pixel
    return argv if "-roi" in argv else f"{argv} -roi {fast} {fast} {slow} {slow}"


@dataclass
class Campaign:
    port: Port
    argv: Mapping[str, str]
    references: Mapping[str, CapturedTrace]
    work: Path
    floors: dict[str, dict[tuple[object, ...], float]] = field(default_factory=dict)

    def runner(self, case: str, fault: Any) -> Callable[[Sequence[Mapping[str, Any]]], list[CapturedTrace | None]]:
        return lambda tasks: [self.port.run(self.argv[case], fault, task) for task in tasks]

    def floor(self, case: str) -> dict[tuple[object, ...], float]:
        """Measured on the sound port, once a case."""
        if case not in self.floors:
            still = self.port.run(self.argv[case])
            assert still is not None
            self.floors[case] = noise.floors(still, self.runner(case, None))
        return self.floors[case]

    def named(self, fault: Any) -> list[Step]:
        """The steps at fault, as a capture of the two programs lists them."""
        cases = [fault.case, *(case for case in OTHERS if case != fault.case)][:3]
        traces = [self.port.run(self.argv[case], fault) for case in cases]
        if any(trace is None for trace in traces):
            return []
        trace = traces[0]
        assert trace is not None
        pairing = pair_traces([self.references[case] for case in cases], [t for t in traces if t is not None])
        run = self.runner(fault.case, fault)
        steps = explain(pairing, trace, 0, run, self.work, result=RESULT, floors=self.floor(fault.case))
        found = [step for step in steps if step.at_fault]
        return sorted(found, key=lambda step: -abs(step.share or 0.0))


def is_right(step: Step, quantity: str) -> bool:
    """Whether a step goes by the quantity's name on either side, component and unit aside."""
    names = {name.partition(".")[0] for name in step.pair.a.names | step.pair.b.names}
    return quantity in names


def _said(found: Sequence[Step]) -> str:
    pairs = [(step.pair.a.first, step.pair.b.first, step.share) for step in found[:3]]
    first = (f"{a.name} {a.site.place} = {b.name} {b.site.place} {share}" for a, b, share in pairs)
    return f"{len(found)} at fault: {'; '.join(first)}"


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="capture_faults", description=__doc__)
    parser.add_argument("faults", nargs="*", help="default: all")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_factors(folder)
        port = Port(folder)
        port.install()
        seeded = port.modules["test_seeded_faults"]
        argv = {name: with_region(text, seeded.PIXEL.get(name, (17, 41))) for name, text in seeded.CASES.items()}
        campaign = Campaign(port, argv, references(argv, folder), folder)
        faults = [f for f in port.modules["port_faults"].PORT_FAULTS if not given.faults or f.name in given.faults]
        right = 0
        for fault in faults:
            began = time.monotonic()
            found = campaign.named(fault)
            good = bool(found) and is_right(found[0], fault.step[1])
            right += good
            print(
                f"{'right' if good else 'WRONG'}: {fault.name} ({fault.step[1]}, {fault.case}): {_said(found)}", end=""
            )
            print(f"; {time.monotonic() - began:.0f} s", flush=True)
        print(f"first step right: {right} of {len(faults)} ({right / max(len(faults), 1):.1%})")


if __name__ == "__main__":
    main(sys.argv[1:])
