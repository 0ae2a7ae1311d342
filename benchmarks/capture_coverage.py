"""How much of what people trace by hand a capture finds: ``python -m benchmarks.capture_coverage [CASES]``.

The C program and the port of the packaged cases, captured without an edit and without their own traces, one pixel each;
then the quantities of the hand-made traces are looked for by value, and the automatic pairs are judged by the names
that both programs use for traced quantities.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capture.c.build import Program
from capture.c.capture import CaptureC, capture_c
from capture.c.prove import Job
from capture.groups import Group
from capture.pairing import Pairing, group, pair_series
from capture.python.capture import CapturePython, Port, capture_python
from capture.series import Series, series_of
from capture.trace import CapturedTrace
from harness.finding import find_subject
from harness.running.scratch import prepare

ROOT = Path(__file__).resolve().parent.parent
CASES = ("scan_through_zero", "oversampled_factors", "mosaic_gauss")
METADATA = {"trace_format", "program", "version", "mode", "defects", "device", "dtype", "case", "pixel"}
FIELD = re.compile(r"TRACE_FIELD\((\w+), (\w+), (INT|DOUBLE), (\d+)\)")
DRIVER = """import sys
import numpy as np
from simulator import Experiment, Simulator
image = Simulator(Experiment.from_argv(sys.argv[1:]), device="cpu").image()
np.asarray(image).tofile("image.bin")
"""
Truth = dict[tuple[str, str, int], list[float]]


@dataclass(frozen=True)
class Found:
    case: str
    fields: int
    reference: int
    port: int
    missing_reference: tuple[str, ...]
    missing_port: tuple[str, ...]


def fields() -> dict[tuple[str, str], int]:
    """The numeric quantities of the list of traced fields: how many components each has."""
    text = (ROOT / "reference_c" / "trace_fields.def").read_text()
    return {(r, n): int(count) for r, n, _, count in FIELD.findall(text) if n not in METADATA}


def truth_of(text: str) -> Truth:
    """The hand-made trace: all values of each component."""
    found: Truth = {}
    for line in text.splitlines():
        if match := re.match(r"TRACE_C_(\w+) (.*)", line):
            words = (word.partition("=") for word in match[2].split())
            entries = [(match[1], name, value.split(",")) for name, _, value in words]
        elif match := re.match(r"TRACE_C: (\w+) (.*)", line):
            entries = [("", match[1], match[2].split())]
        else:
            continue
        for record, name, parts in entries:
            for component, part in enumerate(parts):
                try:
                    found.setdefault((record, name, component), []).append(float(part))
                except ValueError:
                    continue
    return found


def spectrum(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Distinct magnitudes relative to the largest, without the power of ten."""
    distinct = np.unique(np.abs(np.asarray(values, dtype=np.float64)))
    largest = distinct[-1] if len(distinct) else 0.0
    if not np.isfinite(largest) or largest == 0.0:
        return distinct
    power = np.floor(np.log10(largest))
    with np.errstate(all="ignore"):
        return np.unique(np.round(distinct / 10.0**power, 10))


def index_of(groups: Sequence[Group]) -> dict[bytes, list[Group]]:
    found: dict[bytes, list[Group]] = {}
    for one in groups:
        found.setdefault(spectrum(one.vector).tobytes(), []).append(one)
    return found


def coverage(case: str, truth: Truth, a: Sequence[Series], b: Sequence[Series]) -> Found:
    """Which quantities of the trace have a captured value, on each side."""
    indices = [index_of(group(side)) for side in (a, b)]
    missing: list[list[str]] = [[], []]
    known = fields()
    wanted = sorted({(r or "HEADER", n) for r, n, _ in truth if n not in METADATA})
    wanted = [(r, n) for r, n in wanted if (r, n) in known or ("CLOSING", n) in known]
    for record, name in wanted:
        parts = [v for (r, n, _), v in truth.items() if (r or "HEADER", n) == (record, name)]
        for side, index in enumerate(indices):
            if not all(spectrum(values).tobytes() in index for values in parts):
                missing[side].append(f"{record}.{name}")
    total = len(wanted)
    return Found(case, total, total - len(missing[0]), total - len(missing[1]), tuple(missing[0]), tuple(missing[1]))


def components(truths: Sequence[Truth]) -> dict[tuple[str, str, int], tuple[bytes, ...]]:
    """The spectra of each component of the traced quantities, in all cases that have it."""
    known = fields()
    keys = {k for truth in truths for k in truth}
    wanted = [
        k for k in keys if k[1] not in METADATA and ((k[0] or "HEADER", k[1]) in known or ("CLOSING", k[1]) in known)
    ]
    return {k: tuple(spectrum(t[k]).tobytes() if k in t else b"" for t in truths) for k in wanted}


def spectra(one: Group, cases: int) -> set[tuple[bytes, ...]]:
    """The spectra of a group's members by case."""
    found = set()
    for member in one.members:
        by_case: list[list[float]] = [[] for _ in range(cases)]
        for (case, _), block in member.blocks.items():
            by_case[case] += block.values.reshape(-1).tolist()
        found.add(tuple(spectrum(values).tobytes() if values else b"" for values in by_case))
    return found


def fitting(found: set[tuple[bytes, ...]], known: set[tuple[bytes, ...]]) -> set[tuple[bytes, ...]]:
    """The traced components that a group's values are, in the cases where it and the trace have any."""
    return {
        truth
        for truth in known
        for own in found
        if any(x and x == y for x, y in zip(truth, own, strict=True))
        and all(not x or not y or x == y for x, y in zip(truth, own, strict=True))
    }


def judge(pairing: Pairing, truths: Sequence[Truth]) -> None:
    """Recall: traced quantities with every component in an accepted pair. Precision: pairs with a traced value."""
    wanted = components(truths)
    accepted: set[tuple[bytes, ...]] = set()
    right, total, wrong = 0, 0, []
    known = set(wanted.values())
    for pair in pairing.accepted():
        a, b = (fitting(spectra(group, len(truths)), known) for group in (pair.a, pair.b))
        accepted |= a & b
        if a or b:
            total += 1
            right += bool(a & b)
            if not a & b:
                wrong.append(f"{pair.a.first.name} {pair.a.first.site.place} = {pair.b.first.name}: {pair.evidence}")
    quantities = {(r, n) for r, n, _ in wanted}
    lost = sorted({(r, n) for (r, n, _), spectrum_ in wanted.items() if spectrum_ not in accepted})
    print(f"accepted {len(pairing.accepted())}, proposed {len(pairing.proposed())}")
    print(f"precision: {right} of {total}; recall: {len(quantities) - len(lost)} of {len(quantities)}")
    print("  not paired: " + ", ".join(f"{r}.{n}" for r, n in lost))
    for line in wrong[:20]:
        print("  wrong: " + line)


def captured(name: str, c: CaptureC, port: CapturePython) -> tuple[Truth, CapturedTrace, CapturedTrace]:
    subject = find_subject("nanobragg")
    case = subject.case(name)
    prepared = prepare(subject, case)
    slow, fast = case.sections[0]
    argv = " ".join([*prepared.case.argv, "-roi", str(fast), str(fast), str(slow), str(slow), "-seed", "5"])
    files = {item.name: item.content for item in prepared.inputs}
    variables = {"OMP_NUM_THREADS": "1"}  # standard output names a seed that is made from the time of day
    a = c.trace(Job(f"build/nanobragg_c {argv}", files=files, environment=variables, ignored=("stdout",)))
    b = port.trace(Job(f"{sys.executable} driver.py {argv}", files=files, environment=variables), runs=1)
    from capture.c.prove import run

    traced = run(c.trees, "plain", Job(f"build/nanobragg_c {argv} -trace_pixel {slow} {fast}", files=files))
    return truth_of(traced.streams["stdout"].decode()), a, b


def main(cases: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "driver.py").write_text(DRIVER)
        program, port = Program(ROOT / "reference_c", "make"), Port(Path(folder), packages=("simulator",))
        every = [(find_subject("nanobragg").case(name).sections[0]) for name in cases]
        select = " || ".join(f"(slow == {s} && fast == {f})" for s, f in every)
        with capture_c(program, select=select) as c, capture_python(port) as p:
            traces, truths = [], []
            for name in cases:
                truth, a, b = captured(name, c, p)
                traces.append((a, b))
                truths.append(truth)
                found = coverage(name, truth, series_of([a]), series_of([b]))
                print(f"{name}: C {found.reference}, port {found.port} of {found.fields}; outputs identical")
                print(f"  not in C: {', '.join(found.missing_reference)}")
                print(f"  not in the port: {', '.join(found.missing_port)}", flush=True)
    judge(pair_series(series_of([a for a, _ in traces]), series_of([b for _, b in traces])), truths)


if __name__ == "__main__":
    main(sys.argv[1:] or CASES)
