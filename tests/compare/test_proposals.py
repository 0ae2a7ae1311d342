"""Names that may be the same quantity are proposed with the line for the vocabulary, and never paired."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.words import vocabulary
from compare.words.vocabulary import Vocabulary

Write = Callable[..., Path]
WORDS = """format = 1
name = "probe"
unknown = "optional"
[quantities.header]
length_m = { kind = "float", status = "optional" }
angle_rad = { kind = "float", status = "optional" }
axis = { kind = "float", status = "optional" }
"""


@pytest.fixture
def words(write: Write) -> Vocabulary:
    return vocabulary.load(write(WORDS, "words.toml"))


def proposed(write: Write, words: Vocabulary, a: str, b: str) -> list[str]:
    before, after = "TRACE_X: angle_rad 0.7123456\n", "TRACE_X: shared 1.25\n"
    logs = write(before + a + "\n" + after, "a.log"), write(before + b + "\n" + after, "b.log")
    result = compare_traces(*logs, vocabulary=words)
    assert result.coverage.paired == 2
    return [remark.message for remark in result.warnings if remark.kind == "proposal"]


@pytest.mark.parametrize(
    ("a", "b", "entry"),
    [
        ("length_m 0.123456789012", "dist 0.123456789012", '[[alias]] name = "dist" of = "length_m"'),
        ("length_m 0.123456789012", "d_mm 123.456789012", '[[alias]] name = "d_mm" of = "length_m" factor = 0.001'),
        ("d_mm 123.456789012", "length_m 0.123456789012", '[[alias]] name = "d_mm" of = "length_m" factor = 0.001'),
        ("axis 0.1234567 -0.5 0.25", "n -0.1234567 0.5 -0.25", '[[alias]] name = "n" of = "axis" factor = -1'),
    ],
)  # fmt: skip
def test_the_same_numbers_under_another_name(write: Write, words: Vocabulary, a: str, b: str, entry: str) -> None:
    (text,) = proposed(write, words, f"TRACE_C: {a}", f"TRACE_PY: {b}")
    assert entry in text
    assert "after angle_rad in both logs" in text


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("length_m 0.5", "dist 0.5"),  # two digits say nothing
        ("length_m 0.123456789012", "dist 0.123956789012"),
        ("length_m 0.123456789012", "dist 0.246913578024"),
        ("length_m 0.123456789012", "dist 0.123456789012 1.5"),
        ("length_m 0.123456789012", "dist 0.123456789012\nTRACE_PY: other 0.123456789012"),  # which of them?
        ("length_m 0.123456789012", "axis 0.123456789012"),  # both are known to be something else
    ],
)
def test_what_is_not_told_by_value_is_not_proposed(write: Write, words: Vocabulary, a: str, b: str) -> None:
    assert not proposed(write, words, f"TRACE_C: {a}", f"TRACE_PY: {b}")


def test_few_digits_need_a_neighbour(write: Write, words: Vocabulary) -> None:
    far = "".join(f"TRACE_PY: own{i} {i}.5\n" for i in range(3))
    a = "TRACE_C: length_m 0.12345\nTRACE_X: mid 2.5"
    assert proposed(write, words, "TRACE_C: length_m 0.12345", f"{far}TRACE_PY: dist 0.12345")
    logs = (
        write(f"{a}\nTRACE_X: end 3.5\n", "a.log"),
        write("TRACE_X: mid 2.5\nTRACE_X: end 3.5\nTRACE_PY: d 0.12345\n", "b.log"),
    )
    assert not [remark for remark in compare_traces(*logs, vocabulary=words).warnings if remark.kind == "proposal"]
