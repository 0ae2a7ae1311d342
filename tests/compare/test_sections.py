"""Sections of no, one, two and three integers, with names: in reading, alignment, findings and every output."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from compare.errors import InputError
from compare.judging import waivers
from compare.judging.engine import Window, compare_traces
from compare.judging.keys import NOWHERE, Key, Section
from compare.judging.result import Comparison, ProblemKind, Verdict
from compare.judging.tolerances import Floor, Step, Tolerances
from compare.reading.columns import parse_block
from compare.reading.table import Block
from compare.render import csv_, html, json_, junit, markdown
from compare.words import vocabulary
from compare.words.vocabulary import Vocabulary

Write = Callable[..., Path]
SMALL = Window(rows=4, waiting_rows=8, block_bytes=64)


def words(keys: str = 'epoch = ["epoch"], pixel = ["slow", "fast"]', more: str = "") -> Vocabulary:
    text = f'format = 1\nname = "v"\nunknown = "optional"\n[section]\nkeys = {{ {keys} }}\n{more}'
    return vocabulary.of_table(tomllib.loads(text), "v")


NESTED = words()
PLACES = {
    0: [()],
    1: [(3,), (-4,), (0,)],
    2: [(3, 5), (3, -5), (-7, 5)],
    3: [(3, 5, 6), (4, 5, 6), (-1, 0, -2)],
}
NAMES = ("run", "row", "col")


def named(side: str, places: Sequence[tuple[int, ...]], wrong: tuple[int, ...] | None = None) -> str:
    """A log whose sections are stated by name, one line each."""
    lines = []
    for place in places:
        stated = " ".join(f"{name}={number}" for name, number in zip(NAMES, place, strict=False))
        lines += [f"TRACE_{side}_SECTION {stated}"] if stated else []
        rate = sum(place) / 7 + (1.0 if place == wrong else 0.0)
        lines += [f"TRACE_{side}: rate {rate!r}"]
        lines += [f"TRACE_{side}_STEP step={step} level={rate + step / 3!r}" for step in range(3)]
    return "".join(f"{line}\n" for line in lines)


def nested(side: str, epochs: Sequence[int], pixels: Sequence[tuple[int, int]], rate: float = 0.5) -> str:
    """A log of epochs with the same pixels in each; the rate is said once for an epoch."""
    lines = []
    for epoch in epochs:
        lines += [f"TRACE_{side}: epoch {epoch}", f"TRACE_{side}: rate {rate * epoch!r}"]
        for slow, fast in pixels:
            lines += [f"TRACE_{side}: pixel {slow} {fast}", f"TRACE_{side}: level {rate * epoch + slow / 7!r}"]
    return "".join(f"{line}\n" for line in lines)


@pytest.fixture
def compared(write: Write) -> Callable[..., Comparison]:
    def run(a: str, b: str, with_words: Vocabulary = NESTED, **more: object) -> Comparison:
        return compare_traces(write(a, "a.log"), write(b, "b.log"), vocabulary=with_words, **more)  # type: ignore[arg-type]

    return run


# ---------------------------------------------------------------- the value


def test_a_section_is_integers_with_names() -> None:
    section = Section.of({"epoch": (3,), "pixel": (5, -6)})
    assert str(section) == "epoch 3 pixel 5 -6"
    assert section.parts == {"epoch": (3,), "pixel": (5, -6)}
    assert section.pixel == (5, -6)
    assert section.inside(Section.of({"epoch": (3,)}))
    assert not Section.of({"epoch": (3,)}).inside(section)
    assert section.has(Section.of({"pixel": (5, -6)}))
    assert not section.has(Section.of({"pixel": (5, 6)}))
    assert not NOWHERE
    assert str(NOWHERE) == ""
    assert str(Key("x", "STEP", (("k", 1),), section)) == "epoch 3 pixel 5 -6: STEP[k=1].x"


# ---------------------------------------------------------------- reading and alignment


@pytest.mark.parametrize("count", PLACES)
@pytest.mark.parametrize("window", [None, SMALL])
def test_sections_of_any_number_of_integers_are_parity_with_themselves(compared, count: int, window) -> None:
    places = PLACES[count]
    result = compared(named("C", places), named("PY", places), window=window)
    assert result.verdict is Verdict.PARITY
    assert result.coverage.paired == 4 * len(places)
    assert result.coverage.only_a == result.coverage.only_b == 0
    expected = [Section(NAMES[:count], place) for place in places if place]
    assert list(result.sides[0].sections) == list(result.sides[1].sections) == expected


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("window", [None, SMALL])
def test_the_order_of_sections_does_not_matter(compared, count: int, window) -> None:
    places = PLACES[count]
    result = compared(named("C", places), named("PY", places[::-1]), window=window)
    assert result.verdict is Verdict.PARITY
    assert result.coverage.paired == 4 * len(places)


@pytest.mark.parametrize("count", PLACES)
def test_a_difference_is_named_with_its_section(compared, count: int) -> None:
    places = PLACES[count]
    result = compared(named("C", places), named("PY", places, wrong=places[-1]))
    assert result.exit_code == 1
    assert {pair.key.section for pair in result.differing} == {Section(NAMES[:count], places[-1])}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("lacking", ["a", "b"])
def test_a_section_that_one_log_lacks_is_a_finding_and_never_parity(compared, count: int, lacking: str) -> None:
    whole, part = PLACES[count], PLACES[count][:-1]
    a, b = (part, whole) if lacking == "a" else (whole, part)
    result = compared(named("C", a), named("PY", b))
    found = [problem for problem in result.problems if problem.kind is ProblemKind.SECTION_MISSING]
    assert result.verdict is Verdict.INCOMPLETE
    assert len(found) == 1
    assert str(Section(NAMES[:count], whole[-1])) in found[0].message


def test_several_sections_against_none_are_a_finding(compared) -> None:
    result = compared("TRACE_C: top 1\n" + named("C", PLACES[1]), "TRACE_PY: top 1\nTRACE_PY: rate 0.5\n")
    assert result.exit_code != 0
    assert "states no section" in " ".join(problem.message for problem in result.problems)


def test_one_section_goes_with_a_log_that_states_none(compared) -> None:
    result = compared(named("C", [(3, 5, 6)]), named("PY", [(3, 5, 6)]).split("\n", 1)[1])
    assert result.verdict is Verdict.PARITY
    assert any("only a states its section (run 3 row 5 col 6)" in remark.message for remark in result.warnings)


def test_how_the_names_of_a_section_are_ordered_does_not_matter(compared) -> None:
    turned = re.sub(r"(run=\S+) (row=\S+) (col=\S+)", r"\3 \1 \2", named("PY", PLACES[3]))
    result = compared(named("C", PLACES[3]), turned)
    assert result.verdict is Verdict.PARITY
    assert {str(section) for side in result.sides for section in side.sections} == {
        str(Section(NAMES, place)) for place in PLACES[3]
    }


@pytest.mark.parametrize(
    "stated", ["epoch=3 pixel=5,6", "pixel=5,6 epoch=3", "epoch=3 slow=5 fast=6", "fast=6 slow=5 epoch=3"]
)
def test_a_section_by_name_is_that_of_the_lines_that_open_it(compared, stated: str) -> None:
    b = f"TRACE_PY: epoch 3\nTRACE_PY: rate 1.5\nTRACE_PY_SECTION {stated}\nTRACE_PY: level 2.5\n"
    a = "TRACE_C: epoch 3\nTRACE_C: rate 1.5\nTRACE_C: pixel 5 6\nTRACE_C: level 2.5\n"
    result = compared(a, b)
    assert result.verdict is Verdict.PARITY
    assert str(result.pairs[-1].key) == "epoch 3 pixel 5 6: level"


def test_other_names_for_the_same_integers_are_other_sections(compared) -> None:
    text = "TRACE_C: top 1\nTRACE_C_SECTION row=3 col=5\nTRACE_C: x 1\n"
    result = compared(text, text.replace("row=3 col=5", "col=3 row=5"))
    assert result.exit_code != 0
    assert sum(problem.kind is ProblemKind.SECTION_MISSING for problem in result.problems) == 2


def test_a_section_in_which_nothing_is_said_is_there_all_the_same(compared) -> None:
    a = named("C", [(1,)]) + "TRACE_C_SECTION run=2\n"
    assert compared(a, a.replace("_C", "_PY")).verdict is Verdict.PARITY
    assert compared(a, named("PY", [(1,)])).verdict is Verdict.INCOMPLETE


def test_a_partial_log_may_lack_the_sections_after_its_end(compared) -> None:
    whole, part = named("C", PLACES[2]), named("PY", PLACES[2][:2])
    assert compared(whole, part, partial=True).verdict is Verdict.PARITY
    assert compared(whole, named("PY", PLACES[2][1:]), partial=True).verdict is Verdict.INCOMPLETE


# ---------------------------------------------------------------- lines that open parts of a section


def test_two_epochs_of_the_same_pixel_stay_apart(compared) -> None:
    pixels = [(5, 6), (7, 8)]
    result = compared(nested("C", [3, 4], pixels), nested("PY", [4, 3], pixels[::-1]))
    assert result.verdict is Verdict.PARITY
    levels = [str(pair.key) for pair in result.pairs if pair.key.name == "level"]
    assert levels[0] == "epoch 3 pixel 5 6: level"
    assert levels[-1] == "epoch 4 pixel 7 8: level"
    assert [str(pair.key) for pair in result.pairs if pair.key.name == "rate"] == ["epoch 3: rate", "epoch 4: rate"]


def test_what_is_said_of_an_epoch_is_an_input_of_its_pixels(compared) -> None:
    graph = (
        '[quantities.header]\nrate = { kind = "float", inputs = [] }\nlevel = { kind = "float", inputs = ["rate"] }\n'
    )
    known = words(more=graph)
    a = nested("C", [3, 4], [(5, 6)])
    at_fault = compared(a, a.replace("level 2.7", "level 3.7"), known)
    assert [str(pair.key) for pair in at_fault.pairs if pair.origin.value == "origin"] == ["epoch 4 pixel 5 6: level"]
    inherited = compared(a, nested("C", [3, 4], [(5, 6)], rate=0.75), known)
    assert {pair.key.name for pair in inherited.pairs if pair.origin.value == "origin"} == {"rate"}


def test_a_value_that_one_log_alone_has_in_the_section_is_not_taken_from_around_it(compared) -> None:
    graph = (
        '[quantities.header]\nrate = { kind = "float", inputs = [] }\nlevel = { kind = "float", inputs = ["rate"] }\n'
    )
    a = "TRACE_C: epoch 3\nTRACE_C: rate 0.5\nTRACE_C: pixel 5 6\nTRACE_C: rate 0.75\nTRACE_C: level 1.5\n"
    b = "TRACE_C: epoch 3\nTRACE_C: rate 0.5\nTRACE_C: pixel 5 6\nTRACE_C: level 2.5\n"
    result = compared(a, b, words(more=graph))
    assert result.exit_code == 1
    assert result.first_origin is None


def test_several_names_on_one_line_and_in_records(compared) -> None:
    a = "TRACE_C: epoch 3 pixel 5 6 level 0.5\nTRACE_C_STEP k=0 x=1.5\nTRACE_C_STEP pixel=7,8 k=0 x=2.5\n"
    result = compared(a, a)
    assert [str(pair.key) for pair in result.pairs] == [
        "epoch 3 pixel 5 6: level",
        "epoch 3 pixel 5 6: STEP[k=0].x",
        "epoch 3 pixel 7 8: STEP[k=0].x",
    ]


def test_an_index_of_a_record_is_no_section(compared) -> None:
    known = words(more='[records]\nSTEP = ["epoch", "k"]\n')
    result = compared("TRACE_C_STEP epoch=3 k=0 x=1.5\n", "TRACE_C_STEP epoch=3 k=0 x=1.5\n", known)
    assert [str(pair.key) for pair in result.pairs] == ["STEP[epoch=3 k=0].x"]


def test_a_heading_that_is_a_quantity_too_is_compared(compared) -> None:
    known = words('pixel = ["slow", "fast"], position = ["pos"]', "[quantities.header]\nposition = { kind = 'int' }\n")
    a = "".join(f"TRACE_C: pixel 5 6\nTRACE_C: position {at}\nTRACE_C: x {at / 7!r}\n" for at in (3, 4))
    result = compared(a, a, known)
    assert [str(pair.key) for pair in result.pairs] == [
        f"pixel 5 6 position {at}: {name}" for at in (3, 4) for name in ("position", "x")
    ]
    assert [str(section) for section in result.sides[0].sections] == ["pixel 5 6 position 3", "pixel 5 6 position 4"]


def test_headings_of_another_form_are_malformed(compared) -> None:
    result = compared("TRACE_C: pixel 5\nTRACE_C: x 1\n", "TRACE_C: pixel 5\nTRACE_C: x 1\n")
    assert any("2 integers, slow and fast, were required" in problem.message for problem in result.problems)
    result = compared("TRACE_C: epoch 5.5\nTRACE_C: x 1\n", "TRACE_C: epoch 5.5\nTRACE_C: x 1\n")
    assert any("1 integer, epoch, were required" in problem.message for problem in result.problems)


@pytest.mark.parametrize("keys", ["epoch = []", "epoch = 1", 'epoch = "epoch"', "epoch = [1]"])
def test_a_vocabulary_says_what_integers_are_called(keys: str) -> None:
    with pytest.raises(InputError, match=r"\[section.keys\] epoch"):
        words(keys)


def test_many_sections_are_read_alike_by_blocks_of_any_size(compared) -> None:
    places = [(run, row, -row) for run in range(3) for row in range(40)]
    results = [
        compared(named("C", places), named("PY", places), window=window)
        for window in (None, Window(block_bytes=1000), Window(rows=50, block_bytes=100))
    ]
    assert {result.coverage.paired for result in results} == {4 * len(places)}
    assert {result.sides[0].sections for result in results} == {tuple(Section(NAMES, place) for place in places)}


# ---------------------------------------------------------------- tolerances, waivers, outputs


def test_a_floor_holds_for_the_sections_that_it_names(compared) -> None:
    a = nested("C", [3, 4], [(5, 6)])
    b = a.replace("level ", "level 1")
    floor = Floor("level", 1e3, 1e3, Section.of({"epoch": (4,)}))
    given = Tolerances(Step("default", 1e-11, 1e-11), floors={"level": [floor]})
    result = compared(a, b, tolerances=given)
    assert [str(pair.key.section) for pair in result.differing] == ["epoch 3 pixel 5 6"]


def test_a_waiver_holds_for_the_sections_that_it_names(compared, tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    entry = '[[waiver]]\nname = "level"\nwhy = "known"\nwho = "M."\nuntil = 2931-01-31\nsection = { epoch = 4 }\n'
    file.write_text(entry)
    a = nested("C", [3, 4], [(5, 6)])
    result = waivers.apply(compared(a, a.replace("level ", "level 1")), waivers.load(file))
    assert [str(pair.key.section) for pair in result.waived] == ["epoch 4 pixel 5 6"]
    assert [str(pair.key.section) for pair in result.pairs if pair.fails] == ["epoch 3 pixel 5 6"]


@pytest.mark.parametrize("count", PLACES)
def test_json_has_sections_by_name_and_reads_back(compared, count: int) -> None:
    places = PLACES[count]
    result = compared(named("C", places), named("PY", places, wrong=places[0]))
    document = json.loads(json_.render(result))
    assert document["pairs"][0]["key"]["section"] == dict(zip(NAMES, places[0], strict=False))
    assert document["pairs"][0]["key"]["pixel"] is None
    assert document["sides"]["a"]["pixels"] == []
    again = json_.read(json_.render(result))
    assert list(again.pairs) == list(result.pairs)
    assert again.sides == result.sides


def test_json_keeps_the_pixel_by_itself_too(compared) -> None:
    result = compared(nested("C", [3], [(5, 6)]), nested("PY", [3], [(5, 6)]))
    key = json.loads(json_.render(result))["pairs"][1]["key"]
    assert (key["section"], key["pixel"]) == ({"epoch": 3, "pixel": [5, 6]}, [5, 6])


def test_every_output_names_the_section(compared) -> None:
    result = compared(nested("C", [3, 4], [(5, 6)]), nested("PY", [3, 4], [(5, 6)], rate=0.75))
    for renderer in (html, junit, markdown):
        text = renderer.render(result)
        assert "epoch 3 pixel 5 6: level" in text
        assert "epoch 4: rate" in text
    rows = list(csv.DictReader(io.StringIO(csv_.render(result))))
    assert {row["section"] for row in rows} == {"epoch 3", "epoch 3 pixel 5 6", "epoch 4", "epoch 4 pixel 5 6"}
    assert {(row["pixel_slow"], row["pixel_fast"]) for row in rows} == {("", ""), ("5", "6")}


def test_the_name_of_a_section_is_text(compared) -> None:
    text = "TRACE_C_SECTION <b>x</b>=3\nTRACE_C: y {}\n"
    result = compared(text.format(1.5), text.format(2.5))
    assert "<b>x" not in html.render(result)


def test_comparisons_written_before_sections_had_names_read_back(compared) -> None:
    known = words('pixel = ["slow", "fast"]')
    result = compared("TRACE_C: pixel 5 6\nTRACE_C: x 1.5\n", "TRACE_PY: pixel 5 6\nTRACE_PY: x 2.5\n", known)
    document = json.loads(json_.render(result))
    entries = [*document["metadata"], *(pair["key"] for pair in document["pairs"])]
    entries += [problem["key"] for problem in document["problems"] if problem["key"]]
    for entry in entries:
        del entry["section"]
    for side in document["sides"].values():
        del side["sections"]
    again = json_.read(json.dumps(document))
    assert list(again.pairs) == list(result.pairs)
    assert again.sides == result.sides


LINES = [
    "TRACE_C: pixel {0} -{1}",
    "TRACE_C: epoch -{0}",
    "TRACE_C: epoch {0} pixel {1} 3 level 0.{1}",
    "TRACE_C_SECTION epoch={0} pixel={1},-2",
    "TRACE_C_STEP pixel={0},{1} k={1} x=1.{0}",
    "TRACE_C_STEP k={0} x=1.{1}",
]


@pytest.mark.parametrize("chosen", [LINES, LINES[3:4], LINES[4:5], LINES[:1]])
def test_all_ways_of_reading_sections_give_the_same(chosen: list[str]) -> None:
    lines = [chosen[n * n % len(chosen)].format(n % 9, n // 9 % 5) for n in range(1500)]
    block = "\n".join([*lines, ""]).encode()
    assert in_rows(parse_block(block, NESTED, vectorise=True)) == in_rows(parse_block(block, NESTED, vectorise=False))


def in_rows(block: Block) -> tuple[list, list]:
    """Rows by line, with what each says of its section, and the sections that are opened."""
    rows = []
    for at, table in enumerate(block.tables):
        stated = block.stated.get(at)
        for row, line in enumerate(table.order.tolist()):
            values = {name: column[row].tolist() for name, column in table.columns.items()}
            own = (stated.names, stated.numbers[row].tolist()) if stated else None
            rows.append((line, table.record, table.index_names, table.index[row].tolist(), values, own))
    return sorted(rows, key=lambda row: (row[0], str(row[4]))), block.openings
