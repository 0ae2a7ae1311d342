"""A comparison as JUnit XML, for the test pages of CI systems.

One suite; a test case for each quantity (record and name, all its evaluations together), each finding, and the
verdict, so that a comparison that is not parity has a failing case whatever the reason. Waived quantities are
skipped cases with the waiver as message: shown, not failing, never silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from compare.judging.result import Comparison, Leftover, Pair, Problem, Side, Status, Verdict
from compare.render.account import headline, story
from compare.render.text import (
    clean,
    counts_text,
    pair_sentence,
    problem_sentence,
    waiver_text,
)

SCHEMA_VERSION = 1
SUITE = "compare traces"
SHOWN = 20  # evaluations of one quantity that are listed


def render(result: Comparison) -> str:
    """One ``testsuites`` element, UTF-8."""
    cases = [_verdict(result)]
    cases += [_problem(problem) for problem in result.problems]
    cases += [_quantity(name, pairs) for name, pairs in _by_quantity(result.pairs).items()]
    cases += [_leftover(leftover) for leftover in result.leftovers]
    root = ET.Element("testsuites", _totals(cases))
    suite = ET.SubElement(root, "testsuite", {"name": SUITE, **_totals(cases)})
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(result).items():
        ET.SubElement(properties, "property", {"name": name, "value": clean(value)})
    suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _properties(result: Comparison) -> dict[str, str]:
    return {
        "schema_version": str(SCHEMA_VERSION),
        "verdict": result.verdict.value,
        "a": ", ".join(result.sides[0].paths),
        "b": ", ".join(result.sides[1].paths),
        "coverage": str(result.coverage),
        "tolerance_source": result.tolerance_source,
    }


def _totals(cases: list[ET.Element]) -> dict[str, str]:
    counted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    totals = {total: sum(case.find(tag) is not None for case in cases) for total, tag in counted.items()}
    return {"tests": str(len(cases)), **{total: str(number) for total, number in totals.items()}}


def _by_quantity(pairs: Iterable[Pair]) -> dict[str, list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        section = f"{pair.key.section}: " if pair.key.section else ""
        record = f"{pair.key.record}." if pair.key.record else ""
        groups.setdefault(f"{section}{record}{pair.key.name}", []).append(pair)
    return groups


def _case(name: str, group: str) -> ET.Element:
    return ET.Element("testcase", {"classname": f"{SUITE}.{group}", "name": clean(name)})


def _outcome(case: ET.Element, tag: str, message: str, text: str = "", kind: str = "") -> ET.Element:
    attributes = {"message": clean(message)} | ({"type": kind} if kind else {})
    ET.SubElement(case, tag, attributes).text = text or None
    return case


def _verdict(result: Comparison) -> ET.Element:
    case = _case("verdict", "verdict")
    if result.verdict is not Verdict.PARITY:
        text = "\n".join([*story(result), counts_text(result), str(result.coverage)])
        _outcome(case, "failure", headline(result), text, result.verdict.value)
    return case


def _quantity(name: str, pairs: list[Pair]) -> ET.Element:
    case = _case(name, "quantities")
    failing = [pair for pair in pairs if pair.fails]
    waived = [pair for pair in pairs if pair.waived]
    if failing:
        shown = "\n".join(pair_sentence(pair) for pair in failing[:SHOWN])
        more = f"\nand {len(failing) - SHOWN} more" if len(failing) > SHOWN else ""
        message = f"{len(failing)} of {len(pairs)} fail; the first: {pair_sentence(failing[0])}"
        _outcome(case, "failure", message, shown + more, failing[0].difference.value)
    elif waived:
        message = f"{len(waived)} of {len(pairs)} {waiver_text(waived[0].waived)}"
        _outcome(case, "skipped", message)
    return case


def _leftover(leftover: Leftover) -> ET.Element:
    case = _case(str(leftover.key), f"only in {leftover.side.value}")
    other = "b" if leftover.side is Side.A else "a"
    message = f"{leftover.status.value}, and missing in {other}"
    tag = "failure" if leftover.status is Status.REQUIRED else "skipped"
    return _outcome(case, tag, message)


def _problem(problem: Problem) -> ET.Element:
    case = _case(f"{problem.kind.value} {problem.key or ''}".strip(), "findings")
    tag = "skipped" if problem.waived else "error"
    return _outcome(case, tag, problem_sentence(problem), kind="" if problem.waived else problem.kind.value)
