"""The C program with a fault in it: only the changed file is compiled again; and what is said of its traces."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from c_faults import CASES, PLANTED, Planted
from rare_faults import RARE, RARE_CASES

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, Origin
from harness.case import Case
from harness.running.scratch import prepare
from simulator import Simulator
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.explaining import compare_texts, port_of
from subjects.nanobragg.reference import Reference, trace_pixels

SOURCES = Path(__file__).resolve().parents[2] / "reference_c"
FLAGS = ("-std=c11", "-O1", "-ffp-contract=off", "-fopenmp", "-w")
SUBJECT = NanoBragg()
EVERY_CASE = {short: (*case, "") for short, case in CASES.items()} | RARE_CASES


class Workshop:
    """A folder of object files of the sound program, from which faulty programs are linked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for path in (*SOURCES.glob("*.c"), *SOURCES.glob("*.h"), *SOURCES.glob("*.def")):
            shutil.copy(path, folder)
        self._compile(*(path.name for path in SOURCES.glob("*.c")))
        self._objects = {path: path.read_bytes() for path in folder.glob("*.o")}
        self.sound = self._link("sound")

    def _compile(self, *names: str) -> None:
        subprocess.run(["cc", *FLAGS, "-c", *names], cwd=self._folder, check=True)

    def _link(self, name: str) -> Reference:
        program = self._folder / name
        objects = [path.name for path in self._folder.glob("*.o")]
        subprocess.run(["cc", "-fopenmp", "-o", program, *objects, "-lm"], cwd=self._folder, check=True)
        return Reference(program, own=True)

    def program(self, fault: Planted) -> Reference:
        """The program with one edit; its sources and objects are sound again afterwards."""
        path = self._folder / fault.file
        sound = path.read_text()
        path.write_text(edited(sound, fault))
        names = [fault.file] if path.suffix == ".c" else [each.name for each in self._folder.glob("*.c")]
        try:
            self._compile(*names)
            return self._link("faulty")
        finally:
            path.write_text(sound)
            for each, content in self._objects.items():
                each.write_bytes(content)


def edited(text: str, fault: Planted) -> str:
    """The source with the fault in it."""
    parts = text.split(fault.text)
    assert len(parts) > fault.occurrence + 1, f"the text of {fault.name} is not in {fault.file}"
    before = fault.text.join(parts[: fault.occurrence + 1])
    return before + fault.instead + fault.text.join(parts[fault.occurrence + 1 :])


@cache
def case_of(short: str) -> Case:
    name, pixel, defects, words = EVERY_CASE[short]
    case = SUBJECT.case(name)
    return replace(case, argv=(*case.argv, *words.split(), "-defects", defects), sections=(pixel,))


@cache
def port_on(short: str) -> Simulator:
    return port_of(case_of(short), None)


@cache
def port_text(short: str) -> str:
    return "\n".join(port_on(short).trace(*case_of(short).sections[0]).lines()) + "\n"


def trace_of(program: Reference, short: str) -> str:
    case = case_of(short)
    pixel = case.sections[0]
    return trace_pixels(program, prepare(SUBJECT, case), [pixel])[1][pixel]


@dataclass(frozen=True)
class Said:
    """What one comparison says of a fault."""

    fault: Planted
    case: str
    by: str  # compare | explain
    detected: bool
    first: str | None
    accused: tuple[str, ...]  # steps called at fault that are not
    label: str
    wrong_labels: tuple[str, ...]  # given to a step at fault, and not right for this fault

    @property
    def right(self) -> bool:
        return self.first in self.fault.steps

    def __str__(self) -> str:
        flags = [] if self.detected else ["NOT DETECTED"]
        flags += [] if self.right else [f"first {self.first}, not {' or '.join(sorted(self.fault.steps))}"]
        flags += [f"accused {', '.join(self.accused)}"] if self.accused else []
        flags += [f"called {', '.join(self.wrong_labels)}"] if self.wrong_labels else []
        return f"{self.by} {self.case}: {self.fault.name}: {'; '.join(flags) or 'right'} [{self.label}]"


def _label(name: tuple[str, str]) -> str:
    return ".".join(filter(None, name))


def said(fault: Planted, case: str, by: str, comparison: Comparison) -> Said:
    at_fault = [pair for pair in comparison.pairs if pair.origin in (Origin.ORIGIN, Origin.MIXED)]
    names = dict.fromkeys(_label((pair.key.record, pair.key.name)) for pair in at_fault)
    labels = dict.fromkeys(pair.cause.label for pair in at_fault if pair.cause and pair.cause.label != "unknown")
    first = comparison.first_origin
    return Said(
        fault,
        case,
        by,
        comparison.exit_code == 1,
        _label((first.key.record, first.key.name)) if first else None,
        tuple(name for name in names if name not in fault.steps),
        first.cause.label if first and first.cause else "none",
        tuple(label for label in labels if label not in fault.labels),
    )


def compared(text_a: str, text_b: str, folder: Path) -> Comparison:
    """``compare traces`` of two texts."""
    paths = folder / "a.log", folder / "b.log"
    for path, text in zip(paths, (text_a, text_b), strict=True):
        path.write_text(text)
    return compare_traces(*paths)


def judged(
    fault: Planted, workshop: Workshop, folder: Path, cases: tuple[str, ...] = (), *, explain: bool = True
) -> Iterator[Said]:
    """Both verdicts on a fault, for each case where it shows."""
    program = workshop.program(fault)
    texts = {short: trace_of(program, short) for short in cases or fault.cases}
    for short, text in texts.items():
        yield said(fault, short, "compare", compared(text, port_text(short), folder))
        if explain:
            explanation = compare_texts(text, port_text(short), port_on(short), weigh=False)
            yield said(fault, short, "explain", explanation.comparison)


__all__ = ["PLANTED", "RARE", "Said", "Workshop", "compared", "judged", "port_text", "trace_of"]
