"""What programs print and tools put around it: each form is read in full, or counted and shown, never passed over."""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import ProblemKind, Side, Verdict
from compare.reading import source
from compare.reading.log import Log, Pool
from compare.words import vocabulary

Write = Callable[..., Path]
WORDS = vocabulary.load(Path(__file__).parent / "figures" / "dialects.toml")


def read(path: Path, block_bytes: int = source.BLOCK_BYTES) -> tuple[dict[str, list], Log]:
    """Values by label and place, in log order."""
    log = Log([str(path)], WORDS, Side.A, Pool(), block_bytes)
    found: dict[str, list] = {}
    for tables in log:
        for table in tables:
            for name, column in table.columns.items():
                for index, row in zip(table.index.tolist(), column.tolist(), strict=True):
                    place = "".join(f" {key}={at}" for key, at in zip(table.index_names, index[1:], strict=True) if at)
                    section = f"{log.known[index[0]]}: " if index[0] else ""
                    label = f"{section}{table.record}{place}.{name}" if table.record else f"{section}{name}{place}"
                    found.setdefault(label, []).append(row[0] if len(row) == 1 else row)
    return found, log


LINES = {
    # a side, or none
    "TRACE: x = 1.5": {"x": 1.5},
    "TRACE:   a = [1, -2.5, 3] |a| = 4.5": {"a": [1.0, -2.5, 3.0], "|a|": 4.5},
    "TRACE: V = 2.5, W = 4.0e-05": {"V": 2.5, "W": 4.0e-05},
    "TRACE: Before it: a = [1, 2.5] |a| = 4.5 Angstroms": {"Before it: a": [1.0, 2.5], "Before it: |a|": 4.5},
    "TRACE: V = a . (b x c) = 2.5e-06": {"V": 2.5e-06},
    "TRACE: I = 100 * 2e-3 = 0.2": {"I.from": [100.0, 2e-3], "I": 0.2},
    "TRACE: a x b = [0, -0, 0.5]": {"a x b": [0.0, -0.0, 0.5]},
    "TRACE: Omega (solid angle) = 9.9e-07 sr": {"Omega (solid angle)": 9.9e-07},
    "TRACE: Copying to a0, b0 (phi=0 mosaic=3 reference):": {"Copying to a0, b0.phi": 0, "Copying to a0, b0.mosaic": 3},
    "TRACE_PY: wavelength: 6.2 Å": {"wavelength": 6.2},
    "TRACE_PY: flux: 1.5e+29 photons/m^2": {"flux": 1.5e29},
    "TRACE_PY: lambda 1.0 A thickness 3 um": {"lambda": 1.0, "thickness": 3},
    "TRACE_PY: width 0.5px": {"width": 0.5},
    "TRACE_PY: x = 1.5 [m]; y -> 2.5 (deg);": {"x": 1.5, "y": 2.5},
    "TRACE-C: x := 3": {"x": 3},
    "TRACE_C x 3.5": {"x": 3.5},
    # vectors, matrices, printed arrays and objects
    "TRACE_C:R=[1 0 0; 0 1 -0; .5 0 1]": {"R": [1.0, 0.0, 0.0, 0.0, 1.0, -0.0, 0.5, 0.0, 1.0]},
    "TRACE_PY: v [[1. 0.]\n [ 0. -1.]]": {"v": [1.0, 0.0, 0.0, -1.0]},
    "TRACE_PY: v tensor([[ 0.1000,  0.5],\n        [1., 2.]],\n       dtype=torch.float64)": {
        "v": [0.1, 0.5, 1.0, 2.0]},
    "TRACE_PY: v tensor(0.25, device='cuda:0', grad_fn=<MulBackward0>)": {"v": 0.25},
    "TRACE_PY: v array([1, 2], dtype=int32)": {"v": [1, 2]},
    "TRACE_PY: v np.float64(1.5)": {"v": 1.5},
    "TRACE_PY: v (np.float64(1.5), 2)": {"v": [1.5, 2.0]},
    "TRACE_PY: c (1.5-2j)": {"c": [1.5, -2.0]},
    "TRACE_PY: d {'x': 1.5, 'y': [1, 2]}": {"d.x": 1.5, "d.y": [1, 2]},
    "TRACE_PY: p Point(x=1.5, y=array([1., 2.]))": {"p.x": 1.5, "p.y": [1.0, 2.0]},
    "TRACE_F: x 3*0.0 1.5": {"x": [0.0, 0.0, 0.0, 1.5]},
    "TRACE_F: umat   1.0000000000000000        0.0000000000000000E+000\n   2.5000000000000000     ": {
        "umat": [1.0, 0.0, 2.5]},
    "TRACE_C: a[1][2] = 1.5": {"a i0=1 i1=2": 1.5},
    "TRACE_C: a(3) 2.5": {"a i0=3": 2.5},
    # numbers of all languages
    "TRACE_F: x 1.5D+03 1.2-101 -.5d0": {"x": [1500.0, 1.2e-101, -0.5]},
    "TRACE_C: x inf -Infinity 0x1.8p+1": {"x": [math.inf, -math.inf, 3.0]},
    "TRACE_C: x = 1.#INF": {"x": math.inf},
    # sub-items and pairs
    "TRACE_C:angles=rotx:0.5 roty:1.5": {"angles.rotx": 0.5, "angles.roty": 1.5},
    "TRACE_PY: angles rotx:0.5 roty:1.5": {"angles.rotx": 0.5, "angles.roty": 1.5},
    "TRACE_C_TAP: pixel 3 4 sub 0 1 source 2 h -7.9 k0 39 is 1": {
        "pixel 3 4: TAP sub=1 source=2.h": -7.9, "pixel 3 4: TAP sub=1 source=2.k0": 39,
        "pixel 3 4: TAP sub=1 source=2.is": 1},
    "TRACE_C_O: pixel=(1,2) sub=(0,1) omega=8.8e-09": {"pixel 1 2: O sub=1.omega": 8.8e-09},
    "TRACE_C_H: sub=0 1 hkl=-1.5 0.5 2 h0=0 F=0": {"H sub=1.hkl": [-1.5, 0.5, 2.0], "H sub=1.h0": 0, "H sub=1.F": 0},
    # indices beside the record's name
    "TRACE_PY_SOURCE 2: polar 0.5": {"SOURCE source=2.polar": 0.5},
    "TRACE_PY_SOURCE[2]: polar=0.5": {"SOURCE source=2.polar": 0.5},
    "TRACE_PY_SOURCE2: polar 0.5": {"SOURCE source=2.polar": 0.5},
    "TRACE_PY_SOURCE: 2: polar 0.5": {"SOURCE source=2.polar": 0.5},
    "TRACE_PY_SOURCE: [1, 2] polar 0.5": {"SOURCE sub=1 source=2.polar": 0.5},
    "TRACE_PY_SOURCE 2 polar 0.5": {"SOURCE source=2.polar": 0.5},
    "TRACE_PY_SOURCE source=2: polar=0.5": {"SOURCE source=2.polar": 0.5},
    "TRACE_PY_OTHER 2: polar 0.5": {"OTHER other=2.polar": 0.5},
    "TRACE_C_TAP5: polar 0.5": {"TAP5.polar": 0.5},
    "TRACE_C_G: [0,1,2]=1.5": {"G i1=1 i2=2.value": 1.5},
    "TRACE_C_U 1 0 0.5": {"U.value": [1.0, 0.0, 0.5]},
    # what is words stays words
    "TRACE_C: note a=1 b=2": {"note": "a=1 b=2"},
    "TRACE_C: version 1.2.3 build 7": {"version": "1.2.3 build 7"},
    "TRACE_C: date 2025-10-07 12:30:05": {"date": "2025-10-07 12:30:05"},
    "TRACE_C: max |F| = 3.5 at h=1": {"max": "|F| = 3.5 at h=1"},
    "TRACE_C:map=F←Y(+0.5px),S←X(+0.5px),v=[1 0 0]": {"map": "F←Y(+0.5px),S←X(+0.5px),v=[1 0 0]"},
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_each_form_is_read(write: Write, line: str) -> None:
    found, log = read(write(line + "\n"))
    assert found == {label: [value] for label, value in LINES[line].items()}
    assert not log.problems
    assert log.headings.count == log.unread.count == 0


@pytest.mark.parametrize("line", [line for line in LINES if "\n" not in line])
@pytest.mark.parametrize("vectorise", [False, True])
def test_many_lines_of_a_form_are_read_like_one(write: Write, line: str, vectorise: bool) -> None:
    from compare.reading.columns import parse_block

    one, _ = read(write(line + "\n", "one.log"))
    block = parse_block((line + "\n").encode() * 500, WORDS, vectorise=vectorise)
    assert sum(column.shape[0] for t in block.tables for column in t.columns.values()) == 500 * len(one)
    many, _ = read(write((line + "\n") * 500, "many.log"))
    assert many == {label: several * 500 for label, several in one.items()}


PREFIXES = [
    "264:", "c_trace.log:291:", "dir/a b.log:7:", "12-", "a.log-12-", "    17\t", "+", "-", "< ", "> ", "    ", "| ",
    "2026-01-02 03:04:05,123 INFO ", "[2026-01-02T03:04:05Z] [DEBUG] ", "INFO:tracer:", "[rank 3] ", "3: ",
    "[1,0]<stdout>:", "\x1b[32m", "\x1b[1;31mINFO\x1b[0m: ", "(thread 7) ", "rendering 35 % done",
]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_tools_put_before_a_line_is_taken_off(write: Write, prefix: str) -> None:
    found, log = read(write(f"{prefix}TRACE_C: x 1.5 2.5\n{prefix}TRACE_C_SOURCE source=3 polar=0.5\x1b[0m\n"))
    assert found == {"x": [[1.5, 2.5]], "SOURCE source=3.polar": [0.5]}
    assert not log.problems


@pytest.mark.parametrize("prefix", ["", "  ", "264:", "a.log:3:", "+"])
@pytest.mark.parametrize("line", ["TRACE_C: I_pixel_fi", "TRACE: = 3", "TRACE: x [1 2", "TRACE_C_PHI phi=0 x=1.5 y"])
def test_a_line_that_is_cut_off_is_malformed_behind_a_prefix_too(write: Write, prefix: str, line: str) -> None:
    _, log = read(write(f"{prefix}{line}\n"))
    assert [problem.kind for problem in log.problems] == [ProblemKind.MALFORMED_LINE]


@pytest.mark.parametrize(
    "line",
    ["see TRACE_C: steps for details", "DBG_C: x 3.5", "[probe] x = 3.5", "trace_c: v 1 2 3", "probe> a: [1, 2]"],
)
def test_a_line_that_only_looks_like_a_trace_is_counted_and_shown(write: Write, compare_command, line: str) -> None:
    log = write(f"TRACE_C: x 3.5\n{line}\n")
    found, reader = read(log)
    assert found == {"x": [3.5]}
    assert reader.unread.count == 1
    assert reader.unread.first[0][0] == 2
    assert reader.unread.first[0][1] in line
    words = Path(__file__).parent / "figures" / "dialects.toml"
    assert "not read" in compare_command("traces", log, log, "--vocabulary", words).out


@pytest.mark.parametrize(
    "line",
    ["reading A.mat", "Loaded 3 files", "X: 1 2 3", "progress 10 %", "WARNING: it may vary", "see http://x.org:80", ""],
)
def test_chatter_is_no_trace(write: Write, line: str) -> None:
    found, log = read(write(f"TRACE_C: x 3.5\n{line}\n"))
    assert found == {"x": [3.5]}
    assert not log.problems
    assert log.unread.count == 0


@pytest.mark.parametrize("line", ["TRACE: After the correction:", "TRACE_PY:=== End ===", "TRACE_C_GRID_START"])
def test_a_heading_without_numbers_is_counted(write: Write, line: str) -> None:
    found, log = read(write(f"TRACE_C: x 3.5\n{line}\n"))
    assert found == {"x": [3.5]}
    assert not log.problems
    assert (log.headings.count, log.headings.first) == (1, [(2, line)])


TEXT = "TRACE_C: x 3.5\r\nchatter\r\nTRACE_C: note Ångström\r\n"


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-32"),
        TEXT.replace("\r\n", "\r").encode(),
    ],
    ids=["utf-8 with a mark", "utf-16", "utf-16-be", "utf-16-le without a mark", "utf-32", "returns alone"],
)
@pytest.mark.parametrize("block_bytes", [7, source.BLOCK_BYTES])
def test_encodings_and_line_ends(tmp_path: Path, content: bytes, block_bytes: int) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(content)
    found, log = read(path, block_bytes if content.count(0) == 0 or block_bytes > 7 else 12)
    assert found == {"x": [3.5], "note": ["Ångström"]}
    assert not log.problems


def test_half_a_character_at_the_end_is_refused_in_words(tmp_path: Path, compare_command) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(TEXT.encode("utf-16")[:-1])
    ran = compare_command("traces", path, path)
    assert ran.code == 2
    assert "utf-16" in ran.err


def test_an_array_that_a_block_boundary_would_break_is_read_whole(write: Write) -> None:
    log = write("".join(f"TRACE_PY: v{i} [[1.5 2.5]\n [3.5 {i}.5]]\n" for i in range(50)))
    for block_bytes in (20, 33, 47, 90, 200):
        found, reader = read(log, block_bytes)
        assert found == {f"v{i}": [[1.5, 2.5, 3.5, i + 0.5]] for i in range(50)}
        assert not reader.problems


@pytest.mark.parametrize("changed", ["bar=2.5", "baz=3.5", "foo=2.5"])
def test_a_record_without_indices_whose_lines_differ_in_names_is_compared_whole(write: Write, changed: str) -> None:
    text = "TRACE_C: x 1.5\nTRACE_C_TAP foo=1.5 bar=2.5\nTRACE_C_TAP foo=2.5 baz=3.5\n"
    a, b = write(text, "a.log"), write(text.replace(changed, changed[:4] + "99.0"), "b.log")
    same, other = (compare_traces(a, log, vocabulary=WORDS) for log in (a, b))
    assert same.verdict is Verdict.PARITY
    assert same.coverage.paired == 5
    assert other.exit_code == 1
    assert [pair.b for pair in other.pairs if pair.differs] == [99.0]
