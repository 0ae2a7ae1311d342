"""The vocabulary's graph is that of the steps: at every evaluation of every case and mode the same edges."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from compare.classes.graph import Graph
from compare.judging.engine import compare_traces
from compare.judging.result import Comparison
from compare.words.vocabulary import packaged
from harness.case import Case
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.explaining import port_of
from subjects.nanobragg.replay.context import context_of_case
from subjects.nanobragg.replay.replays import DERIVED, all_steps
from subjects.nanobragg.replay.step import Input, Step
from subjects.nanobragg.replay.values import NOWHERE, SideValues, sides_of

SUBJECT = NanoBragg()
CASES = [
    (name, mode) for name in SUBJECT.case_names() for mode in SUBJECT.case(name).modes if not SUBJECT.case(name).fails
]
SWITCHED = ("oversample-compounds", "last-layer-capture", "phi-carryover", "background-scaling")


@cache
def in_mode(name: str, defects: str) -> Case:
    case = SUBJECT.case(name)
    return Case(**{**case.__dict__, "argv": (*case.argv, "-defects", defects)})


def place(values: SideValues, name: tuple[str, str], row: int) -> tuple[int, ...]:
    return (1, *values.rows(name[0]).index[row].tolist())


def derived(values: SideValues, steps: list) -> dict[tuple, set]:
    """Step at a place -> the places that it is made from, as the replay has them."""
    edges: dict[tuple, set] = {}
    for step in steps:
        names = step.names if isinstance(step, Step) else (step.name,)
        inputs: tuple[Input, ...] = step.edges if isinstance(step, Step) else step.also
        for number, row in enumerate(step.rows.tolist()):
            for name in names:
                here = edges.setdefault(((step.record, name), place(values, (step.record, name), row)), set())
                for given in inputs:
                    source = 0 if given.at is None else int(given.at[min(number, len(given.at) - 1)])
                    if source != NOWHERE and values.rows(given.name[0]).has(given.name[1])[source]:
                        here.add((given.name, place(values, given.name, source)))
    return edges


def stated(comparison: Comparison, graph: Graph) -> dict[tuple, set]:
    """The same, as the vocabulary has them."""
    return {
        ((pair.key.record, pair.key.name), graph.place_of(pair.key)): {
            (found.name, found.place) for found in graph.inputs(pair.key, pair.order).found
        }
        for pair in comparison.pairs
    }


def differences(case: Case, tmp_path: Path) -> list[str]:
    simulator = port_of(case, None)
    pixel = case.sections[0]
    log = tmp_path / "port.log"
    log.write_text("\n".join(simulator.trace(*pixel).lines()) + "\n")
    held: list[Graph] = []
    comparison = compare_traces(log, log, inspect=held.append)
    values = sides_of(comparison, comparison.pairs[0].key.pixel)[0]
    context = context_of_case(simulator, pixel)
    assert context.own is not None
    values = values.with_header({n: v for n, v in context.own.header.items() if n not in DERIVED})
    by_steps = derived(values, list(all_steps(values, context)))
    by_words = stated(comparison, held[0])
    metadata = {q.name for q in packaged().quantities.values() if q.status == "metadata"}
    return [
        f"{where}: steps {sorted(by_steps[where] - by_words[where])}, words {sorted(by_words[where] - by_steps[where])}"
        for where in by_steps
        if where in by_words and where[0][1] not in metadata and by_steps[where] != by_words[where]
    ]


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_edges_of_the_steps_are_those_of_the_vocabulary(name: str, mode: str, tmp_path: Path) -> None:
    found = differences(in_mode(name, "all" if mode == "c-parity" else "none"), tmp_path)
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize(
    "defects", ["oversample-compounds", "last-layer-capture", "phi-carryover", "background-scaling"]
)
@pytest.mark.parametrize("name", ["oversampled_factors", "thick_sensor", "water_background", "curved_swung"])
def test_edges_follow_single_switches(name: str, defects: str, tmp_path: Path) -> None:
    found = differences(in_mode(name, defects), tmp_path)
    assert not found, "\n".join(found[:20])
