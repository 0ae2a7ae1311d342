"""The Fortran emitter: compiled with gfortran, run, and read back to the same bits."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from compare.emitters import FOLDER

PROGRAM = """
program example
   use, intrinsic :: iso_fortran_env, only: output_unit, int64, real32, real64
   use, intrinsic :: ieee_arithmetic
   use trace_emit
   implicit none
   integer :: step
   real(real64) :: x(3)
   character(len=:), allocatable :: problem
   call trace_value("before_open", 1)
   call trace_open(output_unit, "F")
   call trace_value("trace_format", 1)
   call trace_value("huge_count", 9007199254740993_int64)
   x = [1.0_real64/3.0_real64, -tiny(1.0_real64), huge(1.0_real64)]
   call trace_value("axis", x)
   call trace_value("single", 0.1_real32)
   call trace_value("nothing", ieee_value(1.0_real64, ieee_quiet_nan))
   call trace_word("shape", "square")
   print "(A)", " the program's own words"
   do step = 0, 1
      call trace_record("STEP")
      call trace_index("step", step)
      call trace_value("rate", sqrt(2.0_real64) + step)
      call trace_value("pair", [step, step + 1])
      call trace_end()
   end do
   %s
   problem = trace_close()
   print "(A)", "problem: "//problem
end program example
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gfortran")
    if compiler is None:
        pytest.skip("gfortran is not installed: the package gfortran of the system")
    folder = tmp_path_factory.mktemp("fortran")
    shutil.copy(Path(FOLDER) / "trace_emit.f90", folder)
    words = ["gfortran", "-std=f2003", "-Wall", "-Wextra", "-Werror", "-c", "trace_emit.f90"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True)
    return folder


def printed(module: Path, statement: str = "") -> list[str]:
    (module / "example.f90").write_text(PROGRAM % statement)
    subprocess.run(
        ["gfortran", "-o", "example", "example.f90", "trace_emit.o"], cwd=module, check=True, capture_output=True
    )
    return subprocess.run([module / "example"], capture_output=True, text=True, check=True).stdout.splitlines()


def test_reals_read_back_to_the_same_bits(module: Path) -> None:
    lines = {line.split()[1]: line.split()[2:] for line in printed(module) if line.startswith("TRACE_F: ")}
    assert [float(word) for word in lines["axis"]] == [1 / 3, -2.2250738585072014e-308, 1.7976931348623157e308]
    assert struct.pack("f", float(lines["single"][0])) == struct.pack("f", 0.1)
    assert lines["nothing"] == ["nan"]
    assert lines["huge_count"] == ["9007199254740993"]
    assert "before_open" not in lines


def test_records_have_their_indices_first(module: Path) -> None:
    records = [line.split() for line in printed(module) if line.startswith("TRACE_F_STEP ")]
    assert [words[1] for words in records] == ["step=0", "step=1"]
    assert [words[3] for words in records] == ["pair=0,1", "pair=1,2"]
    assert float(records[1][2].partition("=")[2]) == math.sqrt(2.0) + 1


def test_compare_reads_it_as_parity_with_itself(module: Path, tmp_path: Path) -> None:
    from compare.judging.engine import compare_traces

    log = tmp_path / "f.log"
    log.write_text("\n".join(line for line in printed(module) if "nothing" not in line) + "\n")
    comparison = compare_traces(log, log)
    assert comparison.coverage.paired >= 8
    assert comparison.coverage.only_a == comparison.coverage.only_b == 0


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ('call trace_value("no name", 1)', "not a name: no name"),
        ('call trace_word("shape", "two words")', "not a word: two words"),
        ("call trace_end()", "a record ends that was not begun"),
        ('call trace_index("i", 1)', "index keys stand first in a record: i"),
        ('call trace_record("OPEN")', "a record was not ended"),
    ],
)
def test_a_fault_stops_the_trace_and_is_told(statement: str, problem: str, module: Path) -> None:
    lines = printed(module, statement + '\n   call trace_value("after", 1)')
    assert lines[-1] == f"problem: {problem}"
    assert not any("TRACE_F: after" in line for line in lines)
