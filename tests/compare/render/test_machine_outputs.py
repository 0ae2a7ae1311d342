"""JSON, CSV, SARIF, JUnit and workflow commands: valid by their schemas, complete, never silent about a waiver."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from compare.judging.result import Comparison, DifferenceClass, Origin, Pair, ProblemKind, Status, Verdict
from compare.render import csv_, github, html, json_, junit, markdown, sarif

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"
RENDERERS = [csv_, github, html, json_, junit, markdown, sarif]
Samples = dict[str, Comparison]


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text())


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_every_renderer_writes_text_without_control_characters(renderer: ModuleType, sample: Comparison) -> None:
    text = renderer.render(sample)
    assert text.endswith("\n")
    text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_no_output_is_silent_about_a_waiver(renderer: ModuleType, samples: Samples) -> None:
    text = renderer.render(samples["accepted"])
    for word in ("waive", "known", "M. Maintainer", "2031-01-31"):
        assert word in text.lower() or word in text, f"{word} is missing"


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_every_output_names_the_first_step_at_fault_and_its_cause(renderer: ModuleType, samples: Samples) -> None:
    text = renderer.render(samples["everything"]).replace("\\", "")
    assert "F_latt" in text
    if renderer is not json_ and renderer is not csv_:
        assert "phi-carryover: phi_tic 0 equals phi_tic 9" in text


def test_schemas_and_rules_know_every_word_of_the_result() -> None:
    words = schema("comparison-1.json")
    pair, problem = words["$defs"]["pair"]["properties"], words["$defs"]["problem"]["properties"]
    columns = {field["name"]: field for field in schema("comparison-csv-1.json")["fields"]}
    kinds = [kind.value for kind in ProblemKind]
    assert words["properties"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert pair["difference"]["enum"] == [kind.value for kind in DifferenceClass]
    assert pair["origin"]["enum"] == columns["origin"]["constraints"]["enum"] == [origin.value for origin in Origin]
    assert pair["status"]["enum"] == columns["status"]["constraints"]["enum"] == [status.value for status in Status]
    assert problem["kind"]["enum"] == kinds
    assert columns["class"]["constraints"]["enum"] == pair["difference"]["enum"] + kinds
    assert set(pair) == {field.name for field in fields(Pair)}
    assert set(sarif.PROBLEM_WORDS) == set(ProblemKind)
    assert set(sarif.PAIR_RULES) == set(Origin)


# ---------------------------------------------------------------- JSON


def test_json_follows_its_schema(sample: Comparison) -> None:
    document = json.loads(json_.render(sample))
    jsonschema.validate(document, schema("comparison-1.json"))
    assert document["verdict"] == sample.verdict.value
    assert document["exit_code"] == sample.exit_code


def test_json_marks_the_first_origin_by_its_place(samples: Samples) -> None:
    document = json.loads(json_.render(samples["everything"]))
    assert document["pairs"][document["first_origin"]]["cause"]["label"] == "phi-carryover"
    assert json.loads(json_.render(samples["parity"]))["first_origin"] is None


@pytest.mark.parametrize("name", ["parity", "unresolved", "incomplete", "omitted", "nothing", "accepted"])
def test_json_reads_back_to_the_same_result(samples: Samples, name: str) -> None:
    assert json_.read(json_.render(samples[name])) == samples[name]


def test_json_reads_back_every_field_and_special_values(samples: Samples) -> None:
    before = samples["everything"]
    after = json_.read(json_.render(before))
    nan = next(pair for pair in after.pairs if pair.key.name == "F_cell")
    assert isinstance(nan.a, float)
    assert math.isnan(nan.a)
    assert nan.b == math.inf
    same = [replace(pair, a=0.0) if pair.key.name == "F_cell" else pair for pair in after.pairs]
    expected = [replace(pair, a=0.0) if pair.key.name == "F_cell" else pair for pair in before.pairs]
    assert same == expected
    assert replace(after, pairs=()) == replace(before, pairs=())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "other", "schema_version": 1}', "null"])
def test_json_refuses_what_it_did_not_write(text: str) -> None:
    with pytest.raises(ValueError, match="comparison"):
        json_.read(text)


def test_json_refuses_an_edited_verdict(samples: Samples) -> None:
    text = json_.render(samples["unresolved"]).replace('"verdict": "unresolved"', '"verdict": "parity"')
    with pytest.raises(ValueError, match="edited"):
        json_.read(text)


# ---------------------------------------------------------------- CSV


def rows(result: Comparison) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_.render(result))))


def test_csv_follows_its_schema(sample: Comparison) -> None:
    fields = schema("comparison-csv-1.json")["fields"]
    assert tuple(field["name"] for field in fields) == csv_.COLUMNS
    kinds = {"integer": int, "number": float, "string": str}
    for row in rows(sample):
        for field in fields:
            cell, rules = row[field["name"]], field.get("constraints", {})
            assert cell or not rules.get("required"), field["name"]
            if cell:
                value = kinds[field["type"]](cell)
                assert value in rules.get("enum", [value]), (field["name"], cell)


def test_csv_has_a_row_for_each_pair_leftover_and_finding(sample: Comparison) -> None:
    kinds = [row["kind"] for row in rows(sample)]
    assert kinds.count("pair") == len(sample.pairs)
    assert kinds.count("only_a") + kinds.count("only_b") == len(sample.leftovers)
    assert kinds.count("problem") == len(sample.problems)
    assert kinds.count("ambiguity") == len(sample.ambiguities)


def test_csv_values_read_back_to_the_same_bits(samples: Samples) -> None:
    result = samples["everything"]
    for row, pair in zip(rows(result), result.pairs, strict=False):
        if isinstance(pair.a, float) and not math.isnan(pair.a):
            assert float(row["a"]) == pair.a


def test_csv_cells_are_no_formulas(samples: Samples) -> None:
    for row in rows(samples["hostile"]):
        for column, cell in row.items():
            if cell.startswith(("=", "+", "-", "@")):
                float(cell)  # a number, or this raises
                assert column not in ("name", "record", "indices", "cause", "evidence", "note", "unit")


# ---------------------------------------------------------------- SARIF


def test_sarif_follows_its_schema(sample: Comparison) -> None:
    document = json.loads(sarif.render(sample))
    jsonschema.validate(document, schema("sarif-1.json"))
    (run,) = document["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules


def test_sarif_has_an_open_result_exactly_when_it_is_not_parity(sample: Comparison) -> None:
    results = json.loads(sarif.render(sample))["runs"][0]["results"]
    assert any("suppressions" not in each for each in results) == (sample.verdict is not Verdict.PARITY)


def test_sarif_points_at_the_lines_of_both_logs_and_suppresses_what_was_waived(samples: Samples) -> None:
    results = json.loads(sarif.render(samples["everything"]))["runs"][0]["results"]
    waived, _, origin = results[:3]
    assert "M. Maintainer" in waived["suppressions"][0]["justification"]
    assert origin["ruleId"] == "step-at-fault"
    physical = origin["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": "out/py%20log.log"}, "region": {"startLine": 21}}
    assert origin["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 20


def test_sarif_gives_no_line_where_a_side_is_several_files(samples: Samples) -> None:
    result = samples["accepted"]
    several = replace(result.sides[1], paths=("b.log", "b_per_phi.log"))
    text = sarif.render(replace(result, sides=(result.sides[0], several)))
    assert "startLine" not in json.dumps(json.loads(text)["runs"][0]["results"][0]["locations"])


# ---------------------------------------------------------------- JUnit


def suite(result: Comparison) -> ET.Element:
    root = ET.fromstring(junit.render(result))
    assert root.tag == "testsuites"
    (found,) = root
    return found


def test_junit_totals_are_those_of_its_cases(sample: Comparison) -> None:
    found = suite(sample)
    cases = found.findall("testcase")
    assert int(found.get("tests", "")) == len(cases) >= 1
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(found.get(total, "")) == sum(case.find(tag) is not None for case in cases)
    assert all(case.get("name") and case.get("classname") and len(case) <= 1 for case in cases)
    properties = {each.get("name"): each.get("value") for each in found.findall("properties/property")}
    assert properties["schema_version"] == "1"
    assert properties["verdict"] == sample.verdict.value


def test_junit_fails_exactly_when_it_is_not_parity(sample: Comparison) -> None:
    found = suite(sample)
    failing = [case for case in found.findall("testcase") if case.find("failure") is not None]
    assert bool(failing) == (sample.verdict is not Verdict.PARITY)


def test_junit_has_one_case_for_all_evaluations_of_a_quantity(samples: Samples) -> None:
    cases = [case for case in suite(samples["everything"]) if "F_latt" in (case.get("name") or "")]
    assert len(cases) == 1
    failure = cases[0].find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("1 of 10 fail")


# ---------------------------------------------------------------- GitHub


COMMAND = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:]*)(?:,\w+=[^,:]*)*)::(.*)")


def decoded(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_each_annotation_is_one_command(sample: Comparison) -> None:
    levels = []
    for line in github.render(sample).splitlines():
        match = COMMAND.fullmatch(line)
        assert match, line
        assert set(re.findall(r"(?:^|,)(\w+)=", match[2])) <= {"file", "line", "title"}
        assert not re.search("%(?!25|0A|0D|3A|2C)", line)
        levels.append(match[1])
    assert ("error" in levels) == (sample.verdict is not Verdict.PARITY)
    assert levels.count("error") <= 10 + len(sample.problems)


def test_hostile_names_survive_the_escaping(samples: Samples) -> None:
    lines = github.render(samples["hostile"]).splitlines()
    assert any("onerror=alert(1)>&|`%:,]]> ::error::x" in decoded(line) for line in lines)
    assert sum(line.startswith("::error") for line in lines) == 1 + 4 + 1


def test_the_annotations_lead_with_the_verdict_and_the_origin(samples: Samples) -> None:
    first, second, *_ = github.render(samples["everything"]).splitlines()
    assert "divergence" in first
    assert "file=out/py log.log,line=21" in second
    assert "F_latt" in second


def test_many_failures_are_summed_up(samples: Samples) -> None:
    pair = samples["unresolved"].pairs[0]
    many = replace(samples["unresolved"], pairs=(pair,) * 30, counts={DifferenceClass.DIVERGENT: 30})
    lines = github.render(many).splitlines()
    assert len(lines) == 10
    assert "22 more" in lines[-1]
