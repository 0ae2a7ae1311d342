"""The pages of an evidence folder, and the table of many: rendered from data, truthful, safe."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from compare.commands import history as history_command
from compare.errors import InputError
from compare.folders.bundle import MANIFEST
from compare.folders.document import Document, Plot, Section, Summary, Table, from_json, to_json
from compare.folders.history import as_json, draw, read_history
from compare.folders.run_report import artifact_list, render_pages
from compare.render import diagnostics, run_page
from harness.evidence.folder import Evidence

EVIL = '<script>alert(1)</script> & "quotes" | bar `tick` φ ×'

DOCUMENT = Document(
    title="A run",
    verdict="parity",
    exit_code=0,
    headline="All is the same.",
    facts=(("case", EVIL), ("empty", "")),
    sections=(
        Section(
            EVIL, (EVIL,), table=Table(("name", "value"), ((EVIL, 1.5), ("pi", 3.141592653589793), ("none", None)))
        ),
        Section(
            "plot", plot=Plot("A plot", "x", "y", {"one": ((1.0, 1e-3), (10.0, 1e-5), (0.0, 0.0))}, logarithmic=True)
        ),
        Section("text", preformatted="first\n```\n<b>second</b>\n"),
    ),
    next_steps=("do this",),
    summary=Summary("x", "cpu", result=0.1, worst_ulps=2.0),
)


class Checker(HTMLParser):
    """Collects what a page would ask of the network, and whether its tags close."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "data", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(document: Document = DOCUMENT) -> str:
    return run_page.render(document, {"cpu": EVIL}, [("a.log", EVIL)], lambda name: None)


def test_a_document_reads_back_the_same() -> None:
    assert from_json(to_json(DOCUMENT), "report.json") == DOCUMENT


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 99}', '{"schema_version": 1}'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.json"):
        from_json(text, "mine.json")


def test_a_table_with_a_short_row_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        Table(("a", "b", "c"), (("1", "2"),))


def test_the_page_is_well_formed_self_contained_and_safe() -> None:
    text = page()
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert "script" not in checker.seen
    assert "b" not in checker.seen
    assert len(checker.ids) == len(set(checker.ids))
    assert all(link.startswith("#") and link[1:] in checker.ids for link in checker.links)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)


def test_the_page_can_be_walked_by_keyboard_and_screen_reader() -> None:
    text = page()
    assert '<html lang="en">' in text
    assert text.count("<h1>") == 1
    for needed in (
        "<main",
        "<nav",
        "<header",
        'class="skip"',
        'role="status"',
        "<caption>",
        'scope="col"',
        'scope="row"',
    ):
        assert needed in text
    assert text.count('class="scroll"') == text.count('tabindex="0"')
    assert 'role="img"' in text
    assert "prefers-color-scheme" in text
    assert "@media print" in text


def test_every_number_of_the_report_stands_in_the_page_and_in_the_plain_text() -> None:
    plain = diagnostics.render(DOCUMENT, {}, [])
    for text in (page(), plain):
        assert "3.141592653589793" in text
        assert "1.5" in text


def test_diagnostics_are_ascii_and_their_tables_hold() -> None:
    text = diagnostics.render(DOCUMENT, {"cpu": EVIL}, [("a.log", "the log")])
    assert text.isascii()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(line) for line in table}) == 1
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in table)
    assert "````text" in text


def make_run(root: Path, label: str, document: Document | None = DOCUMENT) -> Path:
    with Evidence(root, label) as evidence:
        evidence.document = document
        evidence.write("deep/extra.log", "x\n")
    return evidence.final


def test_pages_render_again_to_the_same_bytes(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "x")
    for name, text in render_pages(folder).items():
        assert (folder / name).read_text() == text


def test_the_list_of_files_names_every_file(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "x")
    listed = dict(artifact_list(folder))
    assert set(listed) == {path.name for path in folder.iterdir() if path.is_file()} | {"deep/"}
    assert MANIFEST in listed


def test_history_tells_sealed_broken_and_killed_runs_apart(tmp_path: Path) -> None:
    make_run(tmp_path, "good")
    broken = make_run(tmp_path, "broken")
    (broken / "report.json").write_text("{}")
    (tmp_path / "20200101T000000Z_killed.partial").mkdir()
    (tmp_path / "unrelated").mkdir()
    runs = read_history(tmp_path)
    assert runs[0].seal == "partial"
    assert [run.when for run in runs] == sorted(run.when for run in runs)
    assert sorted(run.seal for run in runs) == ["broken", "partial", "sealed"]
    (good,) = [run for run in runs if run.seal == "sealed"]
    assert (good.case, good.device, good.verdict, good.result, good.worst_ulps) == (
        "x",
        "cpu",
        "parity",
        0.1,
        2.0,
    )
    assert json.loads(as_json(runs))[0]["when"] == "2020-01-01 00:00:00"
    pytest.importorskip("matplotlib")
    draw(runs, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_of_runs_names_the_folder_that_does_not_verify(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run(tmp_path, "broken")
    (folder / "report.html").unlink()
    history_command.history(tmp_path, json=False, png=None)
    shown = capsys.readouterr().out
    assert "BROKEN" in shown
    assert folder.name in shown


def test_history_of_no_folder_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_history(tmp_path / "nowhere")


def test_pictures_among_the_files_are_shown_within_the_page(tmp_path: Path) -> None:
    pixel = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
    (tmp_path / "report.json").write_text(to_json(DOCUMENT))
    (tmp_path / "env.json").write_text("{}")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "seen.png").write_bytes(pixel)
    (tmp_path / "made" / "no.png").write_bytes(b"<svg onload=alert(1)>")
    page = render_pages(tmp_path)["report.html"]
    assert page.count("<img ") == 1
    assert 'alt="made/seen.png"' in page
    assert "img-src data:" in page
    (tmp_path / "made" / "seen.png").unlink()
    assert "img-src" not in render_pages(tmp_path)["report.html"]
