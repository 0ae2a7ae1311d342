"""Pairs that only a file describes, in other languages, through every command: what cannot be done is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli import run
from harness.finding import open_subject

OLD = """\
import sys
n, seed = int(sys.argv[1]), float(sys.argv[2])
print(f"TRACE_OLD: n {n}")
total = 0.0
for item in range(n):
    root = (seed + item) ** 0.5
    total += root
    print(f"TRACE_OLD_ITEM item={item} root={root!r} total={total!r}")
print(f"TRACE_OLD: mean {total / n!r}")
"""
FORTRAN = """\
program roots
real(8) :: seed, root, total
integer :: n, item
character(32) :: word
call get_command_argument(1, word)
read (word, *) n
call get_command_argument(2, word)
read (word, *) seed
print '(a,i0)', 'TRACE_F: n ', n
total = 0d0
do item = 0, n - 1
  root = sqrt(seed + item)
  total = total + root
  print '(a,i0,a,es25.17,a,es25.17)', 'TRACE_F_ITEM item=', item, ' root=', root, ' total=', total
end do
print '(a,es25.17)', 'TRACE_F: mean ', total / n
end program
"""
NEW = OLD.replace("TRACE_OLD", "TRACE_NEW")
GRAPH = """
[vocabulary.records]
ITEM = ["item"]
[vocabulary.quantities.header]
n = { inputs = [] }
mean = { inputs = ["last ITEM.total", "n"] }
[vocabulary.quantities.ITEM]
root = { inputs = [] }
total = { inputs = ["root", "previous total?"] }
"""
COMMON = 'result = "mean"\ncases.few.argv = "3 2.0"\n'
PAIRS = {
    "two Python programs": (
        {"old.py": OLD, "new.py": NEW},
        '[reference]\nrun = "{python} old.py {argv}"\n[port]\nrun = "{python} new.py {argv}"\n',
    ),
    "Fortran and Python": (
        {"roots.f90": FORTRAN, "new.py": NEW},
        '[reference]\nbuild = "gfortran -O2 -o roots roots.f90"\nrun = "./roots {argv}"\n'
        '[port]\nrun = "{python} new.py {argv}"\n',
    ),
}


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if "Fortran" in request.param and shutil.which("gfortran") is None:
        pytest.skip("no gfortran here")
    files, sides = PAIRS[request.param]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "parity.toml").write_text('name = "roots"\n' + COMMON + sides + GRAPH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    open_subject.cache_clear()
    return tmp_path


def test_every_command_works_as_far_as_the_file_allows(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reference", "trace", "--out", "a.log"]) == 0
    assert run(["trace", "--out", "b.log"]) == 0
    assert run(["parity"]) == 0
    assert run(["explain", "a.log", "b.log"]) == 0
    assert run(["devices", "--allow-missing-cuda"]) == 0
    assert run(["smoke", "--expect", "mean", "--", "cat", "a.log"]) == 0
    said = capsys.readouterr()
    assert run(["minimise"]) == 3
    assert "does not fail" in capsys.readouterr().err
    for words, missing in (
        (["noise-floor"], "roots has no replay of its steps, with which a noise floor is measured; `tolerance ="),
        (["trace", "--grid", "2"], "roots has no --grid"),
        (["trace", "--device", "cuda"], "[port] run has no place {device}"),
        (["parity", "--golden", "x"], "roots has no golden figures"),
        (["capture"], ""),
    ):
        assert run(words) in (2, 3, 4), words
        said = capsys.readouterr()
        assert missing in said.err
        assert "Traceback" not in said.err


def test_a_fault_is_named_and_the_case_made_smaller(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pair / "new.py").write_text(NEW.replace("** 0.5", "** (0.5 if item != 1 else 0.51)"))
    assert run(["explain", "--case", "few"]) == 1
    assert "first step at fault: ITEM[item=1].root" in capsys.readouterr().out
    assert run(["minimise"]) == 0
    assert 'argv = ["2"' in capsys.readouterr().out


def test_what_a_stopped_minimise_has_found_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.questions import minimising

    for name, text in {"old.py": OLD, "new.py": NEW.replace("+ item", "+ 1.01 * item")}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "parity.toml").write_text('name = "roots"\n' + COMMON + PAIRS["two Python programs"][1] + GRAPH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    open_subject.cache_clear()
    still, found = minimising._still, []

    def stopped_after_the_first(*given: object) -> object:
        if found and found[-1] is not None:
            raise KeyboardInterrupt
        found.append(still(*given))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(minimising, "_still", stopped_after_the_first)
    assert run(["minimise", "--out", "smaller.toml"]) == 130
    assert "the smallest case so far is kept" in capsys.readouterr().err
    assert '"2"' in (tmp_path / "smaller.toml").read_text()


CAPTURED_C = """\
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 3;
    double x = 1.25, sum = 0.0;
    for (int step = 0; step < n; step++) {
        double rate = 0.3 * x + 0.011 * step;
        x = x - 0.1 * rate;
        sum = sum + x * x;
    }
    printf("%.12g\\n", sum);
    return 0;
}
"""
CAPTURED_PY = """\
import sys


def main():
    x, total = 1.25, 0.0
    for step in range(int(sys.argv[1])):
        rate = 0.3 * x + 0.011 * step * 1.5
        x = x - 0.1 * rate
        total = total + x * x
    print(f"{total:.12g}")


main()
"""


def test_a_pair_that_prints_no_trace_is_captured_and_explained_by_forcing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("clang")
    (tmp_path / "decay.c").write_text(CAPTURED_C)
    (tmp_path / "decay.py").write_text(CAPTURED_PY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    open_subject.cache_clear()
    assert run(["init", "--argv", "5"]) == 0
    assert "`harness capture` makes its trace" in capsys.readouterr().out
    open_subject.cache_clear()
    assert run(["explain", "--case", "default"]) == 1
    said = capsys.readouterr().out
    assert "rate (decay.c:7) and rate (decay.py:7): on the reference's inputs the port makes" in said
    assert "1 at fault" in said
    for command in ("trace", "minimise", "devices"):
        assert run([command]) == 2
        assert "`harness explain --case default`" in capsys.readouterr().err
    assert run(["noise-floor"]) == 0
    assert "rate" in capsys.readouterr().out
