"""Which step decides the result, and by how much: from formulas, from sizes, and where a log misprints an input."""

from __future__ import annotations

from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison
from compare.words import vocabulary

WORDS = """
format = 1
name = "lens"
result = "flux"

[quantities.header]
gain = { kind = "float", inputs = [] }
area = { kind = "float", inputs = [] }
angle = { kind = "float", inputs = [] }
slope = { kind = "float", inputs = ["angle"] }
flux = { kind = "float", inputs = ["gain", "area", "slope"] }

[formulas]
flux = "gain * area * slope ** 2"
"""
A = {"gain": 3.25, "area": 0.123456, "angle": 0.71, "slope": 1.0345}


@pytest.fixture
def words(tmp_path: Path) -> vocabulary.Vocabulary:
    path = tmp_path / "lens.toml"
    path.write_text(WORDS)
    return vocabulary.load(path)


def flux(values: dict[str, float]) -> float:
    return values["gain"] * values["area"] * values["slope"] ** 2


def compared(tmp_path: Path, words: vocabulary.Vocabulary, b: dict[str, float], **printed: float) -> Comparison:
    """a against a program that computed with the values ``b`` and prints ``printed`` in place of some of them."""
    for name, values, shown in (("a", A, {}), ("b", {**A, **b}, printed)):
        lines = {**values, "flux": flux(values), **shown}
        (tmp_path / f"{name}.log").write_text("".join(f"TRACE_X: {key} {value!r}\n" for key, value in lines.items()))
    return compare_traces(tmp_path / "a.log", tmp_path / "b.log", vocabulary=words)


def shares(result: Comparison) -> dict[str, float]:
    return {result.pairs[share.at].key.name: share.fraction for share in result.account.shares}


def test_the_only_step_that_differs_has_it_all(tmp_path, words) -> None:
    result = compared(tmp_path, words, {"gain": 3.3})
    assert shares(result) == pytest.approx({"gain": 1.0})
    assert result.dominant is not None
    assert result.dominant.key.name == "gain"
    assert (result.account.causes, result.account.downstream, result.account.unexplained) == (1, 1, 0)


def test_shares_of_a_product_are_those_of_its_logarithms(tmp_path, words) -> None:
    """d ln flux = d ln gain + 2 d ln slope; the slope's own, since the angle is the same."""
    result = compared(tmp_path, words, {"gain": 3.25 * 1.01, "slope": 1.0345 * 1.02})
    found = shares(result)
    assert found["slope"] == pytest.approx(0.799, abs=2e-3)
    assert found["gain"] == pytest.approx(0.201, abs=2e-3)


def test_what_works_against_the_difference_is_negative(tmp_path, words) -> None:
    found = shares(compared(tmp_path, words, {"gain": 3.25 * 1.10, "area": 0.123456 / 1.02}))
    assert found["gain"] > 1 > 0 > found["area"]
    assert sum(found.values()) == pytest.approx(1.0)


def test_a_difference_that_comes_in_is_not_the_step_s_own(tmp_path, words) -> None:
    found = shares(compared(tmp_path, words, {"angle": 0.72, "slope": 1.06}))
    assert list(found) == ["angle"]


def test_a_step_far_beyond_its_input_s_difference_is_its_own(tmp_path, words) -> None:
    found = shares(compared(tmp_path, words, {"angle": 0.71 + 1e-9, "slope": 1.06}))
    assert found == pytest.approx({"slope": 1.0})


def test_a_misprinted_input_is_not_taken_at_its_word(tmp_path, words) -> None:
    """b prints another gain than its flux is made with: the slope decides, and the misprint is named."""
    result = compared(tmp_path, words, {"slope": 1.1}, gain=77.0)
    assert result.dominant is not None
    assert result.dominant.key.name == "slope"
    assert "b prints gain 77.0, but its flux is made with 3.25" in result.account.notes


def test_a_result_that_is_not_made_from_its_inputs_is_its_own(tmp_path, words) -> None:
    result = compared(tmp_path, words, {}, flux=0.5)
    assert shares(result) == pytest.approx({"flux": 1.0})


def test_zero_against_a_number_is_the_whole_difference(tmp_path, words) -> None:
    found = shares(compared(tmp_path, words, {"gain": 0.0, "area": 3.0}))
    assert max(found, key=lambda name: found[name]) == "gain"


def test_without_a_named_result_the_last_steps_stand_for_it(tmp_path) -> None:
    path = tmp_path / "lens.toml"
    path.write_text(WORDS.replace('result = "flux"\n', ""))
    result = compared(tmp_path, vocabulary.load(path), {"gain": 3.3})
    assert result.result_pair is None
    assert result.dominant is not None
    assert result.dominant.key.name == "gain"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('result = "flux"', 'result = "flow"'), "flow"),
        (("slope ** 2", "slop ** 2"), "slop"),
        (("slope ** 2", "eval(slope)"), "arithmetic"),
    ],
)
def test_a_misspelt_name_is_refused(tmp_path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "lens.toml"
    path.write_text(WORDS.replace(*change))
    with pytest.raises(vocabulary.InputError, match=message):
        vocabulary.load(path)


def test_two_identical_logs_have_no_account(tmp_path, words) -> None:
    result = compared(tmp_path, words, {})
    assert result.account.shares == ()
    assert result.dominant is None
    assert result.result_pair is not None
