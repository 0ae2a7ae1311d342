"""The engine knows no subject: its sources have no word that only a subject has, and it works with none installed."""

from __future__ import annotations

import re
from contextvars import ContextVar
from pathlib import Path

import pytest

from compare import installed
from harness import finding
from harness.cli import run
from harness.finding import find_subject, open_subject
from harness.subject import Subject

ROOT = Path(__file__).resolve().parents[2]
TELLING = re.compile(r"[_.A-Z0-9-]")
"""In a name that is no plain English word."""
PLAIN = frozenset(["bragg", "mosaic", "fluence", "crystal", "misset", "spindle", "ptychography", "diffraction"])
"""English words that a subject alone has."""
COMMON = frozenset(["trace_format", "place", "spec"])
"""Words of the engine that subjects have too."""


def words_of(subject: Subject) -> set[str]:
    """Names of quantities, records and defects, flags of cases, names of packaged files."""
    vocabulary = subject.vocabulary()
    names = {name for _, name in vocabulary.quantities} | {alias.name for alias in vocabulary.aliases}
    names |= {record for record in vocabulary.records if len(record) > 4}
    names |= set(subject.defect_names()) | {defect.name for defect in vocabulary.defects}
    flags = {word for name in subject.case_names() for word in subject.case(name).argv if re.match(r"-[A-Za-z]", word)}
    names |= {flag.removeprefix("-") for flag in flags if len(flag) > 4}
    names |= set(subject.input_names()) | set(subject.case_names()) | {subject.name, *subject.modes}
    return {name for name in names if len(name) > 3 and TELLING.search(name) and name.lower() not in COMMON} | PLAIN


@pytest.mark.parametrize("name", sorted(installed.subjects()))
def test_no_source_of_the_engine_has_a_word_that_only_a_subject_has(name: str) -> None:
    words = words_of(open_subject(name))
    pattern = re.compile(
        r"(?<![\w.-])(" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")(?![\w-])"
    )
    found = {
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for folder in ("harness", "compare")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        for match in pattern.finditer(line)
    }
    assert sorted(found) == []


def test_the_engine_imports_no_subject_and_no_program() -> None:
    imports = re.compile(r"^\s*(?:from|import) (subjects|simulator|reference_c)\b", re.MULTILINE)
    for folder in ("harness", "compare"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not imports.search(path.read_text("utf-8")), path


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from compare.words import vocabulary

    monkeypatch.setattr(installed, "entry_points", lambda group: ())
    vocabulary.packaged.cache_clear()
    monkeypatch.setattr(finding, "_chosen", ContextVar("empty"))


@pytest.mark.usefixtures("nothing_installed")
def test_without_a_subject_a_command_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["parity"]) == 2
    assert "harness init" in capsys.readouterr().err
    assert run(["smoke", "--out-dir", str(tmp_path / "r"), "--", "true"]) == 0
    with pytest.raises(Exception, match="no subject"):
        find_subject(None)
