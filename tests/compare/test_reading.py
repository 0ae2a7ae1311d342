from __future__ import annotations

import gzip
import math
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from compare.errors import InputError
from compare.judging.engine import compare_traces
from compare.judging.result import ProblemKind, Side, Verdict
from compare.reading import source
from compare.reading.columns import parse_block
from compare.reading.log import Log as LogReader
from compare.reading.log import Pool
from compare.reading.table import Block, Table
from compare.words import vocabulary

WORDS = vocabulary.packaged()


def flat(block: Block) -> dict[tuple, list]:
    """Everything that a block says, in an order that does not depend on how its lines were grouped."""
    said: dict[tuple, list] = {}
    for table in block.tables:
        for name, column in table.columns.items():
            rows = zip(table.order.tolist(), table.index.tolist(), column.tolist(), strict=True)
            said.setdefault((table.record, table.index_names, name), []).extend(
                (order, index, [bits(value) for value in row]) for order, index, row in rows
            )
    return {key: sorted(rows) for key, rows in said.items()} | {("malformed",): sorted(n for n, _ in block.malformed)}


def bits(value: object) -> object:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else "bits " + struct.pack("d", value).hex()
    return repr(value)


def exactly(text: bytes) -> Block:
    """Each line by itself, which leaves nothing to the paths for many lines."""
    whole = Block()
    for number, line in enumerate(text.split(b"\n"), 1):
        part = parse_block(line + b"\n", WORDS, vectorise=False)
        for table in part.tables:
            table.order[:] = number
        whole.tables += part.tables
        whole.malformed += [(number, message) for _, message in part.malformed]
    return whole


VALUES = st.one_of(
    st.floats().map(repr),
    st.floats().map(lambda value: f"{value:.17g}"),
    st.floats(allow_nan=False).map(float.hex),
    st.integers(-(10**6), 10**6).map(str),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["-0", "+1", "1_0", "abc", "", "1e", "1.5e-3", "inf", "-nan", "0x1p-1", "1,2", "True", "'1'"]),
)


def uniform_lines(seed: int, odd: list[tuple[int, int, str]]) -> bytes:
    """Many lines of one shape, and a few that are not quite of it."""
    rng = random.Random(seed)
    rows = [
        [repr(rng.gauss(0, 10)), repr(rng.gauss(0, 1e-8)), str(rng.randint(-9, 9)), f"{rng.random():.15g}"]
        for _ in range(500)
    ]
    for row, column, text in odd:
        rows[row][column] = text
    lines = [
        f"TRACE_C_DOMAIN phi_tic={i // 10} mos_tic={i % 10} hkl_frac={r[0]},{r[1]},1.5 odd={r[2]} F_latt={r[3]}"
        for i, r in enumerate(rows)
    ]
    return "\n".join(lines).encode() + b"\n"


@settings(max_examples=25, deadline=None, phases=set(Phase) - {Phase.shrink})  # shrinking takes minutes here
@example(seed=0, odd=[(0, 0, "9007199254740995"), (1, 2, "9007199254740993"), (2, 2, "0.5")])
@example(seed=0, odd=[(0, 2, "-0"), (3, 3, "True"), (4, 3, "1_0")])
@example(seed=0, odd=[(0, 0, "")])
@example(seed=0, odd=[(9, 3, "1e"), (7, 3, "336168160993")])
@given(
    seed=st.integers(0, 2**32),
    odd=st.lists(st.tuples(st.integers(0, 499), st.integers(0, 3), VALUES), max_size=4),
)
def test_all_ways_to_read_many_lines_agree_with_the_exact_grammar(seed: int, odd: list[tuple[int, int, str]]) -> None:
    text = uniform_lines(seed, odd)
    expected = flat(exactly(text))
    integers_everywhere = all(is_whole(expected[key]) for key in expected if key[-1] == "odd")
    for vectorise in (False, True):
        found = flat(parse_block(text, WORDS, vectorise=vectorise))
        if integers_everywhere:
            assert found == expected
        else:  # a column with a float in it is a column of floats
            assert {k: v for k, v in found.items() if k[-1] != "odd"} == {
                k: v for k, v in expected.items() if k[-1] != "odd"
            }


def is_whole(rows: list) -> bool:
    return all(value.lstrip("-").isdigit() for _, _, row in rows for value in row)


def test_a_value_that_is_missing_at_the_end_of_a_line_is_malformed_among_many() -> None:
    lines = [f"TRACE_C_DOMAIN source=0 phi_tic={i} mos_tic=0 F_latt=1.5 F_cell=2.5" for i in range(1000)]
    lines[777] = "TRACE_C_DOMAIN source=0 phi_tic=777 mos_tic=0 F_latt=1.5 F_cell="
    block = parse_block("\n".join(lines).encode(), WORDS, vectorise=True)
    assert [number for number, _ in block.malformed] == [778]
    assert sum(len(table) for table in block.tables) == 999


@pytest.mark.parametrize("index", ["7.", "x", "1e2", "", "99999999999999999999"])
@pytest.mark.parametrize("vectorise", [False, True])
def test_one_garbled_index_costs_one_line(index: str, vectorise: bool) -> None:
    lines = [f"TRACE_C_DOMAIN source=0 phi_tic={i} mos_tic=0 F_latt=1.5 F_cell=2.5" for i in range(1000)]
    lines[7] = lines[7].replace("phi_tic=7", f"phi_tic={index}")
    block = parse_block("\n".join(lines).encode(), WORDS, vectorise=vectorise)
    assert [number for number, _ in block.malformed] == [8]
    assert sum(len(table) for table in block.tables) == 999


def test_swapped_names_in_one_line_among_many_are_seen() -> None:
    lines = [f"TRACE_C_DOMAIN source=0 phi_tic={i} mos_tic=0 F_latt=1.5 F_cell=2.5" for i in range(1000)]
    lines[500] = "TRACE_C_DOMAIN source=0 phi_tic=500 mos_tic=0 F_cell=2.5 F_latt=1.5"
    block = parse_block("\n".join(lines).encode(), WORDS, vectorise=True)
    assert {float(value) for table in block.tables for value in table.columns["F_latt"][:, 0]} == {1.5}


@pytest.mark.parametrize("first", ["-RACE_C_DOMAIN", "TRACE_C_DOMAI", "xTRACE_C_DOMAIN", "TRACE_PY_DOMAIN", ""])
def test_a_line_with_another_beginning_is_no_evaluation_of_this_record(first: str) -> None:
    lines = [f"TRACE_C_DOMAIN source=0 phi_tic={i} mos_tic=0 F_latt=1.5 F_cell=2.5" for i in range(1000)]
    lines[345] = lines[345].replace("TRACE_C_DOMAIN", first)
    text = "\n".join(lines).encode()
    found, expected = (parse_block(text, WORDS, vectorise=way) for way in (True, False))
    assert flat(found) == flat(expected)
    rows = sum(len(table) for table in found.tables if table.record == "DOMAIN")
    assert rows == (1000 if first in ("TRACE_PY_DOMAIN", "xTRACE_C_DOMAIN") else 999)  # other output may be glued to it


def read(*paths: Path, block_bytes: int = source.BLOCK_BYTES) -> tuple[list[Table], LogReader]:
    log = LogReader([str(path) for path in paths], WORDS, Side.A, Pool(), block_bytes)
    return [table for tables in log for table in tables], log


def values(tables: list[Table], name: str) -> list:
    return [value for table in tables if name in table.columns for value in table.columns[name].tolist()]


HEADER = b"TRACE_C: steps 3\nprogress: 12 %\nTRACE_C: polar 0.5\nTRACE_C: I_pixel_final 0.25\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.log", HEADER),
        ("windows.log", HEADER.replace(b"\n", b"\r\n")),
        ("packed.log.gz", gzip.compress(HEADER, mtime=0)),
        ("packed_without_ending", gzip.compress(HEADER, mtime=0)),
        ("latin.log", b"R\xfcckstand \xff\xfe\x00\n" + HEADER + b"\xc3\x28 TRACES: polar 7\n"),
    ],
)
def test_what_stands_around_the_trace_does_not_matter(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    tables, log = read(path)
    assert values(tables, "polar") == [[0.5]]
    assert not log.problems


def test_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(HEADER)
    command = [sys.executable, "-m", "compare", "traces", "-", str(path)]
    for content in (HEADER, gzip.compress(HEADER, mtime=0)):
        done = subprocess.run(command, input=content, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def test_small_blocks_read_the_same_log(trace, write) -> None:
    path = write(trace)
    whole, _ = read(path)
    parts, log = read(path, block_bytes=700)
    assert sorted(map(repr, values(whole, "hkl_frac"))) == sorted(map(repr, values(parts, "hkl_frac")))
    assert log.lines == len(trace.lines)


def test_pixel_lines_open_sections(write) -> None:
    text = "".join(
        f"TRACE_C: pixel {s} {f}\nTRACE_C: polar 0.{s}\nTRACE_C: I_pixel_final 1\n" for s, f in ((1, 2), (3, 4))
    )
    tables, log = read(write(text))
    assert list(map(str, log.sections)) == ["pixel 1 2", "pixel 3 4"]
    places = {
        str(log.known[table.index[row, 0]]): value
        for table in tables
        if "polar" in table.columns
        for row, value in enumerate(table.columns["polar"].tolist())
    }
    assert places == {"pixel 1 2": [0.1], "pixel 3 4": [0.3]}


def test_a_further_file_continues_the_pixel(write) -> None:
    main = write("TRACE_C: pixel 1 2\nTRACE_C: polar 0.5\nTRACE_C: I_pixel_final 1\n", "main.log")
    phi = write("TRACE_C_PHI phi_tic=0 phi_deg=0.5\n", "phi.log")
    tables, log = read(main, phi)
    assert [str(log.known[table.index[0, 0]]) for table in tables if table.record == "PHI"] == ["pixel 1 2"]
    assert log.locate(4) == (str(phi), 1)


def test_an_index_that_an_older_build_leaves_out_is_the_first(write) -> None:
    tables, _ = read(write("TRACE_C_PHI phi_tic=3 phi_deg=0.5\n"))
    assert tables[0].index.tolist() == [[0, 0, 0, 0, 0, 3]]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (HEADER[:-1], ProblemKind.TRUNCATED_LOG, "does not end"),
        (HEADER[:-9], ProblemKind.TRUNCATED_LOG, "does not end"),
        (HEADER[: HEADER.index(b"TRACE_C: I")], ProblemKind.TRUNCATED_LOG, "I_pixel_final"),
        (gzip.compress(HEADER * 500, mtime=0)[:-20], ProblemKind.TRUNCATED_LOG, "ends early"),
        (HEADER + b"TRACE_C_PHI phi_tic=0 phi_d\n", ProblemKind.MALFORMED_LINE, ":5:"),
        (HEADER + b"TRACE_C: pix0_vector_meters 1 2\n", ProblemKind.MALFORMED_LINE, "3 were required"),
        (HEADER + b"TRACE_C_PHI phi_tic=x phi_deg=1\n", ProblemKind.MALFORMED_LINE, "phi_tic"),
        (HEADER + b"TRACE_C: pixel 1\n", ProblemKind.MALFORMED_LINE, "slow and fast"),
    ],
)
def test_a_damaged_log_is_noticed(tmp_path: Path, content: bytes, kind: ProblemKind, words: str) -> None:
    path = tmp_path / "cut.log"
    path.write_bytes(content)
    _, log = read(path)
    assert any(problem.kind is kind and words in problem.message for problem in log.problems)


def test_a_log_without_its_last_newline_in_chatter_is_whole(write) -> None:
    _, log = read(write(HEADER + b"done"))
    assert not log.problems


def test_chatter_that_looks_like_a_trace_of_another_side_is_skipped(write) -> None:
    tables, log = read(write(HEADER + b"TRACE_CONFIG: tracing pixel (spixel=685, fpixel=1039)\nTRACE: a = [1, 2]\n"))
    assert not values(tables, "tracing")
    assert not log.problems


@pytest.mark.parametrize("path", ["no/such/file.log", "."])
def test_what_cannot_be_read_is_an_input_error(path: str) -> None:
    with pytest.raises(InputError, match=r"cannot read|is a folder"):
        read(Path(path))


def test_a_trace_of_an_unknown_format_is_refused(write) -> None:
    with pytest.raises(InputError, match="states trace format 2"):
        read(write("TRACE_C: trace_format 2\n"))


def test_standard_input_cannot_be_both_logs() -> None:
    with pytest.raises(InputError, match="only one"):
        compare_traces("-", "-")


def test_large_integers_and_words_are_compared_exactly(write) -> None:
    a = write("TRACE_C: big 123456789012345678901234567890\nTRACE_C: I_pixel_final 1\n", "a.log")
    b = write("TRACE_C: big 123456789012345678901234567891\nTRACE_C: I_pixel_final 1\n", "b.log")
    result = compare_traces(a, b)
    assert result.verdict is Verdict.UNRESOLVED
    assert result.first_divergence is not None
    assert result.first_divergence.key.name == "big"
