"""``parity.toml``: a pair of programs that print traces goes through the engine's commands without Python."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.cli import run
from harness.described.settings import read
from harness.errors import WrongUse
from harness.finding import file_above, open_subject


@pytest.fixture(autouse=True)
def _opened_afresh() -> None:
    open_subject.cache_clear()


def folder_of(root: Path, label: str) -> Path:
    (found,) = (path for path in (root / "reports").iterdir() if path.name.endswith(label))
    return found


def test_nine_lines_lead_to_parity_and_a_sealed_folder(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len((described / "parity.toml").read_text().splitlines()) <= 10
    assert run(["parity", "-v"]) == 0
    assert "ok   traces: 12 values" in capsys.readouterr().out
    folder = folder_of(described, "_parity_short")
    assert verify(folder).sealed
    figures = json.loads((folder / "metrics.json").read_text())["cases"]["short"]
    assert figures["x_final"][""]["reference"] == figures["x_final"][""]["port"]
    assert (folder / "trace_a.log").read_text().startswith("TRACE_C: rate")
    assert (folder / "report.html").is_file()


def test_the_file_is_found_from_a_folder_below(described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (described / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(described / "deep" / "er")
    assert file_above(Path.cwd()) == described / "parity.toml"
    assert run(["reference", "trace", "--out", "-"]) == 0


def test_a_fault_is_found_and_both_values_are_shown(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parity"]) == 1
    assert "STEP[step=3].flux" in capsys.readouterr().out
    assert run(["explain", "--case", "short"]) == 1
    said = capsys.readouterr().out
    assert "x_final" in said.splitlines()[0]
    assert "STEP[step=3].flux" in said


def test_a_graph_in_the_file_names_the_step(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (faulty / "parity.toml").open("a") as file:
        file.write(
            '[vocabulary.records]\nSTEP = ["step"]\n[vocabulary.quantities.header]\nrate = { inputs = [] }\n'
            'x_final = { inputs = ["last STEP.x"], copy = true }\n[vocabulary.quantities.STEP]\n'
            'flux = { inputs = ["rate", "previous x?"] }\nx = { inputs = ["flux", "previous x?"] }\n'
        )
    assert run(["explain", "--case", "short"]) == 1
    assert "first step at fault: STEP[step=3].flux" in capsys.readouterr().out


def test_a_failing_case_is_made_smaller(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["minimise"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["case"]["argv"] == ["4"]


def test_devices_needs_places_on_the_ports_command_line(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["devices", "--allow-missing-cuda"]) == 0
    assert run(["trace", "--device", "cuda"]) == 2
    assert "[port] run has no place {device}" in capsys.readouterr().err


def test_what_it_cannot_do_is_said(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["noise-floor"]) == 2
    assert "decay has no" in capsys.readouterr().err
    assert run(["trace", "--grid", "2"]) == 2
    assert run(["trace", "--mode", "spec"]) == 2


def test_the_doctor_runs_both(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "12 values paired" in said
    assert "[vocabulary.quantities] says inputs" in said


def test_init_writes_a_file_that_works(strangers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--argv", "5"]) == 0
    text = (strangers / "parity.toml").read_text()
    table = tomllib.loads(text)
    assert table["result"] == "x_final"
    assert table["reference"]["build"] == "cc -O2 -o decay decay.c -lm"
    assert '# names = { x_end = "x_final" }' in text
    (strangers / "parity.toml").write_text(text.replace("# names", "names"))
    assert run(["parity"]) == 0
    assert run(["init"]) == 2  # never replaced unasked
    assert "--force" in capsys.readouterr().err


def test_init_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tmp_path)]) == 2
    assert "--reference FILE" in capsys.readouterr().err
    (tmp_path / "a.c").write_text("int main(void) { return 0; }")
    assert run(["init", str(tmp_path)]) == 2
    assert "--port FILE" in capsys.readouterr().err


def test_sections_fill_places_and_are_compared_together(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (described / "parity.toml").read_text().replace("{argv}", "{epoch}")
    text = text.replace('cases.short.argv = "5"', 'keys = ["epoch"]\ncases.short.sections = [[3], 4]')
    (described / "parity.toml").write_text(text)
    assert run(["parity", "-v"]) == 0
    said = capsys.readouterr().out
    assert "ok   traces: 18 values" in said
    assert run(["trace", "--at", "6", "--out", "-"]) == 0
    assert "step=5" in capsys.readouterr().out
    assert run(["trace", "--at", "6", "7"]) == 2
    assert "one integer, EPOCH" in capsys.readouterr().err


def test_programs_that_fail_are_told_in_a_line(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (described / "decay.c").write_text("int main(void) { this is no C }")
    assert run(["parity"]) == 4
    assert "building the reference failed" in capsys.readouterr().err
    (described / "decay.c").write_text("int main(void) { return 0; }")
    assert run(["reference", "trace"]) == 4
    assert "left no trace in its standard output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name =", "nam ="), "did you mean 'name'"),
        (("[port]", "[prt]"), "did you mean 'port'"),
        (('run = "{python}', 'ru = "{python}'), "did you mean 'run'"),
        (('result = "x_final"', "result = 3"), "result must be a text"),
        (('result = "x_final"', 'keys = ["epoch"]'), "must have a place {epoch}"),
        (('result = "x_final"', "tolerance = 2"), "from 0 to 1"),
        (('name = "decay"', 'name = "de/cay"'), "name must be letters"),
        (("[port]", "[port"), "not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_key(described: Path, change: tuple[str, str], said: str) -> None:
    path = described / "parity.toml"
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(WrongUse, match=said.replace("{", r"\{")):
        read(path)


def test_every_command_answers_as_json(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parity", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["exit_code"], answer["verdict"]) == (0, "parity")
    assert verify(Path(answer["folder"])).sealed
    assert answer["metrics"]["cases"]["short"]["verdict"] == "parity"
    assert answer["report"]["summary"]["result_name"] == "x_final"
    assert run(["--json", "cases", "list"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == ["short  "]
    assert run(["explain", "--case", "short", "--json", "own.json"]) == 0
    assert (described / "own.json").is_file()


def test_compare_uses_the_words_of_the_folder(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from compare.cli import run as compare

    assert run(["reference", "trace", "--out", "a.log"]) == 0
    assert run(["trace", "--out", "b.log"]) == 0
    assert compare("traces", ["a.log", "b.log"]) == 0
    (described / "parity.toml").write_text("name = 3")
    assert compare("traces", ["a.log", "b.log"]) == 1  # x_end and x_final are not known to be one


def test_the_doctor_says_which_names_of_the_file_no_trace_has(
    described: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = described / "parity.toml"
    path.write_text(path.read_text().replace("names = { ", 'names = { absent_p = "absent_r", ', 1))
    assert run(["doctor", "--strict"]) == 2
    said = capsys.readouterr().out
    assert "[names] has 'absent_p': the port's trace has no such name" in said
    assert "[names] has 'absent_r': the reference's trace has no such name" in said
