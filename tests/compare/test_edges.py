"""The graph at one evaluation: conditions, relations, decisions whether a line is there, and the order of the graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from compare.errors import InputError
from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, Origin, Verdict
from compare.words.references import Fact, Truth, parse_condition, parse_reference
from compare.words.vocabulary import load

HEAD = 'format = 1\nname = "made"\n'


def answering(**known: bool) -> object:
    def answer(fact: Fact) -> Truth:
        return known.get(fact.name)

    return answer


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("a=1", True),
        ("a!=1", False),
        ("b=1", False),
        ("not b=1", True),
        ("unknown=1", None),
        ("not unknown=1", None),
        ("a=1 and unknown=1", None),
        ("b=1 and unknown=1", False),
        ("a=1 or unknown=1", True),
        ("b=1 or unknown=1", None),
        ("a=1 and b=1 or a=1", True),
        ("a=1 and (b=1 or b=1)", False),
    ],
)
def test_conditions_are_true_false_or_unknown(text: str, truth: Truth) -> None:
    assert parse_condition(text).ask(answering(a=True, b=False)) is truth  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a=1 and", "(a=1", "a=1)", "a", "a=1 b=2", "x when a", "x of last step"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot read|too early|missing"):
        parse_reference(text if text.startswith("x") else f"x when {text}")


def compared(tmp_path: Path, vocabulary: str, a: str, b: str) -> Comparison:
    path = tmp_path / "words.toml"
    path.write_text(HEAD + vocabulary)
    for name, text in (("a.log", a), ("b.log", b)):
        (tmp_path / name).write_text(text)
    return compare_traces(tmp_path / "a.log", tmp_path / "b.log", vocabulary=load(path))


def origins(result: Comparison) -> dict[str, Origin]:
    return {f"{pair.key.record}.{pair.key.name}".lstrip("."): pair.origin for pair in result.differing}


SWITCHED = """
[records]
STEP = ["i"]
[quantities.header]
renewed = { kind = "int", inputs = [] }
start = { kind = "float", inputs = [] }
[quantities.STEP]
x = { kind = "float", inputs = ["start when first or renewed=1", "previous x when renewed=0"] }
"""


def steps(renewed: int | None, *values: float) -> str:
    head = "" if renewed is None else f"TRACE_C: renewed {renewed}\n"
    return head + "TRACE_C: start 1.0\n" + "".join(f"TRACE_C_STEP i={i} x={x!r}\n" for i, x in enumerate(values))


def test_an_edge_counts_where_its_condition_holds(tmp_path: Path) -> None:
    kept = compared(tmp_path, SWITCHED, steps(0, 1.0, 1.0), steps(0, 2.0, 2.0))
    assert [pair.origin for pair in kept.differing] == [Origin.ORIGIN, Origin.UNKNOWN]
    again = compared(tmp_path, SWITCHED, steps(1, 1.0, 1.0), steps(1, 2.0, 2.0))
    assert [pair.origin for pair in again.differing] == [Origin.ORIGIN, Origin.ORIGIN]


def test_what_no_log_states_makes_an_edge_possible_and_accuses_nobody(tmp_path: Path) -> None:
    result = compared(tmp_path, SWITCHED, steps(None, 1.0, 1.0), steps(None, 2.0, 2.0))
    assert [pair.origin for pair in result.differing] == [Origin.ORIGIN, Origin.UNKNOWN]


ORDER = """
[quantities.header]
made = { kind = "float", inputs = ["size"] }
size = { kind = "float", inputs = [] }
alone = { kind = "float" }
"""


def test_the_first_step_is_first_in_the_graph_not_in_the_log(tmp_path: Path) -> None:
    a = "TRACE_C: made 2.0\nTRACE_C: size 1.0\n"
    b = "TRACE_C: made 6.0\nTRACE_C: size 3.0\n"
    result = compared(tmp_path, ORDER, a, b)
    assert result.first_origin is not None
    assert result.first_origin.key.name == "size"
    assert result.first_divergence is result.first_origin


def test_it_is_said_why_an_origin_is_not_known(tmp_path: Path) -> None:
    result = compared(
        tmp_path, ORDER, "TRACE_C: made 2.0\nTRACE_C: alone 1.0\n", "TRACE_C: made 3.0\nTRACE_C: alone 2.0\n"
    )
    why = {pair.key.name: pair.why for pair in result.differing}
    assert "size is not in both logs" in why["made"]
    assert "nothing is said" in why["alone"]


def test_without_a_measured_floor_a_step_with_inputs_that_differ_at_all_is_suspect(tmp_path: Path) -> None:
    a, b = "TRACE_C: size 1.0\nTRACE_C: made 2.0\n", "TRACE_C: size 1.0000000000000002\nTRACE_C: made 3.0\n"
    result = compared(tmp_path, ORDER, a, b)
    assert origins(result)["made"] is Origin.SUSPECT
    assert result.first_origin is None
    assert result.verdict is Verdict.UNRESOLVED
    whole = compared(tmp_path, 'graph = "complete"\n' + ORDER, a, b)
    assert origins(whole)["made"] is Origin.ORIGIN


LOOPS = """
[records]
OUTER = ["i"]
INNER = ["i", "j"]
[quantities.OUTER]
total = { kind = "float", inputs = ["last INNER.sum"] }
[quantities.INNER]
sum = { kind = "float", inputs = [] }
"""


def test_last_means_within_the_enclosing_loop(tmp_path: Path) -> None:
    def log(wrong: float) -> str:
        lines = []
        for i in range(2):
            lines += [f"TRACE_C_INNER i={i} j={j} sum={float(10 * i + j)}" for j in range(2)]
            lines += [f"TRACE_C_OUTER i={i} total={10.0 * i + 1 + (wrong if i == 0 else 0.0)}"]
        return "\n".join(lines) + "\n"

    b = log(5.0).replace("i=1 j=1 sum=11.0", "i=1 j=1 sum=12.0")  # another pass of the outer loop is wrong too
    result = compared(tmp_path, LOOPS, log(0.0), b)
    assert origins(result)["OUTER.total"] is Origin.ORIGIN


CUT = """
[records]
STEP = ["i"]
[presence]
STEP = { name = "kept", inputs = ["limit"], limit = { product = ["x", "limit"], at = 1.0 } }
[quantities.header]
limit = { kind = "float", inputs = [] }
sum = { kind = "float", inputs = ["last STEP.x"] }
[quantities.STEP]
x = { kind = "float", inputs = [] }
"""


def test_whether_a_line_is_there_is_a_step_with_a_margin(tmp_path: Path) -> None:
    a = "TRACE_C: limit 0.5\nTRACE_C_STEP i=0 x=1.0\nTRACE_C_STEP i=1 x=1.5\nTRACE_C: sum 2.5\n"
    b = a.replace("TRACE_C_STEP i=1 x=1.5\n", "").replace("sum 2.5", "sum 1.0")
    result = compared(tmp_path, CUT, a, b)
    first = result.first_origin
    assert first is not None
    assert (first.key.record, first.key.name, first.a, first.b) == ("STEP", "kept", "present", "absent")
    assert first.decision is not None
    assert first.decision.margin == pytest.approx(0.25)
    assert origins(result)["sum"] is Origin.UNKNOWN  # it goes by a line that one log alone has


def test_a_limit_missed_by_rounding_accuses_nobody(tmp_path: Path) -> None:
    a = "TRACE_C: limit 0.5\nTRACE_C_STEP i=0 x=1.0\nTRACE_C_STEP i=1 x=2.0\nTRACE_C: sum 3.0\n"
    result = compared(tmp_path, CUT, a, a.replace("TRACE_C_STEP i=1 x=2.0\n", ""))
    assert result.first_origin is None
    assert result.exit_code == 1


FLAT = """
[records]
STEP = ["i"]
[quantities.header]
start = { kind = "float", inputs = [] }
[quantities.STEP]
x = { kind = "float", inputs = ["start"] }
y = { kind = "float", inputs = ["x"] }
[[alias]]
name = "old_x"
of = "first STEP.x"
[[alias]]
name = "old_y"
of = "first STEP.y"
"""


def test_old_flat_names_carry_their_graph(tmp_path: Path) -> None:
    a = "TRACE_C: start 1.0\nTRACE_C: old_y 4.0\nTRACE_C: old_x 2.0\n"
    b = "TRACE_C: start 1.0\nTRACE_C: old_y 6.0\nTRACE_C: old_x 3.0\n"
    result = compared(tmp_path, FLAT, a, b)
    assert origins(result) == {"old_x": Origin.ORIGIN, "old_y": Origin.UNKNOWN}
    assert result.first_origin is not None
    assert result.first_origin.key.name == "old_x"


def test_a_misspelt_fact_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.toml"
    path.write_text(HEAD + SWITCHED.replace("renewed=1", "renewd=1"))
    with pytest.raises(InputError, match="renewd"):
        load(path)


ROUNDED_UP = """
[records]
STEP = ["i"]
[presence]
STEP = { inputs = ["n"] }
[quantities.header]
unrounded = { kind = "float", status = "optional", inputs = [] }
n = { kind = "int", inputs = ["unrounded?"], decision = { kind = "ceil", of = "unrounded" } }
sum = { kind = "float", inputs = ["last STEP.x"] }
[quantities.STEP]
x = { kind = "float", inputs = ["n"] }
"""


def rounded_up(unrounded: str, n: int, x: str = "1.5") -> str:
    lines = [f"TRACE_C: unrounded {unrounded}", f"TRACE_C: n {n}"]
    lines += [f"TRACE_C_STEP i={i} x={x if i == 0 else n}" for i in range(n)]
    return "\n".join([*lines, f"TRACE_C: sum {n * n}.0", ""])


def test_a_count_that_rounding_has_made_larger_accuses_nobody(tmp_path: Path) -> None:
    """The lines that one log alone has keep such a pair from being called the same."""
    a, b = rounded_up("3.0", 3), rounded_up("3.0000000000000004", 4)
    for one, other in ((a, b), (b, a)):
        result = compared(tmp_path, ROUNDED_UP, one, other)
        assert result.verdict is Verdict.INCOMPLETE
        by_name = {pair.key.name: pair for pair in result.differing}
        assert by_name["n"].decision is not None
        assert by_name["n"].decision.benign
        assert all(by_name[name].excused for name in ("x", "sum", "present"))


@pytest.mark.parametrize(
    ("a", "b", "first"),
    [
        (("2.9", 3), ("3.1", 4), "unrounded"),  # made from other inputs
        (("2.9", 3), ("2.9", 4), "n"),  # far from an integer
        (("3.0", 3), ("3.0", 5), "n"),  # no neighbours
        (("3.0", 3), ("3.0", 2), "n"),  # rounded down: no value near 3 does that
        (("0", 3), ("0", 4), "n"),  # given, not rounded
    ],
)
def test_a_count_that_differs_for_another_reason_is_found(
    a: tuple[str, int], b: tuple[str, int], first: str, tmp_path: Path
) -> None:
    result = compared(tmp_path, ROUNDED_UP, rounded_up(*a), rounded_up(*b))
    assert result.verdict is Verdict.DIVERGENCE
    assert result.first_origin is not None
    assert result.first_origin.key.name == first
    assert not any(pair.excused for pair in result.pairs)


def test_a_fault_before_the_flip_is_not_excused_by_it(tmp_path: Path) -> None:
    words = ROUNDED_UP.replace('x = { kind = "float", inputs = ["n"] }', 'x = { kind = "float", inputs = [] }')
    result = compared(tmp_path, words, rounded_up("3.0", 3), rounded_up("3.0000000000000004", 4, "1.6"))
    assert result.first_origin is not None
    assert result.first_origin.key.name == "x"


def test_logs_without_the_unrounded_value_are_compared_as_before(tmp_path: Path) -> None:
    a, b = (rounded_up("3.0", n).partition("\n")[2] for n in (3, 4))
    assert compared(tmp_path, ROUNDED_UP, a, a).verdict is Verdict.PARITY
    result = compared(tmp_path, ROUNDED_UP, a, b)
    assert result.first_origin is not None
    assert result.first_origin.key.name == "n"


def test_an_index_that_differs_after_an_excused_flip_is_no_flip_of_its_own(tmp_path: Path) -> None:
    words = ROUNDED_UP + 'index = { kind = "int", inputs = ["x"], decision = { kind = "round", of = "x" } }\n'
    a, b = (
        rounded_up(unrounded, n, x).replace(f"i=0 x={x}", f"i=0 x={x} index={index}")
        for unrounded, n, x, index in (("3.0", 3, "1.2", 1), ("3.0000000000000004", 4, "1.7", 2))
    )
    result = compared(tmp_path, words, a, b)
    assert result.first_divergence is None
    assert next(pair for pair in result.pairs if pair.key.name == "index").excused
    same = compared(tmp_path, words, b, b.replace("index=2", "index=1"))
    assert same.first_origin is not None
    assert same.first_origin.key.name == "index"
