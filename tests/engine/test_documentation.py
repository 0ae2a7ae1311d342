"""Sessions that the pages show are run, and print what is shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harness.cli import run
from harness.documentation import page, pages
from harness.finding import open_subject

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```(\w+)(?: (file|append)=(\S+))?\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)$\n?((?:(?!\$ ).*\n?)*)", re.MULTILINE)


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown; blanks count as one, ``...`` stands for anything."""
    parts = [re.escape(" ".join(part.split())) for part in shown.split("...")]
    return re.fullmatch(r"\s*" + r".*".join(parts) + r"\s*", " ".join(printed.split()), re.DOTALL) is not None


def walk(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Go through a page in a folder: files are written, commands run; gives the number of commands."""
    count = 0
    for kind, how, name, content in BLOCK.findall(text):
        if how:
            with open(folder / name, "a" if how == "append" else "w", encoding="utf-8") as file:
                file.write(content)
            open_subject.cache_clear()
        elif kind == "console":
            for command, shown in COMMAND.findall(content):
                program, *words = shlex.split(command)
                assert program == "harness", command
                capsys.readouterr()
                run(words)
                printed = capsys.readouterr()
                assert matches(shown, printed.err + printed.out), f"$ {command}\n{printed.err}{printed.out}"
                count += 1
    return count


def test_a_stranger_gets_to_the_guilty_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_REPORTS", raising=False)
    open_subject.cache_clear()
    assert walk((ROOT / "docs" / "your_own_program.md").read_text("utf-8"), tmp_path, capsys) == 5


def test_every_page_is_printed_by_name() -> None:
    assert set(pages()) == {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert page("parity-toml") == (ROOT / "docs" / "parity_toml.md").read_text("utf-8")
