"""A comparison as SARIF 2.1.0, for code hosts that show findings beside files.

Every pair that fails or was waived is a result, a waived one with a suppression that carries the reason. Lines
are those of the logs; a side made of several files has no line that can be told.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from compare.judging.coverage import SideInfo
from compare.judging.result import Comparison, Origin, Pair, Problem, ProblemKind, Side, Verdict, Waived
from compare.render.account import headline
from compare.render.text import clean, pair_sentence, problem_sentence, value_text, waiver_text

SCHEMA_VERSION = 1
PROBLEM_WORDS = {
    ProblemKind.NO_COMMON_KEYS: "The two logs have no quantity in common.",
    ProblemKind.TRUNCATED_LOG: "A log ends before its trace does.",
    ProblemKind.MALFORMED_LINE: "A trace line cannot be read.",
    ProblemKind.DUPLICATE_CONFLICT: "One quantity has two different values in one log.",
    ProblemKind.REPEATED_RECORD: "A record with the same indices is there more than once.",
    ProblemKind.REQUIRED_MISSING: "A required quantity is on one side only.",
    ProblemKind.SECTION_MISSING: "One log has a section that the other lacks.",
    ProblemKind.ONE_SIDED_NAN: "A value is NaN on one side only.",
    ProblemKind.NOT_COMPARABLE: "Neither side holds a number where one was to be expected.",
    ProblemKind.UNREAD_NUMBERS: "Lines with numbers, of a log without TRACE lines, that could not be read.",
    ProblemKind.UNUSED_TOLERANCE: "A tolerance matches no quantity.",
    ProblemKind.AMBIGUITY: "More than one pairing is possible.",
    ProblemKind.WAIVER_EXPIRED: "A waiver has expired.",
    ProblemKind.WAIVER_UNMATCHED: "A waiver matches no difference any more.",
}
PAIR_RULES = {
    Origin.ORIGIN: ("step-at-fault", "A step computes something else from the same inputs."),
    Origin.MIXED: ("step-at-fault-and-inherited", "A step is at fault and inherits a difference too."),
    Origin.PROPAGATED: ("inherited-divergence", "A value diverges because an earlier step does."),
    Origin.SUSPECT: ("divergence", "A value diverges; the step at fault is not established."),
    Origin.UNKNOWN: ("divergence", "A value diverges; the step at fault is not established."),
    Origin.NONE: ("divergence", "A value diverges; the step at fault is not established."),
}
VERDICT_RULE = ("not-parity", "The comparison as a whole is not parity.")


def render(result: Comparison) -> str:
    """One SARIF log with one run."""
    log = {
        "version": "2.1.0",
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "runs": [
            {
                "tool": {"driver": {"name": "compare traces", "rules": _rules()}},
                "invocations": [{"executionSuccessful": True, "exitCode": result.exit_code}],
                "properties": {
                    "schema_version": SCHEMA_VERSION,
                    "verdict": result.verdict.value,
                    "coverage": str(result.coverage),
                },
                "results": _results(result),
            }
        ],
    }
    return json.dumps(log, indent=1) + "\n"


def _rules() -> list[dict[str, Any]]:
    words = dict([*PAIR_RULES.values(), VERDICT_RULE])
    words |= {kind.value: sentence for kind, sentence in PROBLEM_WORDS.items()}
    return [{"id": name, "shortDescription": {"text": sentence}} for name, sentence in words.items()]


def _results(result: Comparison) -> list[dict[str, Any]]:
    found = [_pair(pair, result.sides) for pair in result.pairs if pair.fails or pair.waived]
    found += [_problem(problem, result.sides) for problem in result.problems]
    if result.verdict is not Verdict.PARITY and not any("suppressions" not in each for each in found):
        found.append(_result(VERDICT_RULE[0], headline(result), [], None))
    return found


def _pair(pair: Pair, sides: tuple[SideInfo, SideInfo]) -> dict[str, Any]:
    locations = [
        _location(side, line, str(pair.key))
        for side, line in ((sides[1], pair.line_b), (sides[0], pair.line_a))
        if side.paths
    ]
    found = _result(PAIR_RULES[pair.origin][0], pair_sentence(pair), locations, pair.waived)
    found["partialFingerprints"] = {"quantity/v1": clean(str(pair.key))}
    found["properties"] = {"a": value_text(pair.a), "b": value_text(pair.b), "class": pair.difference.value}
    return found


def _problem(problem: Problem, sides: tuple[SideInfo, SideInfo]) -> dict[str, Any]:
    which = [sides[0]] if problem.side is Side.A else [sides[1]] if problem.side is Side.B else list(sides)
    place = str(problem.key) if problem.key else problem.kind.value
    locations = [_location(side, 0, place) for side in which if side.paths]
    return _result(problem.kind.value, problem_sentence(problem), locations, problem.waived)


def _result(rule: str, message: str, locations: list[dict[str, Any]], waived: Waived | None) -> dict[str, Any]:
    found: dict[str, Any] = {"ruleId": rule, "level": "error", "message": {"text": message}}
    if locations:
        found["locations"] = locations[:1]
        related = [{**location, "id": place} for place, location in enumerate(locations[1:], 1)]
        found |= {"relatedLocations": related} if related else {}
    if waived is not None:
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": waiver_text(waived)}]
    return found


def _location(side: SideInfo, line: int, name: str) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": clean(name), "kind": "variable"}]}
    path = side.paths[0]
    if path != "-":  # standard input has no address
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(path)}}
        if line > 0 and len(side.paths) == 1:
            location["physicalLocation"]["region"] = {"startLine": line}
    return location


def _uri(path: str) -> str:
    pure = PurePath(path)
    address = quote(pure.as_posix(), errors="surrogatepass")
    return f"file://{address}" if pure.is_absolute() else address
