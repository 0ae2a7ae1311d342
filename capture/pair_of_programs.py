"""A pair of programs captured on a case: both traces, paired, judged, the steps at fault with their shares."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture import noise
from capture.c.capture import capture_c
from capture.errors import NothingSelected
from capture.forcing import Step, explain, final
from capture.graph import Graph, graph_of
from capture.pairing import confirm, pair_traces
from capture.pairs import Pairing
from capture.python.capture import capture_python
from capture.settings import Setup
from capture.trace import CapturedTrace

MOST_CASES = 3


@dataclass(frozen=True, slots=True)
class Captured:
    """What a capture of one case found.

    Attributes:
        cases: those that were captured for pairing, the explained one first.
        steps: the paired quantities in the order in which the port binds them.
        graph: what each pair is made from.
    """

    setup: Setup
    cases: tuple[str, ...]
    reference: CapturedTrace
    port: CapturedTrace
    pairing: Pairing
    steps: tuple[Step, ...]
    graph: Graph

    @property
    def last(self) -> Step | None:
        return final(self.steps, self.setup.result)

    def guilty(self) -> list[Step]:
        """Steps at fault, the largest share of the final difference first, then in order."""
        found = [step for step in self.steps if step.at_fault and not step.is_doubtful]
        return sorted(found, key=lambda step: -abs(step.share or 0.0))

    def differing(self) -> list[Step]:
        return [step for step in self.steps if step.differs]


def capture_pair(
    setup: Setup, case: str, *, runs: int = 2, progress: Callable[[str], None] = lambda _: None
) -> Captured:
    """Capture both programs on a case (and on some others, for pairing), and explain what differs.

    Raises:
        CaptureError and its kinds: see `capture.c.capture` and `capture.python.capture`.
    """
    cases = (case, *(name for name in setup.runs if name != case))[:MOST_CASES]
    jobs = [setup.jobs(name) for name in cases]
    repeats = (runs, *(1 for _ in cases[1:]))  # whether outputs repeat is seen on the explained case
    with tempfile.TemporaryDirectory(prefix="capture_") as name, capture_python(setup.port) as port:
        work = Path(name)
        progress("the reference: built untouched, instrumented, built again")
        with capture_c(setup.program, select=setup.select, only=setup.functions) as program:
            progress(f"the reference: {len(program.instrumented.probes.sites)} probes; run on {', '.join(cases)}")
            traces_a = [
                program.trace(job, runs=n, limits=setup.limits) for n, (job, _) in zip(repeats, jobs, strict=True)
            ]
        progress("the port: run untouched and captured")
        traces_b = [port.trace(job, runs=n) for n, (_, job) in zip(repeats, jobs, strict=True)]
        pairing = confirm(pair_traces(traces_a, traces_b), setup.pairs)
        if not pairing.pairs:
            raise NothingSelected("no quantity of the two programs could be paired: neither by value nor by name")
        progress(f"{len(pairing.accepted())} pairs accepted, {len(pairing.proposed())} proposed; forcing")

        def run(tasks: Sequence[Mapping[str, Any]]) -> list[CapturedTrace | None]:
            return port.traces(jobs[0][1], tasks)

        floors = noise.floors(traces_b[0], run)
        steps = explain(pairing, traces_b[0], 0, run, work, result=setup.result, floors=floors, reference=traces_a[0])
    graph = graph_of(pairing, traces_a[0], traces_b[0])
    return Captured(setup, cases, traces_a[0], traces_b[0], pairing, tuple(steps), graph)
