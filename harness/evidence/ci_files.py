"""What a parity run leaves for machines: JUnit XML and SARIF."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from compare.render.text import clean
from harness import __version__
from harness.questions.parity import Outcome


def junit(outcomes: Sequence[Outcome]) -> str:
    """JUnit XML: a suite a case, a test a check."""
    root = ET.Element("testsuites", name="harness parity")
    for outcome in outcomes:
        failed = sum(not check.passed for check in outcome.checks)
        counts = {"tests": str(len(outcome.checks)), "failures": str(failed), "errors": "0", "skipped": "0"}
        suite = ET.SubElement(root, "testsuite", {"name": outcome.label, "time": f"{outcome.seconds:.3f}", **counts})
        for check in outcome.checks:
            case = ET.SubElement(suite, "testcase", classname=outcome.label, name=check.what)
            if not check.passed:
                ET.SubElement(case, "failure", message=clean(check.text)).text = clean(check.text)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def sarif(outcomes: Sequence[Outcome]) -> str:
    """SARIF 2.1.0: a result for every check that failed, placed at the case's file."""
    results = [
        {
            "ruleId": "parity",
            "level": "error",
            "message": {"text": clean(f"{outcome.label}: {check.what}: {check.text}")},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": f"{outcome.case}.toml"}}}],
        }
        for outcome in outcomes
        for check in outcome.checks
        if not check.passed
    ]
    rule = {"id": "parity", "shortDescription": {"text": "The port computes what the reference program computes"}}
    driver = {"name": "harness parity", "version": __version__, "rules": [rule]}
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(document, indent=2) + "\n"
