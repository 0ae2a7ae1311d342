"""``harness init`` in small folders of all kinds: what can be found out is, and ``doctor`` accepts the file."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.cli import run
from harness.described.building import outputs_of
from harness.described.doctor import findings
from harness.described.subject import Described
from harness.finding import open_subject

C = """\
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 2;
    double x = 1.0;
    for (int step = 0; step < n; step++) { x *= 0.5; printf("TRACE_C_STEP step=%d x=%.17g\\n", step, x); }
    printf("TRACE_C: final %.17g\\n", x);
    return 0;
}
"""
PYTHON = """\
import sys
x = 1.0
for step in range(int(sys.argv[1]) if len(sys.argv) > 1 else 2):
    x *= 0.5
    print(f"TRACE_PY_STEP step={step} x={x!r}")
print(f"TRACE_PY: final {x!r}")
"""
FORTRAN_MODULE = (
    "module halves\ncontains\nreal(8) function half(x)\nreal(8) :: x\nhalf = x * 0.5d0\nend function\nend module\n"
)
FORTRAN = """\
program decay
use halves
real(8) :: x
integer :: step
x = 1.0d0
do step = 0, 1
  x = half(x)
  print '(a,i0,a,es24.16)', 'TRACE_F_STEP step=', step, ' x=', x
end do
print '(a,es24.16)', 'TRACE_F: final ', x
end program
"""
QUIET = C.replace('printf("TRACE_C_STEP step=%d x=%.17g\\n", step, x);', "").replace("TRACE_C: final", "final")
SHELL = "echo TRACE_A: final 0.25\n"
MAKEFILE = "CC = cc\nTARGET = halving\n$(TARGET): main.c\n\t$(CC) -O1 -o $@ main.c\n"
CMAKE = "cmake_minimum_required(VERSION 3.10)\nproject(p C)\nadd_executable(halving src/main.c)\n"
NUMPY = PYTHON.replace("import sys\n", "import sys\nimport numpy\n")
TORCH = PYTHON.replace(
    "import sys\n", "import sys\nif False:\n    import torch\n"
)  # what is looked for; not what is run

FOLDERS: dict[str, tuple[Mapping[str, str], Mapping[str, object]]] = {
    "C and numpy": ({"decay.c": C, "decay.py": NUMPY}, {"port.run": "{python} decay.py {argv}", "result": "final"}),
    "C and torch": ({"c/decay.c": C, "model.py": TORCH}, {"reference.run": "./decay {argv}"}),
    "Fortran and Python": (
        {"a_main.f90": FORTRAN, "z_module.f90": FORTRAN_MODULE, "port.py": PYTHON},
        {"reference.build": "gfortran -O2 -o a_main z_module.f90 a_main.f90 -lm"},
    ),
    "two Python programs": (
        {"old_model.py": PYTHON, "new_model.py": PYTHON},
        {"reference.run": "{python} old_model.py {argv}", "port.run": "{python} new_model.py {argv}"},
    ),
    "C and C++": (
        {"legacy/sim.c": C, "port/sim.cpp": C},
        {"reference.run": "./sim {argv}", "port.build": "c++ -O2 -o sim port/sim.cpp -lm"},
    ),
    "several programs": (
        {"sim.c": C, "convert.c": C, "sim.py": PYTHON, "plot_results.py": PYTHON, "run.sh": SHELL},
        {"reference.run": "./sim {argv}", "port.run": "{python} sim.py {argv}"},
    ),
    "a Makefile": (
        {"main.c": C, "Makefile": MAKEFILE, "port.py": PYTHON},
        {"reference.build": "make", "reference.run": "./halving {argv}"},
    ),
    "CMake": (
        {"src/main.c": C, "CMakeLists.txt": CMAKE, "port.py": PYTHON},
        {"reference.run": "./build/halving {argv}"},
    ),
    "scripts alone": (
        {"original.sh": SHELL, "port.py": "print('TRACE_PY: final 0.25')"},
        {"reference.run": "sh original.sh {argv}"},
    ),
    "a package": (
        {"sim/__init__.py": "", "sim/__main__.py": PYTHON, "sim.c": C, "README.md": "Run `./sim 3`.\n"},
        {
            "reference.run": "./sim_program {argv}",
            "port.folder": "here",
            "port.run": "{python} -m sim {argv}",
            "cases.default.argv": "3",
        },
    ),
    "no traces": (
        {"decay.c": QUIET, "decay.py": "import sys\nx = 0.25\nprint(x)\n"},
        {"reference.trace": "captured", "port.trace": "captured"},
    ),
    "files read and written": (
        {
            "data.txt": "1\n",
            "decay.c": C.replace(
                "double x = 1.0;",
                'double x = 1.0; FILE *f = fopen("data.txt", "r"); if (!f) return 3; fclose(f);'
                ' f = fopen("out.bin", "w"); fclose(f);',
            ),
            "decay.py": PYTHON + 'open("data.txt").close()\nopen("out.bin", "w").close()\n',
        },
        {"reference.inputs": ["data.txt"], "port.inputs": ["data.txt"], "port.outputs": ["out.bin"]},
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    open_subject.cache_clear()
    return tmp_path


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def value(table: Mapping[str, object], key: str) -> object:
    found: object = table
    for part in key.split("."):
        assert isinstance(found, dict), key
        found = found[part]
    return found


@pytest.mark.parametrize("kind", FOLDERS)
def test_it_finds_out_and_the_doctor_accepts_it(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, wanted = FOLDERS[kind]
    needed = {"Fortran and Python": "gfortran", "CMake": "cmake"}.get(kind)
    if needed and shutil.which(needed) is None:
        pytest.skip(f"no {needed} here")
    write(folder, files)
    assert run(["init"]) == 0
    said = capsys.readouterr().out
    assert "could not be run" not in said, said
    text = (folder / "parity.toml").read_text()
    table = tomllib.loads(text)
    assert {key: value(table, key) for key in wanted} == wanted, text
    found = list(findings(Described.of_file(folder / "parity.toml")))
    assert not [finding for finding in found if finding.needed and not finding.fine], found
    assert {path.name for path in folder.iterdir()}.isdisjoint({"out.bin", "__pycache__"})


def test_what_cannot_be_found_out_is_asked_for_with_what_was_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"a.c": "double f(double x) { return x; }", "port.py": PYTHON})
    assert run(["init"]) == 2
    said = capsys.readouterr().err
    assert "found one program (port.py): a.c, port.py (1 without a main)" in said
    write(folder, {"b.c": C, "c.c": C})
    assert run(["init"]) == 2
    assert "3 programs" in (said := capsys.readouterr().err)
    assert "b.c, c.c, port.py" in said
    assert run(["init", "--reference", "c.c", "--no-run"]) == 2
    assert run(["init", "--reference", "c.c", "--port", "port.py", "--no-run"]) == 0
    assert tomllib.loads((folder / "parity.toml").read_text())["reference"]["run"] == "./c {argv}"
    assert run(["init", "--force", "--reference", "none.c"]) == 2
    assert "none.c is not there" in capsys.readouterr().err


def test_a_guess_is_said_to_be_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"one.py": PYTHON, "two.py": PYTHON})
    assert run(["init"]) == 0
    assert "swap [reference] and [port]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("makefile", "made"),
    [
        (MAKEFILE, ["halving"]),
        ("prog: a.o b.o\n\tgcc -o prog a.o b.o\na.o: a.c\n\tgcc -c -o a.o a.c\n", ["prog"]),
        ("B=bin\nall: $(B)/x\n$(B)/x: x.c\n\tgcc x.c -o $(B)/x\n", ["bin/x"]),
        ("all:\n\tcmake .\n", []),
    ],
)
def test_a_makefile_says_what_it_links(makefile: str, made: list[str]) -> None:
    assert outputs_of(makefile) == made
