"""What can never end as parity, each with its exit code."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from compare.errors import InputError
from compare.judging.engine import Window, compare_traces
from compare.judging.result import ProblemKind, Verdict
from compare.words.vocabulary import load as vocabulary_of

Write = Callable[..., Path]
Command = Callable[..., object]
PHI = {"thick_tic": 0, "source": 1, "phi_tic": 1}
DOMAIN = PHI | {"mos_tic": 1}
END = "TRACE_C: I_pixel_final 1.5\n"  # without it the packaged vocabulary takes a log for cut off


def doubled(log, record: str, **indices: int):
    number = log.find(record, **indices)
    return log.with_line(number, log.lines[number], log.lines[number])


FAULTS = {
    "nothing in common": (lambda log: type(log)(("TRACE_PY: elsewhere 1",)), 3, ProblemKind.NO_COMMON_KEYS),
    "an empty log": (lambda log: type(log)(("progress 1 %", "done")), 3, ProblemKind.NO_COMMON_KEYS),
    "another pixel": (lambda log: log.replaced("pixel", "", [20, 51]), 3, ProblemKind.NO_COMMON_KEYS),
    "cut off inside a line": (
        lambda log: type(log)((*log.lines[:60], log.lines[60][:90])),
        1,
        ProblemKind.TRUNCATED_LOG,
    ),
    "cut off between lines": (lambda log: type(log)(log.lines[:80]), 1, ProblemKind.TRUNCATED_LOG),
    "the last line is missing": (lambda log: type(log)(log.lines[:-1]), 1, ProblemKind.REQUIRED_MISSING),
    "a key again with another value": (
        lambda log: doubled(log, "DOMAIN", **DOMAIN).replaced("DOMAIN", "F_cell", [121.0], **DOMAIN),
        1,
        ProblemKind.DUPLICATE_CONFLICT,
    ),
    "a header line again with another value": (
        lambda log: doubled(log, "steps").replaced("steps", "", [13]),
        1,
        ProblemKind.DUPLICATE_CONFLICT,
    ),
    "a record again": (lambda log: doubled(log, "PHI", **PHI), 1, ProblemKind.REPEATED_RECORD),
    "a record is missing": (lambda log: log.without("DOMAIN", **DOMAIN), 1, ProblemKind.REQUIRED_MISSING),
    "a required line is missing": (lambda log: log.without("pix0_vector_meters"), 1, ProblemKind.REQUIRED_MISSING),
    "a line of today's format is missing": (lambda log: log.without("carried_from"), 1, ProblemKind.REQUIRED_MISSING),
    "one record has no F_cell": (
        lambda log: log.with_line(
            log.find("DOMAIN", **DOMAIN),
            " ".join(w for w in log.lines[log.find("DOMAIN", **DOMAIN)].split() if not w.startswith("F_cell")),
        ),
        1,
        ProblemKind.REQUIRED_MISSING,
    ),
    "nan on one side": (lambda log: log.replaced("I_pixel_final", "", ["nan"]), 1, ProblemKind.ONE_SIDED_NAN),
    "nan in one component": (
        lambda log: log.replaced("SOURCE", "incident_vec", [1.0, "-nan", 0.0], source=0),
        1,
        ProblemKind.ONE_SIDED_NAN,
    ),
    "a garbled line": (
        lambda log: log.with_line(70, log.lines[70], "TRACE_C_DOMAIN source=0 F_latt 3"),
        1,
        ProblemKind.MALFORMED_LINE,
    ),
    "a vector that is too short": (
        lambda log: log.replaced("pix0_vector_meters", "", [0.1, 0.2]),
        1,
        ProblemKind.MALFORMED_LINE,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("side", ["a", "b"])
def test_a_fault_on_either_side_is_never_parity(trace, write: Write, compare_command, fault: str, side: str) -> None:
    change, code, kind = FAULTS[fault]
    good, bad = write(trace, "good.log"), write(change(trace), "bad.log")
    logs = [bad, good] if side == "a" else [good, bad]
    result = compare_traces(*logs)
    assert result.exit_code == code
    assert kind in {problem.kind for problem in result.problems}
    assert result.coverage.problems == len(result.problems)
    ran = compare_command("traces", *logs)
    assert ran.code == code
    assert kind.value in ran.out


def test_a_log_is_at_parity_with_itself(trace, write: Write, compare_command) -> None:
    result = compare_traces(write(trace, "a.log"), write(trace, "b.log"))
    assert result.verdict is Verdict.PARITY
    assert result.coverage.fraction == 1
    assert result.counts["identical"] == result.coverage.paired > 390
    assert compare_command("traces", write(trace, "a.log"), write(trace, "b.log")).code == 0


@pytest.mark.parametrize(
    ("text_a", "text_b"), [("nan", "-nan"), ("****", "****"), ("****", "******"), ("huge", "huge")]
)
@pytest.mark.parametrize("name", ["polar", "steps"])
def test_no_number_on_both_sides_is_incomplete(
    trace, write: Write, compare_command, name: str, text_a: str, text_b: str
) -> None:
    logs = [write(trace.replaced(name, "", [text]), f"{at}.log") for at, text in enumerate((text_a, text_b))]
    result = compare_traces(*logs)
    assert result.verdict is Verdict.INCOMPLETE
    assert ProblemKind.NOT_COMPARABLE in {problem.kind for problem in result.problems}
    assert not result.coverage.whole or result.counts["incomparable"]
    ran = compare_command("traces", *logs)
    assert ran.code == 1
    assert f"{name} is no number on either side" in ran.out


def test_nan_on_both_sides_is_parity_where_the_vocabulary_says_so(write: Write) -> None:
    words = vocabulary_of(
        write('format = 1\nname = "v"\n[quantities.header]\nx = { kind = "float", nan = "equal" }\n', "v.toml")
    )
    logs = write("TRACE_C: x nan\n", "a.log"), write("TRACE_PY: x -nan\n", "b.log")
    assert compare_traces(*logs, vocabulary=words).verdict is Verdict.PARITY


@pytest.mark.parametrize("word", ["overflow", "Infinit"])
def test_a_word_among_the_numbers_of_a_name_is_incomplete(write: Write, word: str) -> None:
    """Nothing is declared of the name; its other rows are numbers."""
    a, b = (
        write(f"TRACE_{side}_STEP k=0 x=1.5\nTRACE_{side}_STEP k=1 x={word}\n", f"{side}.log") for side in ("C", "PY")
    )
    result = compare_traces(a, b)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.counts["incomparable"] == 1


def test_numbers_that_come_long_after_equal_words_are_incomplete(write: Write) -> None:
    text = "TRACE_C_STEP k=0 x=overflow\n" + "".join(f"TRACE_C_STEP k={k} x={k}.5\n" for k in range(1, 4000))
    log = write(text, "a.log")
    window = Window(rows=50, waiting_rows=200, block_bytes=2000)
    assert compare_traces(log, log, window=window).verdict is Verdict.INCOMPLETE


def test_bytes_that_are_no_text_are_incomplete(tmp_path: Path) -> None:
    logs = tmp_path / "a.log", tmp_path / "b.log"
    for log, byte in zip(logs, (b"\xe9", b"\xe8"), strict=True):
        log.write_bytes(b"TRACE_C: name caf" + byte + b"\nTRACE_C: x 1.5\n")
    assert compare_traces(*logs).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    "line", ["v 9007199254740993 0.5", "v 9007199254740993", "v 9007199254740993.0", "v 1e999", "v " + "9" * 5000]
)
def test_what_no_double_can_tell_apart_is_told_apart(write: Write, line: str) -> None:
    text = 'format = 1\nname = "v"\n[quantities.header]\nv = { kind = "int" }\n' if ".0" in line else None
    words = vocabulary_of(write(text, "v.toml")) if text else None
    other = line.replace("9007199254740993", "9007199254740992").replace("1e999", "2e999").replace("99999", "99998", 1)
    logs = write(f"TRACE_C: {line}\n{END}", "a.log"), write(f"TRACE_PY: {other}\n{END}", "b.log")
    assert compare_traces(*logs, vocabulary=words).exit_code == 1
    assert compare_traces(logs[0], logs[0], vocabulary=words).exit_code == 0


@pytest.mark.parametrize(("a", "b"), [("0.5", "0.515"), ("1e5", "1.49e5"), ("2.5", "2.54"), ("0.00015", "0.0002")])
def test_few_printed_digits_excuse_nothing(write: Write, a: str, b: str) -> None:
    logs = write(f"TRACE_C: x {a}\n", "a.log"), write(f"TRACE_PY: x {b}\n", "b.log")
    assert compare_traces(*logs).exit_code == 1


def many(value: Callable[[float], str], short: str, write: Write, name: str, count: int = 250) -> Path:
    values = (math.sin(n + 1) for n in range(count))
    lines = [f"TRACE_C_STEP k={n} x={value(x)}" for n, x in enumerate(values)]
    return write("\n".join([f"TRACE_C: gravity {short}", *lines, END]), name)


def test_a_precision_is_inferred_from_a_whole_log_alone_and_said(write: Write) -> None:
    def fifteen(x: float) -> str:
        return f"{x:.15g}"

    a, b = many(fifteen, "9.8", write, "a.log"), many(repr, "9.8", write, "b.log")
    result = compare_traces(a, b)
    assert result.verdict is Verdict.PARITY
    assert result.sides[0].digits == 15
    assert [remark.kind for remark in result.warnings] == ["precision"]
    assert result.counts["identical"] > 0.85 * result.coverage.paired, "all that print with 15 digits"
    assert compare_traces(many(fifteen, "9.9", write, "c.log"), b).exit_code == 1, "a short value is exact"
    few = compare_traces(many(fifteen, "9.8", write, "a.log", 150), many(repr, "9.8", write, "b.log", 150))
    assert few.sides[0].digits == 17
    coarse = many(lambda x: f"{x:.6g}", "9.8", write, "d.log")
    assert compare_traces(coarse, b).exit_code == 1, "never below 12 digits"


def test_a_stated_precision_excuses_what_printing_lost(write: Write, compare_command) -> None:
    logs = write(f"TRACE_C: x 0.123457\n{END}", "a.log"), write(f"TRACE_PY: x 0.1234567891\n{END}", "b.log")
    assert compare_command("traces", *logs).code == 1
    ran = compare_command("traces", *logs, "--digits-a", "6")
    assert ran.code == 0
    assert "a is taken to print 6 digits, stated on the command line" in ran.out
    assert compare_command("traces", *logs, "--digits-a", "0").code == 2
    for text in (
        'digits = 6\n[quantities.header]\nx = { kind = "float" }',
        '[quantities.header]\nx = { kind = "float", digits = 6 }',
    ):
        words = vocabulary_of(write(f'format = 1\nname = "v"\n{text}\n', "v.toml"))
        assert compare_traces(logs[0], logs[0], vocabulary=words).verdict is Verdict.PARITY
        assert compare_traces(*logs, vocabulary=words).verdict is Verdict.PARITY
        assert compare_traces(*logs, vocabulary=words, digits=(17, 17)).exit_code == 1, "the command line goes first"


def test_a_log_states_its_own_precision(write: Write) -> None:
    words = vocabulary_of(write(
        'format = 1\nname = "v"\n[section]\ndigits = "printed"\n[quantities.header]\nx = { kind = "float" }\n'
        'printed = { kind = "int", status = "metadata" }\n', "v.toml"
    ))  # fmt: skip
    logs = write("TRACE_C: printed 6\nTRACE_C: x 0.123457\n", "a.log"), write("TRACE_PY: x 0.1234567891\n", "b.log")
    assert compare_traces(*logs, vocabulary=words).verdict is Verdict.PARITY
    bad = write("TRACE_C: printed 0\nTRACE_C: x 0.123457\n", "c.log")
    with pytest.raises(InputError, match="1 to 17"):
        compare_traces(bad, logs[1], vocabulary=words)


def test_a_listed_name_without_a_status_is_required(write: Write) -> None:
    text = 'format = 1\nname = "v"\nunknown = "optional"\n[quantities.header]\nx = {{}}\ny = {{{}}}\n'
    required, optional = (vocabulary_of(write(text.format(status), "v.toml")) for status in ("", 'status = "optional"'))
    both, one = write("TRACE_C: x 1.5\nTRACE_C: y 2\n", "a.log"), write("TRACE_C: x 1.5\n", "b.log")
    assert compare_traces(both, both, vocabulary=required).verdict is Verdict.PARITY
    assert compare_traces(both, one, vocabulary=required).verdict is Verdict.INCOMPLETE
    assert compare_traces(both, one, vocabulary=optional).verdict is Verdict.PARITY
    neither = compare_traces(one, one, vocabulary=required)
    assert neither.verdict is Verdict.INCOMPLETE
    assert "printed by neither log: y" in neither.problems[0].message
    assert not neither.coverage.whole
    assert compare_traces(one, one, vocabulary=optional).verdict is Verdict.PARITY


def test_a_required_line_that_both_logs_of_todays_format_lack_is_a_finding(trace, write: Write) -> None:
    log = write(trace.without("V_cell_A3").without("Fbeam_meters"), "a.log")
    result = compare_traces(log, log)
    assert result.verdict is Verdict.INCOMPLETE
    assert "Fbeam_meters, V_cell_A3" in result.problems[0].message


@pytest.mark.parametrize(("text", "code"), [("12.0", 0), ("12.5", 1), ("nan", 1), ("inf", 1), ("1e300", 1)])
def test_an_integer_that_is_printed_as_a_float(trace, write: Write, text: str, code: int) -> None:
    other = trace.replaced("steps", "", [text])
    assert compare_traces(write(trace, "a.log"), write(other, "b.log")).exit_code == code


def test_a_log_cut_off_at_the_same_place_on_both_sides_is_not_parity(trace, write: Write) -> None:
    cut = type(trace)(trace.lines[:80])
    result = compare_traces(write(cut, "a.log"), write(cut, "b.log"))
    assert result.verdict is Verdict.INCOMPLETE
    assert result.exit_code == 1


def test_an_unused_tolerance_entry_is_not_parity(trace, write: Write, compare_command) -> None:
    log = write(trace)
    tolerance = write(
        'format = 1\n[[step]]\nname = "DOMAIN.F_lat"\ntolerance = 1e-9\n'
        '[[floor]]\nname = "DOMAIN.F_latt"\nindex = { phi_tic = 7 }\ntolerance = 1.0\n',
        "t.toml",
    )
    ran = compare_command("traces", log, log, "--tolerance", tolerance)
    assert ran.code == 1
    assert "DOMAIN.F_lat of" in ran.out
    assert "DOMAIN.F_latt[phi_tic=7]" in ran.out


def test_metadata_is_shown_and_never_compared(trace, write: Write, compare_command) -> None:
    other = trace.replaced("program", "", ["simulator"]).replaced("device", "", ["cuda"])
    ran = compare_command("traces", write(trace, "a.log"), write(other, "b.log"))
    assert ran.code == 0
    assert "program nanobragg_c / simulator" in ran.out


def test_a_name_that_nobody_lists_lowers_the_coverage_only(trace, write: Write) -> None:
    longer = trace.with_line(30, trace.lines[30], "TRACE_C: my_own_name 3")
    result = compare_traces(write(trace, "a.log"), write(longer, "b.log"))
    assert result.verdict is Verdict.PARITY
    assert result.coverage.only_b == 1
    assert result.coverage.fraction < 1


def test_records_of_an_unlisted_name_that_do_not_pair_are_not_parity(trace, write: Write) -> None:
    """A value that is an integer looks like an index: when it differs, the rows only seem to be others."""
    a, b = (trace.with_line(90, trace.lines[90], f"TRACE_C_MINE i=0 count={n} x=1.5") for n in (5, 6))
    result = compare_traces(write(a, "a.log"), write(b, "b.log"))
    assert result.verdict is Verdict.INCOMPLETE
    assert any(problem.kind is ProblemKind.AMBIGUITY for problem in result.problems)


@pytest.mark.parametrize("values", [("0.5", "0"), ("3", "3.5"), ("-6.5e16", "-60360917204678560")])
def test_what_looks_like_an_index_on_one_side_alone_is_not_parity(write: Write, values: tuple[str, str]) -> None:
    a, b = (write(f"TRACE_C_MINE spot=3 q={x} y=1.5\n", f"{name}.log") for name, x in zip("ab", values, strict=True))
    required = vocabulary_of(write('format = 1\nname = "made"\nunknown = "required"\n', "v.toml"))
    assert compare_traces(a, b, vocabulary=required).exit_code in (1, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("missing.log", "missing.log"), "cannot read missing.log"),
        ((), "[mM]issing"),
        (("-", "-"), "only one of the logs"),
        (("LOG", "LOG", "--tolerance", "LOG"), "cannot read the tolerance file"),
        (("LOG", "LOG", "--vocabulary", "missing.toml"), "cannot read the vocabulary"),
        (("LOG", "LOG", "--json", "--csv"), "only one format"),
        (("LOG", "LOG", "--json", "missing/folder/x.json"), "cannot write"),
        (("LOG", "LOG", "--nonsense"), "nonsense"),
    ],
)
def test_wrong_use_is_two_with_a_message(trace, write: Write, compare_command, words: tuple, message: str) -> None:
    log = write(trace)
    ran = compare_command("traces", *(log if word == "LOG" else word for word in words))
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert __import__("re").search(message, ran.err)
    assert not ran.out or words == ()


def test_lines_in_another_order_are_said(trace, write: Write) -> None:
    at = trace.find("V_cell_A3")
    line = trace.lines[at]
    moved = trace.with_line(at).with_line(30, trace.with_line(at).lines[30], line)
    result = compare_traces(write(trace, "a.log"), write(moved, "b.log"))
    assert result.verdict is Verdict.PARITY
    assert [remark.kind for remark in result.warnings] == ["order"]


@pytest.mark.parametrize("digits", [400, 5000])
def test_integers_of_any_length_are_compared_by_their_digits(write: Write, digits: int) -> None:
    def log(last: str, name: str) -> Path:
        number = "9" * digits + last
        names = (f"TRACE_C: n {number}", f"TRACE_C: v {number} 0.5 {number}", f"TRACE_C_TAP x=1.5 i={number}", END)
        return write("\n".join([*names, f"TRACE_C_TAP x=1.5 i={number}", ""]), name)

    a, b = log("7", "a.log"), log("8", "b.log")
    assert compare_traces(a, a).verdict is Verdict.PARITY
    assert compare_traces(a, b).exit_code == 1


def test_an_index_rounded_from_nan_is_divergent(write: Write) -> None:
    values = ("-nan,-inf,1.5", "-2147483648,-2147483648,2"), ("0.4,-0.4,1.5", "0,0,2")
    logs = [
        write(f"TRACE_{side}_DOMAIN hkl_frac={h} hkl_rounded={r}\n", side)
        for side, (h, r) in zip(("C", "PY"), values, strict=True)
    ]
    assert compare_traces(*logs).exit_code == 1
    assert compare_traces(*logs[::-1]).exit_code == 1


@pytest.mark.parametrize("others", [["0.5"], ["0x1p3", "7"], ["-0", "1e22", "1.5"], ["1.5"] * 500])
def test_large_integers_stay_integers_among_rows_of_floats(write: Write, others: list[str]) -> None:
    """Rows of integers and rows of floats are read apart and put together."""
    words = vocabulary_of(write('format = 1\nname = "made"\n[records]\nPHI = ["i"]\n', "v.toml"))

    def log(number: int, name: str) -> Path:
        rows = [str(number), *others]
        return write("".join(f"TRACE_C_PHI i={i} x={x}\n" for i, x in enumerate(rows)), name)

    a, b = log(1687298763927523, "a.log"), log(1687298763927533, "b.log")
    assert compare_traces(a, a, vocabulary=words).verdict is Verdict.PARITY
    assert compare_traces(a, b, vocabulary=words).exit_code == 1


@pytest.mark.parametrize(("shape", "said"), [("1.{}345", True), ("1.{}3456789012345", False)])
def test_short_numbers_without_a_stated_precision_are_remarked_on(tmp_path: Path, shape: str, said: bool) -> None:
    lines = [f"TRACE: v{n} {shape.format(n)}" for n in range(12)]
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    result = compare_traces(tmp_path / "a.log", tmp_path / "b.log")
    texts = [remark.message for remark in result.warnings if remark.kind == "precision"]
    assert bool(texts) == said
    assert all("--digits-" in text for text in texts)
