"""The emitters write what the format says, to the last bit, and cost nothing when switched off."""

from __future__ import annotations

import importlib.util
import io
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare import emitters
from compare.judging.engine import compare_traces
from compare.judging.result import DifferenceClass, Verdict
from compare.render.account import place_text
from compare.words.vocabulary import load

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-ffp-contract=off"]


def load_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trace_emit", emitters.PYTHON_MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


trace_emit = load_module()


def compiled(source: Path, folder: Path, *flags: str) -> Path:
    assert COMPILER is not None, "a C compiler (cc, gcc or clang) is needed to run the tests"
    program = folder / "program"
    command = [COMPILER, *STRICT, *flags, f"-I{emitters.FOLDER}", str(source), "-o", str(program), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def run_c(body: str, folder: Path, *flags: str, head: str = "") -> subprocess.CompletedProcess[str]:
    """Compile and run a main() around ``body``; the process ends with 1 and a message after a fault."""
    source = folder / "main.c"
    source.write_text(
        f'{head}\n#define TRACE_EMIT_IMPLEMENTATION\n#include "trace_emit.h"\n#include <stdio.h>\n'
        f"#include <math.h>\nint main(void) {{\n{body}\n"
        "const char *problem = TRACE_CLOSE();\nif (problem) { fputs(problem, stderr); return 1; }\nreturn 0; }\n"
    )
    flags = flags or ("-DTRACE_EMIT_NO_PLACES",)
    program = compiled(source, folder, "-DTRACE_EMIT", "-fsanitize=address,undefined", *flags)
    return subprocess.run([program], capture_output=True, text=True)


# ---------------------------------------------------------------- the two examples


@pytest.fixture(scope="module")
def orbit_logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The logs of orbit.c and orbit.py."""
    folder = tmp_path_factory.mktemp("orbit")
    program = compiled(emitters.C_EXAMPLE, folder, "-DTRACE_EMIT", "-fsanitize=address,undefined")
    logs = (folder / "c.log", folder / "py.log")
    for log, command in zip(logs, ([program], [sys.executable, emitters.PYTHON_EXAMPLE]), strict=True):
        log.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return logs


def test_both_examples_write_the_same_names_indices_and_bits(orbit_logs: tuple[Path, Path]) -> None:
    def parsed(log: Path) -> list[tuple[str, list[str]]]:
        lines = [line for line in log.read_text().splitlines() if line.startswith("TRACE_")]
        words = [re.split(r"[ =,]", re.sub(r"^TRACE_(C|PY)", "", line)) for line in lines]
        return [(line[0], line[1:]) for line in words if "program" not in line and line[0] != "_AT"]

    def canonical(word: str) -> str:
        return float(word).hex() if re.match(r"-?\d", word) else word

    c, py = ([(kind, [canonical(word) for word in words]) for kind, words in parsed(log)] for log in orbit_logs)
    assert c == py
    assert sum(kind == "_STEP" for kind, _ in c) == 24


def test_without_the_switch_the_example_is_silent_and_holds_no_trace_code(tmp_path: Path) -> None:
    program = compiled(emitters.C_EXAMPLE, tmp_path)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert re.fullmatch(r"energy after 24 steps: -?\d+\.\d+\n", output)
    assert b"trace_emit" not in program.read_bytes().lower()


def test_without_the_switch_the_machine_code_is_that_of_the_source_without_its_trace_lines(
    tmp_path: Path,
) -> None:
    assert COMPILER is not None
    source = emitters.C_EXAMPLE.read_text()
    bare = re.sub(r"^ *TRACE_\w+\(.*\);\n", "", source, flags=re.MULTILINE)
    assert bare.count("TRACE_") < source.count("TRACE_") - 10
    assemblies = []
    for name, text in (("with", source), ("without", bare)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "orbit.c").write_text(text)
        command = [COMPILER, "-std=c11", "-O2", "-S", f"-I{emitters.FOLDER}", "orbit.c", "-o", "orbit.s"]
        subprocess.run(command, check=True, cwd=tmp_path / name)
        assemblies.append((tmp_path / name / "orbit.s").read_text())
    assert assemblies[0] == assemblies[1]


def test_the_python_switch_silences_the_example() -> None:
    done = subprocess.run([sys.executable, emitters.PYTHON_EXAMPLE, "off"], check=True, capture_output=True, text=True)
    assert "TRACE" not in done.stdout
    assert "energy" in done.stdout


# ---------------------------------------------------------------- C


def test_c_writes_records_vectors_and_every_kind_of_value(tmp_path: Path) -> None:
    done = run_c(
        """
        double v[3] = {1.0 / 3, -0.0, 1e-310};
        float f[2] = {0.1f, 2.0f};
        int n[2] = {36, 47};
        TRACE_OPEN(stdout, "C");
        TRACE_PIXEL(685, 1039);
        TRACE_WORD("mode", "c-parity");
        TRACE_INTS("N_cells", 2, n);
        TRACE_DOUBLES("beam_vec", 3, v);
        TRACE_FLOATS("weights", 2, f);
        TRACE_DOUBLE("edge", -NAN);
        TRACE_DOUBLE("far", -INFINITY);
        TRACE_RECORD("PHI");
        TRACE_INDEX("source", 0);
        TRACE_INDEX("phi_tic", 3);
        TRACE_DOUBLES("ap", 3, v);
        TRACE_INT("big", -9223372036854775807LL - 1);
        TRACE_END();
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "TRACE_C: pixel 685 1039",
        "TRACE_C: mode c-parity",
        "TRACE_C: N_cells 36 47",
        "TRACE_C: beam_vec 0.33333333333333331 -0 9.9999999999999694e-311",
        "TRACE_C: weights 0.10000000149011612 2",
        "TRACE_C: edge nan",
        "TRACE_C: far -inf",
        "TRACE_C_PHI source=0 phi_tic=3 ap=0.33333333333333331,-0,9.9999999999999694e-311 big=-9223372036854775808",
    ]


def test_c_says_once_where_its_source_writes_a_value(tmp_path: Path) -> None:
    body = """
        TRACE_OPEN(stdout, "C");
        for (int i = 0; i < 2; i++) {
            TRACE_RECORD("STEP");
            TRACE_INDEX("i", i);
            TRACE_DOUBLE("x", 0.5);
            TRACE_END();
        }
        TRACE_INT("steps", 2);
        """
    lines = run_c(body, tmp_path, "-O1").stdout.splitlines()
    places = [line for line in lines if line.startswith("TRACE_C_AT ")]
    assert [re.sub(r"\d+", "N", line) for line in places] == [
        "TRACE_C_AT name=STEP.x at=main.c line=N",
        "TRACE_C_AT name=steps at=main.c line=N",
    ]
    assert lines.index(places[0]) == 0
    assert [line for line in lines if line not in places] == [
        "TRACE_C_STEP i=0 x=0.5", "TRACE_C_STEP i=1 x=0.5", "TRACE_C: steps 2",
    ]  # fmt: skip


def test_a_comparison_says_where_both_sources_write_a_step(tmp_path: Path) -> None:
    logs = (tmp_path / "a.log", tmp_path / "b.log")
    for log, value in zip(logs, (0.25, 0.75), strict=True):
        with log.open("w") as stream:
            trace = trace_emit.emitter(stream, "PY")
            trace.record("STEP", {"i": 0}, x=value)
    result = compare_traces(*logs)
    (pair,) = result.pairs
    assert re.fullmatch(r"test_emitters\.py:\d+", pair.source_a)
    assert pair.source_a == pair.source_b
    assert f"({pair.source_a}, {pair.source_b})" in place_text(pair)
    assert not [left for left in result.leftovers if left.key.record == "AT"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('TRACE_DOUBLE("two words", 1);', "identifier"),
        ('TRACE_DOUBLE("", 1);', "identifier"),
        ('TRACE_DOUBLE("1st", 1);', "identifier"),
        ('TRACE_WORD("mode", "a b");', "white space"),
        ('TRACE_WORD("mode", "");', "empty"),
        ('TRACE_INDEX("phi_tic", 1);', "index key"),
        ("TRACE_END();", "not begun"),
        ('TRACE_RECORD("A"); TRACE_RECORD("B");', "inside another"),
        ('TRACE_RECORD("A"); TRACE_INT("x", 1);', "not ended"),
        ('TRACE_RECORD("A"); TRACE_INT("x", 1); TRACE_INDEX("i", 0); TRACE_END();', "index key"),
        ('TRACE_RECORD("A"); TRACE_PIXEL(1, 2); TRACE_END();', "outside of records"),
        ('double v[1] = {0}; TRACE_DOUBLES("v", 0, v);', "needs a value"),
    ],
)
def test_c_stops_at_the_first_fault_and_tells(tmp_path: Path, body: str, message: str) -> None:
    done = run_c(f'TRACE_OPEN(stdout, "C"); TRACE_INT("before", 1); {body} TRACE_INT("after", 1);', tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stdout == "TRACE_C: before 1\n"


def test_c_tells_that_the_disk_is_full(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    done = run_c('TRACE_OPEN(fopen("/dev/full", "w"), "C"); TRACE_INT("x", 1);', tmp_path, "-O1")
    assert done.returncode == 1
    assert "could not be written" in done.stderr


def test_c_writes_a_point_where_the_locale_prints_something_else(tmp_path: Path) -> None:
    head = """
        #include <stdarg.h>
        #include <stdio.h>
        #include <string.h>
        static int arabic(char *text, size_t room, const char *format, ...) {
            char plain[64]; va_list words; va_start(words, format);
            vsnprintf(plain, sizeof plain, format, words); va_end(words);
            char *point = strchr(plain, '.');
            if (!point) return snprintf(text, room, "%s", plain);
            *point = 0;
            return snprintf(text, room, "%s\\xd9\\xab%s", plain, point + 1);
        }
        #define snprintf arabic
    """
    done = run_c('TRACE_OPEN(stdout, "C"); TRACE_DOUBLE("x", -1.5e-7);', tmp_path, head=head)
    assert done.stdout == "TRACE_C: x -1.4999999999999999e-07\n"


def test_c_threads_write_whole_lines_and_others_stay_silent(tmp_path: Path) -> None:
    done = run_c(
        """
        #pragma omp parallel num_threads(4)
        {
            int me = omp_get_thread_num();
            if (me < 3) TRACE_OPEN(stdout, "C");
            for (int i = 0; i < 200; i++) {
                TRACE_RECORD("STEP"); TRACE_INDEX("thread", me); TRACE_INDEX("i", i);
                TRACE_DOUBLE("x", i * 0.1); TRACE_END();
            }
            if (me > 0 && me < 3) TRACE_CLOSE();
        }
        """,
        tmp_path,
        "-fopenmp",
        head="#include <omp.h>",
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("TRACE_C_AT ")]
    assert len(lines) == 600
    assert all(re.fullmatch(r"TRACE_C_STEP thread=[012] i=\d+ x=[\d.e-]+", line) for line in lines)


def test_the_header_compiles_as_cplusplus_in_several_files(tmp_path: Path) -> None:
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    (tmp_path / "a.cpp").write_text(
        '#define TRACE_EMIT_IMPLEMENTATION\n#include "trace_emit.h"\nvoid other();\n'
        'int main() { TRACE_OPEN(stdout, "CXX"); other(); return TRACE_CLOSE() != nullptr; }\n'
    )
    (tmp_path / "b.cpp").write_text('#include "trace_emit.h"\nvoid other() { TRACE_DOUBLE("x", 0.5); }\n')
    command = [compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror", "-DTRACE_EMIT", f"-I{emitters.FOLDER}"]
    subprocess.run([*command, "a.cpp", "b.cpp", "-o", "program"], check=True, cwd=tmp_path)
    done = subprocess.run([tmp_path / "program"], check=True, capture_output=True, text=True)
    assert done.stdout == "TRACE_CXX_AT name=x at=b.cpp line=2\nTRACE_CXX: x 0.5\n"


# ---------------------------------------------------------------- Python


@given(st.floats())
def test_python_floats_read_back_to_the_same_bits(value: float) -> None:
    stream = io.StringIO()
    trace_emit.Emitter(stream).value("x", value)
    read = float(stream.getvalue().split()[-1])
    assert math.isnan(read) if math.isnan(value) else read.hex() == value.hex()


def test_python_writes_records_vectors_and_every_kind_of_value() -> None:
    stream = io.StringIO()
    trace = trace_emit.emitter(stream, "PY")
    trace.pixel(685, 1039)
    trace.section(epoch=3, row=(-5, np.int64(6)))
    trace.value("interpolate", True)
    trace.value("mode", "spec")
    trace.value("umat", np.eye(2))
    trace.value("half", np.float32(0.1))
    trace.record("PHI", {"source": 0, "phi_tic": np.int64(3)}, ap=(0.1, -0.0), F_latt=math.nan, n=np.int32(7))
    lines = stream.getvalue().splitlines()
    places = [line for line in lines if line.startswith("TRACE_PY_AT ")]
    assert re.fullmatch(r"TRACE_PY_AT name=interpolate at=test_emitters.py line=\d+", places[0])
    assert [line.split()[1] for line in places[-3:]] == ["name=PHI.ap", "name=PHI.F_latt", "name=PHI.n"]
    assert [line for line in lines if line not in places] == [
        "TRACE_PY: pixel 685 1039",
        "TRACE_PY_SECTION epoch=3 row=-5,6",
        "TRACE_PY: interpolate 1",
        "TRACE_PY: mode spec",
        "TRACE_PY: umat 1.0 0.0 0.0 1.0",
        "TRACE_PY: half 0.10000000149011612",
        "TRACE_PY_PHI source=0 phi_tic=3 ap=0.1,-0.0 F_latt=nan n=7",
    ]


@pytest.mark.parametrize("name", ["", "two words", "a=b", "1st", "x\n"])
def test_python_refuses_names_that_no_reader_could_read(name: str) -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="identifier"):
        trace_emit.Emitter(stream).value(name, 1)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("value", ["", "a b", "a,b", "a=b", "a\n", [], None, 1j, {}])
def test_python_refuses_values_that_no_reader_could_read(value: object) -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="value"):
        trace_emit.Emitter(stream).record("STEP", {"i": 0}, x=value)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("number", [0.5, "three", ()])
def test_python_refuses_sections_of_anything_but_integers(number: object) -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match=r"integers|empty"):
        trace_emit.Emitter(stream).section(epoch=number)  # type: ignore[arg-type]
    assert stream.getvalue() == ""


@pytest.mark.parametrize("side", ["", "A B", "A_B", "1"])
def test_python_refuses_sides_that_no_reader_could_read(side: str) -> None:
    with pytest.raises(ValueError, match="side"):
        trace_emit.Emitter(io.StringIO(), side)


def test_the_emitter_that_is_off_is_false_and_writes_nothing() -> None:
    stream = io.StringIO()
    for off in (trace_emit.emitter(stream, on=False), trace_emit.emitter(None)):
        assert not off
        off.value("x", 1)
        off.pixel(1, 2)
        off.section(epoch=1)
        off.record("STEP", {"i": 0}, x=1)
    assert stream.getvalue() == ""
    assert trace_emit.emitter(stream)


def test_the_python_emitter_imports_nothing_but_the_standard_library() -> None:
    imported = re.findall(r"^(?:import|from) (\w+)", emitters.PYTHON_MODULE.read_text(), re.MULTILINE)
    assert set(imported) <= set(sys.stdlib_module_names)


# ---------------------------------------------------------------- both sides, compared


def test_compare_aligns_the_two_examples(orbit_logs: tuple[Path, Path]) -> None:
    result = compare_traces(*orbit_logs, vocabulary=load(emitters.EXAMPLE_VOCABULARY))
    assert result.verdict is Verdict.PARITY, result.problems
    assert (result.coverage.paired, result.coverage.fraction) == (5 + 24 * 4, 1.0)
    assert result.counts[DifferenceClass.IDENTICAL] == result.coverage.paired


def test_compare_names_the_first_wrong_step_of_the_example(orbit_logs: tuple[Path, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    source = emitters.PYTHON_EXAMPLE.read_text()
    wrong.write_text(source.replace("-GM * x / (R * R * R)", "-GM * x / (R * R)"))
    (tmp_path / "trace_emit.py").write_text(emitters.PYTHON_MODULE.read_text())
    done = subprocess.run([sys.executable, wrong], check=True, capture_output=True)
    (tmp_path / "wrong.log").write_bytes(done.stdout)
    result = compare_traces(orbit_logs[0], tmp_path / "wrong.log", vocabulary=load(emitters.EXAMPLE_VOCABULARY))
    first = result.first_divergence
    assert first is not None
    assert str(first.key) == "STEP[step=1].acceleration"  # at step 0 the distance is 1
