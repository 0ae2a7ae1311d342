"""Pairs of programs that nobody told the engine about."""

from __future__ import annotations

from pathlib import Path

import pytest

REFERENCE = """\
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int steps = argc > 1 ? atoi(argv[1]) : 4;
    double rate = 0.3, x = 1.0;
    printf("decay, %d steps\\nTRACE_C: rate %.17g\\n", steps, rate);
    for (int step = 0; step < steps; step++) {
        double flux = -rate * x;
        x += 0.1 * flux;
        printf("TRACE_C_STEP step=%d flux=%.17g x=%.17g\\n", step, flux, x);
    }
    printf("TRACE_C: x_final %.17g\\n", x);
    return 0;
}
"""
PORT = """\
import sys

steps, rate, x = int(sys.argv[1]), 0.3, 1.0
print(f"TRACE_PY: rate {rate!r}")
for step in range(steps):
    flux = -rate * x
    if step == FAULTY:
        flux *= 1.01
    x += 0.1 * flux
    print(f"TRACE_PY_STEP step={step} flux={flux!r} x={x!r}")
print(f"TRACE_PY: x_end {x!r}")
"""
TOML = """\
name = "decay"
result = "x_final"
names = { x_end = "x_final" }
cases.short.argv = "5"
[reference]
build = "cc -O2 -o decay decay.c"
run = "./decay {argv}"
[port]
run = "{python} decay.py {argv}"
"""


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a C program and its port; nothing describes them yet. It is the working folder."""
    (tmp_path / "decay.c").write_text(REFERENCE)
    (tmp_path / "decay.py").write_text(PORT.replace("FAULTY", "-1"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    return tmp_path


@pytest.fixture
def described(strangers: Path) -> Path:
    """The same with nine lines of TOML."""
    (strangers / "parity.toml").write_text(TOML)
    return strangers


@pytest.fixture
def faulty(described: Path) -> Path:
    """The same with a fault in the port's fourth step."""
    (described / "decay.py").write_text(PORT.replace("FAULTY", "3"))
    return described
