"""Python programs captured by the import hook: what is recorded, and that nothing else changes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from capture import CapturedTrace, CaptureError, NotDeterministic
from capture.c.prove import Job
from capture.errors import ProgramFailed
from capture.python.capture import CapturePython, Port, capture_python, captured_command
from capture.python.forced import put, replaced
from capture.python.rewrite import Places, rewrite
from capture.trace import Values

PORT = '''
"""A port with most ways of binding a name."""
import sys
from typing import NamedTuple

import numpy as np
import physics


class Point(NamedTuple):
    x: float
    y: float


def main(n):
    """The documentation stays where it is."""
    grid = np.zeros((n, 3))
    low, (high, *rest) = 1.5, (2.5, 3.5)
    point = Point(x=low, y=high)
    total = 0.0
    for row in range(n):
        for column in range(3):
            term = physics.term(row, column)
            total += term
            grid[row, column] = term * 2.0
    squares = [value * value for value in rest]
    if (last := grid[-1, -1]) > 0:
        total += last
    with open("grid.txt", "w") as file:
        file.write(repr(total))
    print(total, squares, point, __name__, __doc__ is not None, sys.argv)
    return total


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1])) else 1)
'''
PHYSICS = """
import numpy as np
def term(row, column):
    wave = np.linspace(0.0, 1.0, 4) * row
    return float(wave.sum()) + column / 7
"""


def only(trace: CapturedTrace, name: str, kind: str | None = None) -> Values:
    found = [c for c in trace.columns if c.site.name == name and kind in (None, c.site.kind)]
    assert len(found) == 1, [(c.site.place, c.site.kind, c.names) for c in found]
    return found[0]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapturePython]:
    folder = tmp_path_factory.mktemp("port")
    (folder / "port.py").write_text(PORT)
    (folder / "physics.py").write_text(PHYSICS)
    with capture_python(Port(folder, select="row == 2 and column == 1", preload=())) as captured:
        yield captured


@pytest.fixture(scope="module")
def trace(port: CapturePython) -> CapturedTrace:
    return port.trace(Job(f"{sys.executable} port.py 4"))


def test_every_output_is_that_of_the_untouched_program(trace: CapturedTrace) -> None:
    assert trace.facts["outputs_identical"] is True
    assert trace.facts["outputs"] == 3  # both streams and grid.txt


def test_the_selected_pass_is_a_section(trace: CapturedTrace) -> None:
    assert trace.section_names == ("row", "column")
    assert trace.sections == ((2, 1),)
    assert len(only(trace, "term", "store")) == 1


def test_arrays_are_recorded_with_their_subscripts(trace: CapturedTrace) -> None:
    wave = only(trace, "wave")
    assert wave.elements.ravel().tolist() == [0, 1, 2, 3]
    assert np.array_equal(wave.values.ravel(), np.linspace(0.0, 1.0, 4) * 2)
    assert wave.site.place == "physics.py:4"


def test_names_of_an_unpacking(trace: CapturedTrace) -> None:
    assert only(trace, "low").values.tolist() == [[1.5]]
    assert only(trace, "rest[0]").values.tolist() == [[3.5]]


def test_members_of_a_record(trace: CapturedTrace) -> None:
    assert only(trace, "point.y").values.tolist() == [[2.5]]


def test_the_result_of_a_comprehension_and_of_a_walrus(trace: CapturedTrace) -> None:
    assert only(trace, "squares[0]").values.tolist() == [[3.5 * 3.5]]
    assert only(trace, "last").values.shape == (1, 1)


def test_reads_are_graph_nodes(trace: CapturedTrace) -> None:
    (called,) = only(trace, "term", "store").site.reads
    flows = dict(trace.flows)
    assert flows[called][0] == "return:term"
    assert flows["term:0"] == ("main:row",)


def test_lines_and_documentation_are_kept() -> None:
    tree = rewrite(PORT, "port.py", Places())
    names = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert ast.get_docstring(names["main"]) == "The documentation stays where it is."
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Return)] == [32]


def test_a_port_that_fails_is_said_with_its_last_line(port: CapturePython) -> None:
    with pytest.raises(ProgramFailed, match="exit status 1: ValueError: invalid literal"):
        port.trace(Job(f"{sys.executable} port.py four"))


def test_a_port_that_is_not_deterministic_is_refused(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text("import os\nprint(os.urandom(8).hex())\n")
    with capture_python(Port(tmp_path, preload=())) as captured, pytest.raises(NotDeterministic):
        captured.trace(Job(f"{sys.executable} port.py"))


def test_what_a_program_says_of_its_own_file_is_said_alike(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text("import warnings\nx = 1.5\nwarnings.warn('odd')\nprint(__file__)\n")
    with capture_python(Port(tmp_path, preload=())) as captured:
        trace = captured.trace(Job(f"{sys.executable} port.py"))
    assert trace.facts["outputs_identical"]


def test_a_jax_port_is_captured_outside_jit_and_can_be_moved(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text(
        "import jax, jax.numpy as jnp\n"
        "@jax.jit\n"
        "def compiled(x):\n"
        "    inside = x * 2.0\n"
        "    return inside + 1.0\n"
        "def main():\n"
        "    x = jnp.arange(3.0) + 0.1\n"
        "    wave = jnp.sin(x)\n"
        "    y = compiled(wave)\n"
        "    print(float(y.sum()))\n"
        "main()\n"
    )
    pytest.importorskip("jax")
    job = Job(f"{sys.executable} port.py", environment={"JAX_PLATFORMS": "cpu"})
    with capture_python(Port(tmp_path)) as captured:
        trace = captured.trace(job)
        (moved,) = captured.traces(job, [{"move": 1}])
    assert {"x", "wave", "y"} <= {column.site.name for column in trace.columns}
    assert "inside" not in {column.site.name for column in trace.columns}
    assert moved is not None
    (before,), (after,) = trace.named("wave"), moved.named("wave")
    assert 0.0 < np.abs(after.values - before.values).max() < 1e-6


def test_a_command_that_is_no_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="'python SCRIPT"):
        captured_command("./port", tmp_path)


def test_a_torch_port_has_its_graph_from_the_dispatch_log(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text(
        "import torch\n"
        "def main():\n"
        "    a = torch.arange(3, dtype=torch.float64)\n"
        "    b = torch.sin(a)\n"
        "    c = b.square().sum() + a[0]\n"
        "    unrelated = torch.ones(2)\n"
        "    return c\n"
        "print(main().item())\n"
    )
    with capture_python(Port(tmp_path)) as captured:
        trace = captured.trace(Job(f"{sys.executable} port.py"))
    names = {int(column.order[0]): column.site.name for column in trace.columns}
    edges = {(names[made], names[source]) for made, source in trace.made.tolist()}
    assert edges >= {("b", "a"), ("c", "b"), ("c", "a")}
    assert not any("unrelated" in edge for edge in edges)


def test_values_are_forced_with_type_and_shape_kept() -> None:
    forced = replaced({"x": (1.0, np.float32(2.0))}, ".x[1]", lambda old: put(old, np.array([5.0])))
    assert forced == {"x": (1.0, 5.0)}
    assert isinstance(forced["x"][1], np.float32)
    array = put(np.zeros((1, 3), dtype=np.float32), np.arange(3.0))
    assert array.dtype == np.float32
    assert array.tolist() == [[0.0, 1.0, 2.0]]


def test_several_tasks_run_in_forks_of_one_process(port: CapturePython) -> None:
    moved = port.traces(Job(f"{sys.executable} port.py 4"), [{"move": 1}, {"move": 1}, {"move": 2}])
    first, again, other = (np.concatenate([c.values.ravel() for c in t.columns]) for t in moved if t is not None)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.allclose(first, other, rtol=1e-12)


def test_the_child_needs_no_libclang(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text("import sys\nprint('clang' in sys.modules)\n")
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps({"folder": str(tmp_path), "program": "p", "tasks": [{"out": str(tmp_path / "o.npz")}]})
    )
    command = [sys.executable, "-m", "capture.python.child", str(settings), "port.py"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "False\n"
