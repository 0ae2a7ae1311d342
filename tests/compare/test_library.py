"""`compare` as a library: what it takes, and what its results show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from compare import images, traces
from compare.errors import InputError
from compare.judging.result import Verdict

LOG = "TRACE_A: rate 0.25\nTRACE_A_STEP step=0 flux=-0.25 x=0.975\nTRACE_A: x_final 0.975\n"


@pytest.mark.parametrize("form", ["text", "path", "str", "list"])
def test_logs_in_every_form(form: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(LOG)
    given = {"text": LOG, "path": path, "str": str(path), "list": [path]}[form]
    result = traces(given, LOG.replace("0.975 ", "0.976 "), vocabulary=None)
    assert result.coverage.paired == 4


def test_arrays_are_paired_by_their_subscripts() -> None:
    a = {"rates": np.linspace(0.0, 1.0, 4), "grid.u": np.arange(6.0).reshape(2, 3), "steps": 3, "name": "euler"}
    b = {**a, "grid.u": a["grid.u"].copy()}
    assert traces(a, b).verdict is Verdict.PARITY
    b["grid.u"][1, 2] = 5.5
    result = traces(a, b)
    assert [str(pair.key) for pair in result.differing] == ["GRID[i=1 j=2].u"]
    assert result.exit_code == 1


def test_float32_arrays_are_compared_by_their_values() -> None:
    values = np.array([0.1, 0.2], np.float32)
    assert traces({"x": values}, {"x": values.astype(np.float64)}).verdict is Verdict.PARITY
    assert traces({"x": values}, {"x": np.array([0.1, 0.2])}).exit_code == 1


def test_frames_are_paired_by_their_index() -> None:
    index = pd.MultiIndex.from_product([[0, 1], [0, 1]], names=["step", "cell"])
    a = pd.DataFrame({"flux": [0.5, 1.5, 2.5, 3.5], "count": [1, 2, 3, 4]}, index=index)
    assert traces(a, a.iloc[::-1]).verdict is Verdict.PARITY
    b = a.copy()
    b.loc[(1, 0), "flux"] = 2.25
    assert [str(pair.key) for pair in traces(a, b).differing] == ["ROW[step=1 cell=0].flux"]


def test_a_result_shows_itself_shortly() -> None:
    result = traces({"x": [1.0, 2.0]}, {"x": [1.0, 2.5]})
    assert len(repr(result)) < 200
    assert "ROW[i=1].x" in repr(result)
    page = result._repr_html_()
    assert "<table>" in page
    assert "ROW[i=1].x" in page
    frame = result.to_pandas()
    assert frame.loc[frame["class"] == "divergent", "name"].tolist() == ["x"]


def test_text_of_a_log_is_no_markup() -> None:
    page = traces({"x": "<script>"}, {"x": "<b>"})._repr_html_()
    assert "<script>" not in page


@pytest.mark.parametrize("given", [3, {"a b": 1.0}, {"x": "two words"}, pd.DataFrame({"x": [1.0]}, index=["a"])])
def test_what_is_no_trace_is_refused(given: object) -> None:
    with pytest.raises(InputError):
        traces(given, LOG)  # type: ignore[arg-type]


def test_images_are_paths_or_arrays(tmp_path: Path) -> None:
    picture = np.eye(4, dtype=np.float32)
    np.save(tmp_path / "a.npy", picture)
    assert images(tmp_path / "a.npy", picture).verdict is Verdict.PARITY
    assert images(picture, picture.T + 1.0).verdict is not Verdict.PARITY
    with pytest.raises(InputError):
        images(np.zeros(3), np.zeros(3))


def test_it_needs_neither_torch_nor_the_harness(tmp_path: Path) -> None:
    """As installed without extras: a finder that refuses what they bring."""
    program = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'matplotlib', 'harness', 'simulator', 'clang', 'h5py'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from compare import traces\n"
        "from compare.cli import run\n"
        f"open('a.log', 'w').write({LOG!r})\n"
        "assert traces('a.log', 'a.log').exit_code == 0\n"
        "assert run('traces', ['a.log', 'a.log', '--evidence', 'r']) == 0\n"
        "assert run('history', ['r']) == 0\n"
        "assert run('history', ['r', '--png', 'p.png']) == 2\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pip install 'trace-parity[all]'" in done.stderr
