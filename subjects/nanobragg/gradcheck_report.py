"""What ``harness gradcheck`` prints and seals: autograd against central differences, parameter by parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.folders.document import Document, Plot, Section, Summary, Table
from compare.progress import working
from harness.case import Section as Pixel
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.evidence.records import case_record
from harness.questions.comparing import DIVERGENCE, NOTHING_COMPARED
from harness.running.computing import Computing
from harness.running.scratch import Prepared
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.port import read_line, run_setup

if TYPE_CHECKING:
    from simulator import Experiment
    from simulator.gradients.check import GradientCheck
    from simulator.gradients.images import Region

Roi = tuple[int, int, int, int]
"""fast min, fast max, slow min, slow max; both ends inclusive, as after ``-roi``."""
GOOD = ("correct", "no influence")
MODES = ("c-parity", "spec")


@dataclass(frozen=True)
class Request:
    """What is checked: a case, its pixels, which parameters, and with which seed."""

    prepared: Prepared
    roi: Roi
    names: tuple[str, ...] = ()
    mode: str = "c-parity"
    device: str = "cpu"
    seed: int = 1


@dataclass(frozen=True)
class Checked:
    """The checks of the parameters, and of what the phi = 0 steps add (c-parity, and corrected)."""

    parameters: tuple[GradientCheck, ...]
    carried: Mapping[str, tuple[GradientCheck, ...]]

    @property
    def faults(self) -> list[str]:
        """A sentence for every gradient that is not right."""
        return [
            f"{check.name}: {check.verdict} (deviation {check.relative_deviation:.3g} of the largest gradient)"
            for check in (*self.parameters, *(c for checks in self.carried.values() for c in checks))
            if check.verdict not in GOOD
        ]


def check(request: Request) -> Checked:
    """Check the gradients of a case on a few pixels.

    Raises:
        InputError: an unknown parameter, a region outside the detector or all dark.
    """
    from simulator.gradients.check import Settings, check_carried_cell, check_gradients

    settings = Settings(seed=request.seed)
    with working("gradients beside finite differences"):
        parameters = tuple(check_gradients(region_of(request), request.names, settings))
    with working("gradients through the carried cell"):
        carried = {mode: tuple(check_carried_cell(region_of(request, mode), settings)) for mode in MODES}
    return Checked(parameters, {mode: checks for mode, checks in carried.items() if checks})


def region_of(request: Request, mode: str | None = None) -> Region:
    """The pixels of a request with the case's experiment."""
    from simulator.gradients.images import Region

    experiment = _experiment(request.prepared, request.device)
    return Region(experiment, request.roi, mode or request.mode, device=request.device)


def around(prepared: Prepared, pixel: Pixel) -> Roi:
    """The pixels next to one, as far as the detector goes."""
    slow, fast = pixel
    detector = _experiment(prepared, "cpu").detector
    fast_max, slow_max = min(fast + 1, detector.pixels_fast - 1), min(slow + 1, detector.pixels_slow - 1)
    return max(0, fast - 1), fast_max, max(0, slow - 1), slow_max


def _experiment(prepared: Prepared, device: str) -> Experiment:

    with prepared.scratch() as folder:
        run_setup(prepared, folder, Computing(device))
        return read_line(prepared.case.argv, folder)


def run_gradcheck(request: Request, *, root: Path, redact: bool) -> int:
    """Check, print a line a parameter, seal; gives the exit code."""
    name = request.prepared.case.name
    with Evidence(root, f"gradcheck_{name}", redact=redact) as evidence:
        evidence.write_json("case.json", {**case_record(NanoBragg(), request.prepared, []), "roi": list(request.roi)})
        checked = check(request)
        faults = checked.faults
        checks = [*checked.parameters, *(c for found in checked.carried.values() for c in found)]
        evidence.status = DIVERGENCE if faults else 0 if checks else NOTHING_COMPARED
        log = "\n".join(lines_of(checked)) + "\n"
        evidence.write("gradcheck.log", log)
        evidence.write("gradcheck.py", script(request))
        evidence.write_json("gradcheck.json", record_of(checked))
        evidence.write_json("metrics.json", {"exit_code": evidence.status, "faults": faults})
        evidence.write_json("env.json", environment_record(device=request.device, dtype="float64"))
        evidence.document = _document(request, checked, evidence.status)
    print(log, end="")
    for fault in faults:
        print(f"FAIL {fault}")
    print(f"sealed: {evidence.final}")
    return evidence.status


def record_of(checked: Checked) -> dict[str, Any]:
    """All figures of the checks, for JSON."""
    return {
        "parameters": [_finite(check.record()) for check in checked.parameters],
        "through_the_carried_cell": {
            mode: [_finite(check.record()) for check in checks] for mode, checks in checked.carried.items()
        },
    }


def _finite(record: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that JSON cannot hold as words."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in record.items()
    }


def lines_of(checked: Checked) -> list[str]:
    """A line for each check: verdict, norm, deviation at the best step, how it fell, and the planted error's."""
    table = _table(checked.parameters, "")
    lines = [_line(table.columns), *(_line(_short(row)) for row in table.rows)]
    for mode, checks in checked.carried.items():
        lines += ["", f"what the phi = 0 steps add to the last pixel, {mode}:"]
        lines += [_line(_short(row)) for row in _table(checks, "").rows]
    return lines


def _line(cells: Sequence[object]) -> str:
    widths = (26, 12, 11, 11, 11, 6, 11)
    return "  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _short(row: Sequence[object]) -> list[str]:
    return ["-" if cell is None else f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row]


def _table(checks: Sequence[GradientCheck], caption: str) -> Table:
    columns = ("parameter", "verdict", "norm", "deviation", "at step", "order", "planted error")
    rows = tuple(
        (
            check.name,
            check.verdict,
            check.gradient_norm,
            check.relative_deviation,
            check.best_step,
            check.order,
            min(check.planted_deviations) / check.gradient_largest if check.gradient_largest else None,
        )
        for check in checks
    )
    return Table(columns, rows, caption)


def _document(request: Request, checked: Checked, status: int) -> Document:
    name, faults = request.prepared.case.name, checked.faults
    words = (
        "Each parameter p is moved as p0 (1 + t); pixels are divided by the brightest. A correct gradient's deviation "
    )
    words += (
        "falls with the square of the step (order 2) until rounding takes over. The last column is the deviation of "
    )
    words += "a gradient made wrong by one percent on purpose, which must not pass."
    caption = "Deviations are relative to the largest gradient."
    sections = [Section("Parameters", (words,), table=_table(checked.parameters, caption))]
    curves = {
        check.name: tuple(
            (step, deviation / check.gradient_largest)
            for step, deviation in zip(check.steps, check.deviations, strict=True)
        )
        for check in checked.parameters
        if check.gradient_largest
    }
    fall = Plot("Deviation by step size", "step in t", "deviation / largest gradient", curves, logarithmic=True)
    sections.append(Section("How the deviation falls", plot=fall))
    for mode, checks in checked.carried.items():
        heading = f"Through the carried cell, {mode}"
        said = (
            "In c-parity the phi = 0 step uses the cell that another step's rotation left, so gradients by phi start "
        )
        said += "and spindle flow through it; corrected, it uses the unrotated cell and they vanish."
        sections.append(
            Section(heading, (said,), table=_table(checks, "What the phi = 0 steps add to the last pixel."))
        )
    good = sum(check.verdict in GOOD for check in checked.parameters)
    return Document(
        title=f"Gradients of {name}",
        verdict={0: "correct", DIVERGENCE: "wrong"}.get(status, "nothing compared"),
        exit_code=status,
        headline="; ".join(faults) or f"{good} of {len(checked.parameters)} gradients are those of finite differences.",
        facts=(
            ("case", name),
            ("mode", request.mode),
            ("region", " ".join(map(str, request.roi)) + " (fast min, fast max, slow min, slow max)"),
            ("seed", str(request.seed)),
        ),
        sections=tuple(sections),
        next_steps=("`python gradcheck.py` repeats the check.",),
        summary=Summary(name, request.device),
    )


def script(request: Request) -> str:
    """``gradcheck.py``: repeats the check by itself, on inputs with the same hashes."""
    case = request.prepared.case
    hashes = case_record(NanoBragg(), request.prepared, [])["inputs"]
    return f'''"""Repeats a gradient check: python gradcheck.py [FOLDER OF INPUT FILES]

Needs the project installed; input files that are not packaged are looked for in the folder given.
"""

import hashlib
import sys
from pathlib import Path

from harness.case import Case
from harness.running.scratch import prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.gradcheck_report import Request, check, lines_of

CASE = Case(
    name={case.name!r},
    argv={case.argv!r},
    setup={case.setup!r},
)
HASHES = {hashes!r}
ROI = {request.roi!r}

prepared = prepare(NanoBragg(), CASE, Path(sys.argv[1]) if len(sys.argv) > 1 else None)
for item in prepared.inputs:
    if hashlib.sha256(item.content).hexdigest() != HASHES[item.name]:
        sys.exit(f"{{item.name}} from {{item.source}} is not the file that was checked")
checked = check(Request(prepared, ROI, {request.names!r}, {request.mode!r}, {request.device!r}, {request.seed!r}))
print("\\n".join(lines_of(checked)))
sys.exit("\\n".join(checked.faults) or 0)
'''
