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

from compare.outcomes import expected_code
from harness.evidence.folder import PARTIAL

OLDEST_PYTHON = (3, 11)
TORCH_PROBE = """
import json, torch
cuda = torch.cuda.is_available()
print(json.dumps({
    "version": torch.__version__, "cuda": cuda, "threads": torch.get_num_threads(),
    "built_for": torch.version.cuda,
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
    findings += [_reports(reports), *_partials(reports), *_torch(probe)]
    return findings + _subject()


def _subject() -> list[Finding]:
    """What the subject says of its own programs, or what is wrong with the subject."""
    from harness.finding import chosen

    try:
        subject = chosen()
        return [Finding("subject", True, subject.name), *subject.findings()]
    except Exception as error:
        if expected_code(error) is None:
            raise
        return [Finding("subject", False, str(error))]


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
        remedy = "`pip install 'trace-parity[torch]'` brings it; comparing traces needs none"
        return [Finding("torch", False, f"cannot be imported ({last}); {remedy}", needed=_uses_torch())]
    facts: dict[str, Any] = json.loads(output)
    return [
        Finding("torch", True, f"{facts['version']}"),
        Finding("threads", True, f"{facts['threads']} of {os.cpu_count()} processors; OMP_NUM_THREADS changes it"),
        _cuda(facts),
    ]


def _uses_torch() -> bool:
    """Whether the subject of this process computes with torch."""
    from harness.finding import chosen

    try:
        return chosen().uses_torch
    except Exception as error:
        if expected_code(error) is None:
            raise
        return False


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
