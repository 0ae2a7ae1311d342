"""What a wheel must hold, and what a fresh checkout promises."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.harness.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def tracked(*folders: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [Path(name) for name in listed.stdout.splitlines()]


def test_every_data_file_of_the_packages_travels_in_the_wheel() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    data = [path for path in tracked("simulator", "harness", "compare", "reference_c") if path.suffix != ".py"]
    left_out = [path for path in data if not any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)]
    assert left_out == []


def test_the_constraints_pin_torch_and_every_direct_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pinned["torch"] == "2.13.0"
    project = PROJECT["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[><=]", requirement)[0] for requirement in wanted}
    assert names <= set(pinned)


def test_one_version_everywhere() -> None:
    import harness
    import simulator

    version = PROJECT["project"]["version"]
    assert harness.__version__ == simulator.__version__ == version
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [path for path in tracked() if path.suffix == ".md" and "reports/example_" not in path.as_posix()]
    broken = []
    for page in pages:
        text = re.sub(r"```.*?```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target and not (ROOT / page).parent.joinpath(target).exists():
                broken.append(f"{page}: {target}")
    assert broken == []


def test_make_names_its_targets() -> None:
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("parity", "test", "reference", "reference-fast", "sanitize", "lint", "bench", "evidence", "clean"):
        assert re.search(rf"^{target} ", shown, re.MULTILINE)
