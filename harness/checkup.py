"""The checks of ``harness doctor``. torch is asked in a process of its own, beside the other checks."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence import PARTIAL
from subjects.nanobragg.reference import BINARY, find_reference, sources_folder

OLDEST_PYTHON = (3, 11)
TORCH_PROBE = """
import json, torch
from simulator.tuning import remembered, tuning_file
def measured(device):
    try:
        return f"measured, in {tuning_file()}" if remembered(device) else None
    except Exception as error:
        return str(error)
cuda = torch.cuda.is_available()
print(json.dumps({
    "version": torch.__version__, "cuda": cuda, "threads": torch.get_num_threads(),
    "built_for": torch.version.cuda, "measured": measured(torch.device("cuda" if cuda else "cpu")),
    "devices": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else [],
}))
"""


@dataclass(frozen=True)
class Finding:
    """One check: what about, whether it is fine, whether anything fails without it, and what to do."""

    subject: str
    fine: bool
    text: str
    needed: bool = True


def check_machine(reports: Path) -> list[Finding]:
    """All checks, in the order a set-up goes."""
    probe = subprocess.Popen(
        [sys.executable, "-c", TORCH_PROBE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    findings = [_python(), _tool("make", "make", "to build the reference program"), _c_compiler(), _compile_tools()]
    findings += [_reference(), _reports(reports), *_partials(reports)]
    return findings + _torch(probe)


def _python() -> Finding:
    fine = sys.version_info[:2] >= OLDEST_PYTHON
    remedy = "" if fine else f"; needs {'.'.join(map(str, OLDEST_PYTHON))} or newer"
    return Finding("Python", fine, f"{platform.python_version()} at {sys.executable}{remedy}")


def _tool(subject: str, name: str, purpose: str) -> Finding:
    path = shutil.which(name)
    return Finding(subject, path is not None, path or f"{name} not found; install it {purpose}")


def _c_compiler() -> Finding:
    return _tool("C compiler", os.environ.get("CC", "cc"), "(gcc or clang) to build the reference program")


def _compile_tools() -> Finding:
    """What torch.compile needs; without it the eager path runs."""
    compiler = shutil.which(os.environ.get("CXX", "c++")) or shutil.which("g++")
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    missing = [
        what for what, there in (("a C++ compiler", compiler), ("the Python headers", headers.is_file())) if not there
    ]
    if missing:
        text = f"{' and '.join(missing)} missing: images are rendered by the slower eager path; install them to compile"
        return Finding("torch.compile", False, text, needed=False)
    return Finding("torch.compile", True, f"{compiler} and {headers}", needed=False)


def _reference() -> Finding:
    try:
        reference = find_reference(None)
    except Exception as error:
        return Finding("reference program", False, str(error))
    kind = "the project's own" if reference.own else "HARNESS_REFERENCE"
    stale = _older_than_sources(reference.path) if reference.own else False
    text = f"{reference.path} ({kind})"
    return Finding("reference program", not stale, text + ("; older than its sources: build it again" if stale else ""))


def _older_than_sources(program: Path) -> bool:
    sources = sources_folder().glob("*.[ch]") if program.name == BINARY else ()
    return any(source.stat().st_mtime > program.stat().st_mtime for source in sources)


def _reports(root: Path) -> Finding:
    place = root
    while not place.exists():
        place = place.parent
    fine = place.is_dir() and os.access(place, os.W_OK)
    return Finding("evidence folder", fine, f"{root}" + ("" if fine else " is not writable; use --out-dir DIR"))


def _partials(root: Path) -> list[Finding]:
    if not root.is_dir():
        return []
    left = sorted(path.name for path in root.iterdir() if path.name.endswith(PARTIAL))
    text = f"{len(left)} unsealed folder(s) in {root}, left by killed or still running commands: {', '.join(left[:3])}"
    return (
        [Finding("unsealed folders", False, text + "; delete what no running command owns", needed=False)]
        if left
        else []
    )


def _torch(probe: subprocess.Popen[str]) -> list[Finding]:
    output, errors = probe.communicate()
    if probe.returncode != 0:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        return [Finding("torch", False, f"cannot be imported ({last}); install the project again")]
    facts: dict[str, Any] = json.loads(output)
    return [
        Finding("torch", True, f"{facts['version']}"),
        Finding("threads", True, f"{facts['threads']} of {os.cpu_count()} processors; OMP_NUM_THREADS changes it"),
        _cuda(facts),
        _sizes(facts["measured"]),
    ]


def _sizes(measured: str | None) -> Finding:
    remedy = "not measured: defaults are used; `harness tune` finds the fastest (a minute)"
    return Finding("sizes", bool(measured and measured.startswith("measured")), measured or remedy, needed=False)


def _cuda(facts: dict[str, Any]) -> Finding:
    if facts["cuda"]:
        return Finding("CUDA", True, ", ".join(facts["devices"]), needed=False)
    if facts["built_for"] is None:
        return Finding(
            "CUDA", False, "this torch is built without CUDA: the CPU computes; install a CUDA build", needed=False
        )
    return Finding(
        "CUDA", False, "no CUDA device found: the CPU computes (check the driver with nvidia-smi)", needed=False
    )
