"""A binary without its sources, stepped through by gdb."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from capture import CaptureError
from capture.debugger import Debugged, capture_debugged
from capture.errors import NothingSelected

TEXT = """
#include <stdio.h>
typedef struct { double x, y; } P;
static double step(int n, double scale)
{
    P p = {0.0, 1.5};
    double v[2] = {0.0, 0.0};
    for (int i = 0; i < n; i++) {
        p.x += scale * i;
        v[i % 2] = p.x;
    }
    return p.x + v[0];
}
int main(void)
{
    printf("%g\\n", step(3, 0.5));
    printf("%g\\n", step(2, 0.25));
    return 0;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed: the package gdb of the system")
    folder = tmp_path_factory.mktemp("binary")
    (folder / "main.c").write_text(TEXT)
    subprocess.run(["cc", "-g", "-O0", "-o", "prog", "main.c"], cwd=folder, check=True)
    (folder / "main.c").unlink()
    return folder


def test_variables_are_recorded_when_a_line_changes_them(folder: Path) -> None:
    trace = capture_debugged(Debugged(("./prog",), "step"), folder)
    x = [(c.site.line, c.indices.ravel().tolist(), c.values.ravel().tolist()) for c in trace.named("p.x")]
    assert (9, [0, 0, 1], [0.5, 1.5, 0.25]) in x  # adding 0 changes nothing
    (array,) = (c for c in trace.named("v") if c.site.line == 10)
    assert array.values.tolist()[:2] == [[0.0, 0.5], [1.5, 0.5]]
    assert "slower" in trace.remarks[0]


def test_a_condition_selects_calls(folder: Path) -> None:
    trace = capture_debugged(Debugged(("./prog",), "step", condition="n == 2"), folder)
    assert {index for c in trace.columns for index in c.indices.ravel().tolist()} == {0}
    assert any(c.values.ravel().tolist() == [0.25] for c in trace.named("p.x"))


@pytest.mark.parametrize(("function", "condition"), [("missing", ""), ("step", "n == 99")])
def test_what_is_never_reached_is_said(function: str, condition: str, folder: Path) -> None:
    with pytest.raises(NothingSelected, match="nothing was recorded"):
        capture_debugged(Debugged(("./prog",), function, condition), folder)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be run"):
        capture_debugged(Debugged(("./missing",), "main"), tmp_path)
