"""The graph of paired quantities, and the vocabulary made of it, for the oscillators."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from capture.graph import inputs, unique_names, vocabulary
from capture.pair_of_programs import Captured, capture_pair
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
    made_from = inputs(captured.pairing, captured.reference, captured.port)
    edges = {names[n]: {names[m] for m in sources} for n, sources in made_from.items()}
    found = {name.removesuffix("_2"): sources for name, sources in edges.items()}
    for name, sources in EDGES.items():
        start = {"state_x": "x", "state_v": "v"}  # the state at the start is a quantity of its own
        assert {start.get(s, s.removesuffix("_2")) for s in found[name]} == sources, name


def test_the_vocabulary_is_one_that_compare_loads(captured: Captured, tmp_path: Path) -> None:
    text = vocabulary(captured.pairing, inputs(captured.pairing, captured.reference, captured.port), "oscillator")
    (tmp_path / "v.toml").write_text(text)
    assert "potential" in tomllib.loads(text)["quantities"]["header"]
    assert load(tmp_path / "v.toml").name == "oscillator"
