"""Shrinking a failing case while the same step stays the first at fault (delta debugging over the command line)."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from compare.result import Comparison, Verdict
from harness.case import Argv, Case, Pixel
from harness.choices import with_words
from harness.errors import HarnessError, NothingCompared, WrongUse
from harness.explaining import compare_texts, port_of
from harness.scratch import prepare
from simulator.errors import InputError
from simulator.flags import find_flag
from subjects.nanobragg.reference import Reference, trace_pixels

COUNTS = frozenset(
    f"-{name}"
    for name in (
        *("phisteps", "mosaic_domains", "oversample", "thicksteps", "detector_thicksteps"),
        *("hdivsteps", "vdivsteps", "divsteps", "dispsteps", "N", "Na", "Nb", "Nc"),
    )
)
"""Flags whose number is tried smaller."""

Report = Callable[[str], None]
Signature = tuple[str, str]
"""Record and name of the first step at fault."""


@dataclass(frozen=True)
class Shrinking:
    """What is shrunk, and how it is run.

    Attributes:
        case: it fails at ``pixel``.
        port_words: words that the port alone gets: its defects.
        options: how those were asked for, to be repeated where the case is shown.
    """

    case: Case
    pixel: Pixel
    port_words: Argv
    reference: Reference
    data: Path | None
    timeout_s: float
    options: str = ""


@dataclass(frozen=True)
class Smaller:
    """A case that fails like the one it came from."""

    case: Case
    pixel: Pixel
    options: str
    signature: Signature


@dataclass(frozen=True)
class Failure:
    """How a case fails."""

    signature: Signature
    size: int
    """Lines of the reference's trace: a smaller case has no more."""


def shrink(task: Shrinking, report: Report) -> Smaller:
    """Make the case smaller until nothing can be taken away.

    Raises:
        NothingCompared: it does not fail, or no step could be named.
        WrongUse: a program refuses it.
    """
    found = failure(task, task.case, task.pixel)
    if found is None:
        raise NothingCompared(
            f"case {task.case.name!r} does not fail at pixel {task.pixel}: there is nothing to shrink"
        )
    report(f"first step at fault: {'.'.join(filter(None, found.signature))}")
    case, pixel, tried = task.case, task.pixel, 0
    progress = True
    while progress:
        progress = False
        for what, candidate, at in candidates(case, pixel):
            tried += 1
            smaller = _still(task, candidate, at, found)
            if smaller is not None:
                report(f"  {what}")
                case, pixel, found, progress = candidate, at, smaller, True
                break
    report(f"{len(task.case.argv)} words became {len(case.argv)} ({tried} attempts)")
    return Smaller(case, pixel, task.options, found.signature)


def failure(task: Shrinking, case: Case, pixel: Pixel) -> Failure | None:
    """How the case fails; None for parity."""
    _, traces = trace_pixels(task.reference, prepare(case, task.data), [pixel], timeout_s=task.timeout_s)
    port = port_of(with_words(case, task.port_words), task.data)
    text = "\n".join(port.trace(*pixel).lines()) + "\n"
    signature = signature_of(compare_texts(traces[pixel], text, port, weigh=False).comparison)
    return Failure(signature, traces[pixel].count("\n")) if signature else None


def signature_of(comparison: Comparison) -> Signature | None:
    """Which step a comparison blames."""
    first = comparison.first_origin or comparison.first_divergence
    if comparison.verdict is Verdict.PARITY or first is None:
        return None
    return first.key.record, first.key.name


def _still(task: Shrinking, case: Case, pixel: Pixel, before: Failure) -> Failure | None:
    """The candidate's failure if it is at the same step and no larger; one that a program refuses has none."""
    try:
        now = failure(task, case, pixel)
    except (HarnessError, InputError):
        return None
    return now if now and now.signature == before.signature and now.size <= before.size else None


# ---- candidates -------------------------------------------------------------------------------------------------


def candidates(case: Case, pixel: Pixel) -> Iterator[tuple[str, Case, Pixel]]:
    """Smaller cases in the order in which they are tried: the boldest first."""
    if case.setup:
        yield "without what runs before", replace(case, setup=()), pixel
    groups = flag_groups(case.argv)
    if not any(group[0] == "-roi" for group in groups):
        slow, fast = (str(number) for number in pixel)
        yield f"region of pixel {slow} {fast} alone", _with(case, [*groups, ("-roi", fast, fast, slow, slow)]), pixel
    for position, group in enumerate(groups):
        rest = groups[:position] + groups[position + 1 :]
        if group[0] != "-roi":
            yield f"{group[0]} back to its default", _with(case, rest), pixel
    for position, group in enumerate(groups):
        for smaller in _smaller_counts(group):
            changed = [*groups[:position], smaller, *groups[position + 1 :]]
            yield " ".join(smaller), _with(case, changed), pixel


def _smaller_counts(group: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if group[0] not in COUNTS or len(group) != 2 or not group[1].isdigit():
        return
    count = int(group[1])
    for smaller in dict.fromkeys((1, 2, count // 2, count - 1)):
        if 0 < smaller < count:
            yield group[0], str(smaller)


def flag_groups(argv: Sequence[str]) -> list[tuple[str, ...]]:
    """The command line as flags with their values.

    Raises:
        InputError: a word that is no flag, or a flag without its values.
    """
    groups: list[tuple[str, ...]] = []
    words = list(argv)
    before = None
    while words:
        name = words.pop(0)
        _, count = find_flag(name, before).read(name, words)
        groups.append((name, *words[:count]))
        words = words[count:]
        before = name
    return groups


def _with(case: Case, groups: Sequence[tuple[str, ...]]) -> Case:
    return replace(case, argv=tuple(word for group in groups for word in group))


# ---- writing ----------------------------------------------------------------------------------------------------


def case_text(smaller: Smaller) -> str:
    """The smaller case as the text of a case file, with the command lines that show the failure."""
    case, (slow, fast) = smaller.case, smaller.pixel
    step = ".".join(filter(None, smaller.signature))
    switched = f" (with {smaller.options})" if smaller.options else ""
    lines = [
        f"# nanobragg_c {shlex.join(case.argv)} -trace_pixel {slow} {fast}",
        f"# harness explain --case {case.name}_smaller.toml {smaller.options}".rstrip(),
        "[case]",
        f"name = {json.dumps(case.name + '_smaller')}",
        f"description = {json.dumps(f'Smallest command line on which {step} is the first step at fault{switched}')}",
        f"argv = {json.dumps(list(case.argv))}",
        f"pixels = [[{slow}, {fast}]]",
    ]
    if case.setup:
        lines.append(f"setup = {json.dumps([list(line) for line in case.setup])}")
    if case.inputs:
        lines.append(f"inputs = {json.dumps(list(case.inputs))}")
    return "\n".join(lines) + "\n"


# ---- faults -----------------------------------------------------------------------------------------------------


def apply_fault(name: str | None) -> AbstractContextManager[object]:
    """The context in which a fault holds: ``module:function`` gives a context manager that breaks the port.

    Raises:
        WrongUse: there is no such function.
    """
    if name is None:
        return contextlib.nullcontext()
    module, _, attribute = name.partition(":")
    try:
        made = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise WrongUse(f"--fault takes MODULE:NAME of a function that returns a context manager; {error}") from error
    if not hasattr(made, "__enter__"):
        raise WrongUse(f"--fault {name}: the function must return a context manager, it returned {type(made).__name__}")
    return made
