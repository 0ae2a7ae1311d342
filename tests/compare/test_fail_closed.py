"""What can never end as parity, each with its exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compare.engine import compare_traces
from compare.result import ProblemKind, Verdict

Write = Callable[..., Path]
Command = Callable[..., object]
PHI = {"thick_tic": 0, "source": 1, "phi_tic": 1}
DOMAIN = PHI | {"mos_tic": 1}


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


def test_the_same_nan_on_both_sides_is_the_same(trace, write: Write) -> None:
    a, b = (trace.replaced("polar", "", [text]) for text in ("nan", "-nan"))
    assert compare_traces(write(a, "a.log"), write(b, "b.log")).verdict is Verdict.PARITY


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
