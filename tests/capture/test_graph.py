"""The graph of paired quantities, and the vocabulary made of it, for the oscillators."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from capture.c.build import Program
from capture.c.capture import capture_c
from capture.c.prove import Job
from capture.chains import chains, owners_of
from capture.graph import unique_names, vocabulary
from capture.pair_of_programs import Captured, capture_pair
from capture.series import series_of
from capture.settings import read_setup
from compare.words.vocabulary import load

OSCILLATOR = Path(__file__).parent / "programs" / "oscillator"
EDGES = {
    "spring": {"stiffness", "x"},
    "kinetic": {"v"},
    "potential": {"stiffness", "x"},
    "total_energy": {"kinetic", "potential"},
}


@pytest.fixture(scope="module")
def captured() -> Captured:
    return capture_pair(read_setup(OSCILLATOR / "parity.toml"), "small")


def test_a_step_is_made_from_what_both_sources_read(captured: Captured) -> None:
    names = unique_names(captured.pairing.pairs)
    made_from = captured.graph.made_from
    edges = {names[n]: {names[m] for m in sources} for n, sources in made_from.items()}
    found = {name.removesuffix("_2"): sources for name, sources in edges.items()}
    for name, sources in EDGES.items():
        start = {"state_x": "x", "state_v": "v"}  # the state at the start is a quantity of its own
        assert {start.get(s, s.removesuffix("_2")) for s in found[name]} == sources, name


def test_a_helper_that_two_steps_call_makes_no_edge_between_them(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(
        """#include <stdio.h>
        static double twice(double u) { double v = 2.0 * u; return v; }
        int main(void) {
            double p = 1.25, q = 3.75;
            double a = twice(p) + 0.5;
            double b = twice(q) - 0.25;
            printf("%g %g\\n", a, b);
            return 0;
        }"""
    )
    with capture_c(Program(tmp_path)) as program:
        trace = program.trace(Job("./program"), runs=1)
    numbers = {name: number for number, name in enumerate("pqab")}
    keys = [(numbers[s.name], [s.key]) for s in series_of([trace]) if s.name in numbers]
    found = chains(trace, owners_of(keys)).made_from
    assert found[numbers["a"]] == {numbers["p"]}
    assert found[numbers["b"]] == {numbers["q"]}


def test_the_members_of_a_record_are_made_from_what_each_is_given(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(
        """#include <stdio.h>
        typedef struct { double first, second; } Both;
        int main(void) {
            double p = 1.25, q = 3.75;
            Both both = { .second = 2.0 * q, .first = 3.0 * p };
            printf("%g %g\\n", both.first, both.second);
            return 0;
        }"""
    )
    with capture_c(Program(tmp_path)) as program:
        trace = program.trace(Job("./program"), runs=1)
    names = ("p", "q", "both.first", "both.second")
    keys = [(names.index(s.name), [s.key]) for s in series_of([trace]) if s.name in names]
    found = chains(trace, owners_of(keys)).made_from
    assert (found[2], found[3]) == (frozenset({0}), frozenset({1}))


def test_the_vocabulary_is_one_that_compare_loads(captured: Captured, tmp_path: Path) -> None:
    text = vocabulary(captured.pairing, captured.graph.made_from, "oscillator")
    (tmp_path / "v.toml").write_text(text)
    assert "potential" in tomllib.loads(text)["quantities"]["header"]
    assert load(tmp_path / "v.toml").name == "oscillator"
