"""Origins by replay: the port's own step functions evaluated on the reference's inputs, one traced value at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.classes.origins import Replay
from compare.judging.keys import Key
from compare.judging.keys import Section as Named
from compare.judging.result import Comparison, Pair
from compare.reading.source import Held
from harness.case import Case, Section
from harness.questions.explaining import Explanation
from harness.questions.traced import Trace
from subjects.ptychography import steps as physics
from subjects.ptychography.defects import Defects
from subjects.ptychography.replay_steps import TABLE, At, Machine, Side
from subjects.ptychography.steps import STEPS, Steps

if TYPE_CHECKING:
    from compare.judging.tolerances import Tolerances


def sections_of(comparison: Comparison) -> Iterator[tuple[Sequence[Pair], Side, Side]]:
    """The pairs of each section, with what both programs state of it, as far as it was paired."""
    sections: dict[Named, list[Pair]] = {}
    for pair in comparison.pairs:
        sections.setdefault(pair.key.section, []).append(pair)
    for pairs in sections.values():
        names = [(p.key.record, p.key.name, p.key.indices) for p in pairs]
        order = {name: p.order for name, p in zip(names, pairs, strict=True)}
        a, b = ({name: getattr(p, side) for name, p in zip(names, pairs, strict=True)} for side in "ab")
        yield pairs, Side(a, order), Side(b, order)


def evaluated(side: Side, pair_: Pair, steps: Steps, machine: Machine | None) -> Any:
    """The port's step of a pair's quantity on a side's inputs; None where it cannot be evaluated."""
    step = TABLE.get((pair_.key.record, pair_.key.name))
    if step is None or pair_.key.pixel is None:
        return None
    try:
        return step(side, At(steps, machine, pair_.key.pixel, pair_.key.indices))
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return None


def replays_of(comparison: Comparison, steps: Steps, machine: Machine | None) -> dict[Key, Replay]:
    """q of every pair: the port's step on a's inputs, plus what b's own step adds to the port's on b's inputs."""
    found = {}
    for p, a, b in ((p, a, b) for pairs, a, b in sections_of(comparison) for p in pairs):
        q, own = (evaluated(side, p, steps, machine) for side in (a, b))
        if q is None or own is None or p.difference.value == "identical":
            continue
        moved = shifted(q, p.b, own)
        if moved is not None:
            tolerance = p.tolerance or 0.0
            found[p.key] = Replay(moved, tolerance, max(p.envelope or 0.0, tolerance))
    return found


def shifted(q: Any, b: Any, own: Any) -> Any:
    """q where b takes the port's step; else q plus what b's step adds. None for values of other shapes."""
    if b == own:
        return q
    qs, bs, owns = (value if isinstance(value, tuple) else (value,) for value in (q, b, own))
    if not len(qs) == len(bs) == len(owns) or any(isinstance(x, str) for x in (*qs, *bs, *owns)):
        return None
    parts = tuple(x + (y - z) for x, y, z in zip(qs, bs, owns, strict=True))
    return parts if isinstance(q, tuple) else parts[0]


@dataclass(frozen=True)
class StepReplay:
    """What the engine asks of a subject whose steps can be replayed."""

    subject_name: str

    def machine(self, case: Case, data: Path | None) -> Machine:
        """The port, ready to compute a case."""
        from harness.finding import open_subject
        from harness.running.computing import Computing
        from harness.running.scratch import prepare
        from subjects.ptychography import port
        from subjects.ptychography.description import Shared
        from subjects.ptychography.programs import Port, without_outputs

        subject = open_subject(self.subject_name)
        assert isinstance(subject, Shared)
        program = Port(Computing("cpu"), subject.trace_flag)
        prepared = prepare(subject, case, data)
        first = case.sections[:1] or ((0,) * len(subject.keys),)
        with prepared.scratch() as folder:
            command = program.command(without_outputs(prepared.case.argv), case.name, first, folder)
            setup, chosen = port.setup_of(command)
            job = port.job_of(command, setup, chosen)

        def trace(section: Section) -> str:
            words = {"traced": (section,)} if len(section) == 3 else {"traced": (), "traced_canvas": (section,)}
            results = port.computed(replace(command, **words), setup, chosen)
            return "".join(f"{line}\n" for line in port.text_of(results.traces))

        return Machine(setup, job if subject.trace_flag == "-trace_canvas" else None, trace)

    def trace(self, machine: Machine, section: Section) -> Trace:
        """Of one pixel."""
        return Trace(machine.trace(section))

    def explain(
        self, a: Trace, b: Trace, machine: Machine | None, section: Section | None, *, weigh: bool
    ) -> Explanation:
        """Both traces compared with replays."""
        from compare.judging.engine import compare_traces as compare_logs
        from compare.words.vocabulary import of_installed

        words = of_installed(self.subject_name)
        logs = [Held("a.log", a.text)], [Held("b.log", b.text)]
        aligned = compare_logs(*logs, vocabulary=words)
        if not aligned.pairs:
            return Explanation(aligned)
        steps = machine.setup.steps if machine else steps_stated(b)
        return Explanation(compare_logs(*logs, vocabulary=words, replays=replays_of(aligned, steps, machine)))

    def noise_floor(self, case: Case, sections: Sequence[Section], data: Path | None) -> Tolerances:
        """What one rounding of each input does to every value."""
        from subjects.ptychography.noise import measured

        return measured(self.subject_name, case, sections, self.machine(case, data))


def steps_stated(trace: Trace) -> Steps:
    """The port's steps with the behaviours that a trace states to be on."""
    defects = Defects.parse(trace.value("defects") or "none")
    return replace(STEPS, stored=physics.rounded) if "float32-fields" in defects else STEPS
