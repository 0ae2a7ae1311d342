"""Logs without any TRACE line: read as they are, and what cannot be read is never parity."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, ProblemKind, Side, Verdict
from compare.reading.source import Held
from compare.render.account import story

ROWS = [(0, -4.625, 1.238), (1, -4.582, 1.215), (2, -4.496, 1.181), (3, -4.371, 1.136)]


def compared(a: str, b: str) -> Comparison:
    return compare_traces(Held("a", a), Held("b", b))


def in_steps(form: str, before: str = "", behind: str = "") -> str:
    return before + "".join(form.format(s=s, f=f, x=x) for s, f, x in ROWS) + behind


LOOPS = {
    "iostream": in_steps("step {s} force = {f} x = {x}\n", "Oscillator v1.2\n"),
    "columns": in_steps(" {s:6d} {f:18.10E} {x:18.10E}\n", "   STEP        force            x\n -------------------\n"),
    "separated": in_steps("{s},{f},{x}\n", "step,force,x\n"),
    "tabs": in_steps("{s}\t{f}\t{x}\n", "step\tforce\tx\n"),
    "markdown": in_steps("| {s} | {f} | {x} |\n", "| step | force | x |\n|---|---:|---:|\n"),
    "json lines": in_steps('{{"step": {s}, "force": {f}, "x": {x}}}\n'),
    "dataclass": in_steps("State(step={s}, force={f}, x={x})\n"),
    "Rust's Debug": in_steps("State {{ step: {s}, force: {f}, x: {x} }}\n"),
    "headings": in_steps("--- step {s} ---\nforce: {f}\nx: {x}\n"),
    "YAML": in_steps("  - step: {s}\n    force: {f}\n    x: {x}\n", "run:\n"),
    "boxes": in_steps("┌ Info: at\n│   step = {s}\n│   force = {f}\n└   x = {x}\n"),
    "logger": in_steps("2024-03-01 12:00:0{s},123 - solver - INFO - step {s}: force={f} x={x}\n"),
    "logfmt": in_steps('ts=2024-03-01T12:00:0{s}Z level=info msg="did it" step={s} force={f} x={x}\n'),
}


@pytest.mark.parametrize("form", LOOPS)
def test_loops_are_read_under_their_counter(form: str) -> None:
    log = LOOPS[form]
    digits = next(text for text in ("4.496", "4.4960000000E+00") if text in log)
    result = compared(log, log.replace(digits, digits.replace("4.4", "4.5")))
    first = result.first_divergence
    assert first is not None
    assert (first.key.name, first.key.indices) == ("force", (("step", 2),))
    assert (result.counts["divergent"], result.coverage.paired) == (1, 8)
    assert compared(log, log).verdict is Verdict.PARITY


def test_loops_of_different_forms_are_paired() -> None:
    forms = [LOOPS[name] for name in ("separated", "json lines", "headings", "YAML", "boxes", "logfmt", "columns")]
    for other in forms[1:]:
        result = compared(forms[0], other)
        assert (result.verdict, result.coverage.paired) == (Verdict.PARITY, 8), other


SINGLE = {
    "units": ("Wave length   : 1.0332e+00 Angstrom\n", "Wave length", (1.0332,)),
    "tabs": ("quantity\tvalue\nradius\t0.25\nq\t0.5\n", "radius", (0.25,)),
    "arrow": ("run on node17\nradius => 0.25\n", "radius", (0.25,)),
    "complex in C++": ("psi = (1.0,-2.5)\n", "psi", (1.0, -2.5)),
    "complex in Python": ("psi = (1-2.5j)\n", "psi", (1, -2.5)),
    "hexadecimal": ("x = 0x1.8p+1\n", "x", (3.0,)),
    "thousands": ("photons : 1,234,567\n", "photons", (1234567,)),
    "array over lines": ("R = [[1.5 2.5]\n [3.5 4.5]]\n", "R", (1.5, 2.5, 3.5, 4.5)),
    "tensor": ("w: tensor([[ 0.1, 0.2],\n        [0.3, 0.4]], device='cuda:0')\n", "w", (0.1, 0.2, 0.3, 0.4)),
    "dictionary": ("{'u': [1.5, 2.5], 'v': {'w': 3.5}}\n", "v.w", (3.5,)),
    "terminal": ("\x1b[32mflux\x1b[0m = \x1b[1m1.25\x1b[0m\n", "flux", (1.25,)),
    "windows": ("flux = 1.25\r\nx = 2\r\n", "flux", (1.25,)),
    "dbg!": ("[src/main.rs:42:5] x = 1.25\n", "x", (1.25,)),
    "common factor": ("\nB =\n\n   1.0e+03 *\n\n    1.5    2.5\n    0.125    3.0\n\n", "B", (1500, 2500, 125, 3000)),
    "namelist": (" &STATE\n W= 2*0.5     , 1.0,\n /\n", "W", (0.5, 0.5, 1.0)),
    "unit in the name": ("momentum (1/A): [1.5, 2.5]\n", "momentum", (1.5, 2.5)),
    "among words": ("Mesh has cells=1200 faces=3800\n", "faces", (3800,)),
    "clauses": ("Solving for U, Initial residual = 0.25, Iterations 3\n", "Solving for U.Initial residual", (0.25,)),
    "loguru": ("2024-03-01 12:00:07.5 | INFO     | a.b:run:40 - x = 1.25\n", "x", (1.25,)),
}  # fmt: skip


@pytest.mark.parametrize("form", SINGLE)
def test_values_outside_of_loops(form: str) -> None:
    log, name, value = SINGLE[form]
    result = compared(log, log)
    assert result.verdict is Verdict.PARITY
    found = {pair.key.name: pair.a for pair in result.pairs}
    assert (found[name] if isinstance(found[name], tuple) else (found[name],)) == pytest.approx(value, rel=0)


def test_when_and_where_it_ran_is_no_difference() -> None:
    log = "[2024-01-0{0} 12:00:0{0}] [info] x=1.5\nloading:  {0}%|#    | 1/10\nElapsed time: {0}.5 s\nhost: node{0}\n"
    assert compared(log.format(1), log.format(2)).verdict is Verdict.PARITY


def test_lines_with_numbers_that_cannot_be_read() -> None:
    """Alike on both sides they hide nothing; else they are said, and are never parity."""
    log = "x = 1.5\nwe saw 17 of 20 of them\n"
    assert compared(log, log).verdict is Verdict.PARITY
    result = compared(log, log.replace("17", "18"))
    assert result.verdict is Verdict.INCOMPLETE
    assert [(p.kind, p.side) for p in result.problems] == [
        (ProblemKind.UNREAD_NUMBERS, Side.A),
        (ProblemKind.UNREAD_NUMBERS, Side.B),
    ]
    assert "line 2: we saw 17 of 20 of them" in result.problems[0].message


def test_values_that_a_printer_left_out_are_not_the_same() -> None:
    log = "profile = [0. 0.25 ... 9.75 10.]\nsum = 205.0\n"
    assert compared(log, log).verdict is Verdict.INCOMPLETE


def test_words_that_differ_are_said() -> None:
    result = compared("x = 1.5\nall is well\n", "x = 1.5\nnothing is well\n")
    assert result.verdict is Verdict.PARITY
    assert any("line 2: nothing is well" in remark.message for remark in result.warnings)


def test_a_marked_log_beside_an_unmarked_one() -> None:
    result = compared("TRACE_C: u 1.5 2.5\nTRACE_C: v 3.5\n", "Geometry:\n  u: [1.5, 2.5]\n  v: 3.25 m\n")
    assert result.first_divergence is not None
    assert result.first_divergence.key.name == "v"
    assert any(remark.kind == "unmarked" for remark in result.warnings)


def test_a_log_with_trace_lines_is_read_by_these_alone() -> None:
    result = compared("TRACE_C: u 1.5\nv = 3.5\n", "TRACE_C: u 1.5\nv = 3.25\n")
    assert [pair.key.name for pair in result.pairs] == ["u"]


@pytest.mark.parametrize("form", [*LOOPS, *SINGLE])
def test_no_digit_can_change_unseen(form: str) -> None:
    """Dates, colours, units and places in the source aside."""
    log = LOOPS.get(form) or SINGLE[form][0]
    pattern = r"(?<![\w:;/\[-])(?<!T)[+-]?\d+\.\d+|(?<=[=:> |]) ?\d+(?=[\s,|}])"
    plain = [at for m in re.finditer(pattern, log) for at in range(*m.span()) if log[at].isdigit()]
    rng = random.Random(form)
    for at in rng.sample(plain, min(6, len(plain))):
        changed = log[:at] + str((int(log[at]) + 3) % 10) + log[at + 1 :]
        if "12:00" in log[max(at - 20, 0) : at + 12] or "run:" in log[at - 5 : at]:
            continue
        assert compared(log, changed).verdict is not Verdict.PARITY, changed


@pytest.mark.parametrize("form", LOOPS)
def test_no_line_with_numbers_can_be_lost_unseen(form: str) -> None:
    lines = LOOPS[form].splitlines(keepends=True)
    rng = random.Random(form)
    for at in rng.sample(range(len(lines)), 4):
        if any(char.isdigit() for char in lines[at]):
            without = "".join(lines[:at] + lines[at + 1 :])
            assert compared("".join(lines), without).verdict is not Verdict.PARITY


def test_what_is_no_log_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x7fELF\x00\x01" * 50)
    result = compare_traces(tmp_path / "a", tmp_path / "a")
    assert result.verdict is Verdict.NOTHING_COMPARED
    assert "no names with numbers" in result.problems[0].message


def test_arrays_with_options_behind_them_are_whole() -> None:
    log = "w: tensor([[1.5, 2.5],\n        [3.5, 4.5]], device='cuda:0', dtype=torch.float64)\n"
    (pair,) = compared(log, log).pairs
    assert pair.a == (1.5, 2.5, 3.5, 4.5)


def test_a_damaged_trace_line_is_malformed() -> None:
    log = "TRACE_C: x 1.5\nTRACE_C: z 1\0.5\n"
    result = compared(log, log)
    assert result.verdict is Verdict.INCOMPLETE
    assert [p.kind for p in result.problems] == [ProblemKind.MALFORMED_LINE] * 2


def test_many_names_that_one_log_lacks_take_one_line() -> None:
    log = "".join(f"name_{at} = {at}.5\n" for at in range(12))
    result = compared(log, "name_0 = 0.5\n")
    said = [line for line in story(result) if line.startswith("required-missing (b)")]
    assert len(said) == 1
    assert "11 required names of a are lacking" in said[0]
    assert "name_1, name_2" in said[0]
    assert "and 3 more" in said[0]
    assert len(story(compared(log, log.replace("name_3 = 3.5\n", "")))) == 1
