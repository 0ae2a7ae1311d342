"""A folder made twice from the same inputs: exactly what may differ between the two."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.harness.support import Run, sealed_folders

TIMES_AND_FOLDERS = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"\d{8}T\d{6}Z", "<time>"),
    (r"harness_oblique_cell_\w+", "<scratch>"),
    (r"(?<=_oblique_cell)_\d+\b", ""),
)
TIMED = {"metrics.json", "report.json", "diagnostics.md", "report.html", "junit.xml"}
"""Files that state how many seconds a case took."""
MAY_DIFFER = TIMED | {"commands.txt", "sha256.txt", "torch_collect_env.txt"}


def plain(text: str) -> str:
    for pattern, stand_in in TIMES_AND_FOLDERS:
        text = re.sub(pattern, stand_in, text)
    return text


def without_seconds(value: object) -> object:
    """A JSON value without the fields that hold a duration."""
    if isinstance(value, dict):
        return {name: without_seconds(item) for name, item in value.items() if name != "seconds"}
    return [without_seconds(item) for item in value] if isinstance(value, list) else value


def test_two_parity_runs_differ_in_times_and_names_of_folders_only(harness: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert harness("parity", "oblique_cell", "--mode", "c-parity").returncode == 0
    first, second = sealed_folders(tmp_path / "reports")
    names = {path.name for path in first.iterdir()}
    assert names == {path.name for path in second.iterdir()}
    differing = {name for name in names if (first / name).read_bytes() != (second / name).read_bytes()}
    assert differing <= MAY_DIFFER
    assert plain((first / "commands.txt").read_text()) == plain((second / "commands.txt").read_text())
    metrics = [without_seconds(json.loads((folder / "metrics.json").read_text())) for folder in (first, second)]
    assert metrics[0] == metrics[1]
    reports = [json.loads((folder / "report.json").read_text()) for folder in (first, second)]
    for report in reports:
        table = report["sections"][0]["table"]
        assert table["columns"][-1] == "seconds"
        table["rows"] = [row[:-1] for row in table["rows"]]
    assert reports[0] == reports[1]
