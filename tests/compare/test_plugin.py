"""The pytest plugin, run by pytest inside pytest."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compare import emitters
from compare.folders.bundle import verify
from compare.folders.document import Document
from compare.folders.sealing import seal
from compare.pytest_plugin import OPTION, TracesDiffer, assert_traces_match

pytest_plugins = ["pytester"]

HEADER = [
    "trace_format 1",
    "program orbit",
    "n_steps 3",
    "time_step 0.125",
    "start_position 1.0 0.0",
    "start_velocity 0.0 1.1",
]
VOCABULARY = emitters.EXAMPLE_VOCABULARY


def trace(side: str, factor: float = 1.0, steps: int = 3) -> list[str]:
    """A small trace; ``factor`` scales the third step's velocity."""
    lines = [f"TRACE_{side}: {words}" for words in HEADER]
    for step in range(steps):
        velocity = 0.1 * (step + 1) * (factor if step == 2 else 1.0)
        values = f"R_distance=1.0 acceleration=-1.0,0.5 velocity={velocity!r},1.0 position={step / 3!r},1.0"
        lines.append(f"TRACE_{side}_STEP step={step} {values}")
    return [*lines, f"TRACE_{side}: energy -0.5"]


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def run_tests(pytester: pytest.Pytester, body: str, *options: str) -> pytest.RunResult:
    """Run one test file in a fresh folder with the logs a.log, same.log and wrong.log."""
    shutil.copy(VOCABULARY, pytester.path / "orbit.toml")
    written(pytester.path / "a.log", trace("C"))
    written(pytester.path / "same.log", trace("PY"))
    written(pytester.path / "wrong.log", trace("PY", factor=-1.0))
    pytester.makepyfile(body)
    return pytester.runpytest(*load_plugin(), *options)


def load_plugin() -> list[str]:
    """Where the project is installed its entry point loads the plugin; from a checkout -p does."""
    installed = any(entry.name == "trace_parity" for entry in importlib.metadata.entry_points(group="pytest11"))
    return [] if installed else ["-p", "compare.pytest_plugin"]


# ---------------------------------------------------------------- the assertion


def test_matching_traces_pass_and_give_the_comparison(tmp_path: Path) -> None:
    result = assert_traces_match(
        written(tmp_path / "a.log", trace("C")), written(tmp_path / "b.log", trace("PY")), vocabulary=VOCABULARY
    )
    assert result.exit_code == 0
    assert result.coverage.paired >= 8


def test_lines_are_compared_as_files_are() -> None:
    assert_traces_match(trace("C"), (line + "\n" for line in trace("PY")), vocabulary=VOCABULARY)
    with pytest.raises(TracesDiffer):
        assert_traces_match(trace("C"), trace("PY", factor=2.0), vocabulary=VOCABULARY)


def test_the_message_names_the_first_wrong_value_and_is_no_dump() -> None:
    with pytest.raises(TracesDiffer) as failure:
        assert_traces_match(trace("C", steps=200), trace("PY", factor=-1.0, steps=200), vocabulary=VOCABULARY)
    text = str(failure.value)
    assert "STEP[step=2].velocity" in text
    assert "a = 0.30000000000000004" in text
    assert "b = -0.30000000000000004" in text
    assert len(text.splitlines()) < 12
    assert failure.value.result.exit_code == 1


def test_traces_with_nothing_in_common_fail() -> None:
    with pytest.raises(TracesDiffer, match="nothing"):
        assert_traces_match(trace("C"), ["TRACE_PY: other 1.0"])
    with pytest.raises(TracesDiffer):
        assert_traces_match([], [])


def test_a_waiver_file_is_honoured(tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.toml"
    waivers.write_text('[[waiver]]\nname = "velocity"\nwhy = "known"\nwho = "me"\nuntil = 9999-01-01\n')
    result = assert_traces_match(trace("C"), trace("PY", factor=-1.0), waivers=waivers, vocabulary=VOCABULARY)
    assert [pair.key.name for pair in result.waived] == ["velocity"]


# ---------------------------------------------------------------- inside pytest


def test_the_fixture_leaves_a_sealed_folder_when_a_test_fails(pytester: pytest.Pytester) -> None:
    outcome = run_tests(
        pytester,
        """
        def test_wrong(trace_parity):
            trace_parity.assert_traces_match("a.log", "wrong.log", vocabulary="orbit.toml")
        """,
        OPTION,
        "evidence",
    )
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*first*velocity*", "*evidence: *evidence/*_test_wrong*"])
    outcome.stdout.no_fnmatch_line("*def assert_traces_match*")  # the reader's own line is shown, not ours
    (folder,) = (pytester.path / "evidence").iterdir()
    assert verify(folder).sealed
    assert (folder / "trace_b.log").read_text() == (pytester.path / "wrong.log").read_text()
    assert json.loads((folder / "comparison.json").read_text())["exit_code"] == 1
    names = {path.name for path in folder.iterdir()}
    assert {"trace_a.log", "comparison.csv", "diagnostics.md", "report.html", "junit.xml", "sha256.txt"} <= names


def test_the_fixture_leaves_nothing_when_a_test_passes(pytester: pytest.Pytester) -> None:
    outcome = run_tests(
        pytester,
        """
        def test_same(trace_parity):
            trace_parity.assert_traces_match("a.log", "same.log", vocabulary="orbit.toml")
        """,
        OPTION,
        "evidence",
    )
    outcome.assert_outcomes(passed=1)
    assert not (pytester.path / "evidence").exists()


def test_the_folder_goes_to_reports_or_where_the_environment_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """
        def test_wrong(trace_parity):
            trace_parity.assert_traces_match("a.log", "wrong.log", vocabulary="orbit.toml")
        """
    monkeypatch.delenv("HARNESS_REPORTS", raising=False)
    run_tests(pytester, body).assert_outcomes(failed=1)
    assert len(list((pytester.path / "reports").iterdir())) == 1
    monkeypatch.setenv("HARNESS_REPORTS", str(pytester.path / "elsewhere"))
    run_tests(pytester, body).assert_outcomes(failed=1)
    assert len(list((pytester.path / "elsewhere").iterdir())) == 1


def test_lines_in_memory_are_recorded_too(pytester: pytest.Pytester) -> None:
    run_tests(
        pytester,
        """
        def test_wrong(trace_parity):
            trace_parity.assert_traces_match("a.log", ["TRACE_PY: n_steps 4"], vocabulary="orbit.toml")
        """,
        OPTION,
        "evidence",
    ).assert_outcomes(failed=1)
    (folder,) = (pytester.path / "evidence").iterdir()
    assert (folder / "trace_b.log").read_text() == "TRACE_PY: n_steps 4\n"


def test_a_missing_trace_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    outcome = run_tests(
        pytester,
        """
        from compare.pytest_plugin import assert_traces_match

        def test_missing():
            assert_traces_match("a.log", "nowhere.log")
        """,
    )
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*nowhere.log*"])


# ---------------------------------------------------------------- folders, start-up


PLAIN = Document("a test", "parity", 0, "Nothing to say.")


def test_folders_sealed_in_the_same_second_are_distinct(tmp_path: Path) -> None:
    folders = {seal(tmp_path, "same test", {"x.log": bytes([number])}, PLAIN) for number in range(5)}
    assert len(folders) == 5
    assert all(verify(folder).sealed for folder in folders)
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("label", ["test_x[../../etc]", "test_ü[a b]", "[]", "a" * 300])
def test_any_test_name_makes_a_folder_name(tmp_path: Path, label: str) -> None:
    folder = seal(tmp_path, label, {"x.log": b"1"}, PLAIN)
    assert folder.parent == tmp_path
    assert verify(folder).sealed


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    heavy = ("torch", "pandas", "numpy", "rich", "typer")
    code = f"import sys, compare.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
