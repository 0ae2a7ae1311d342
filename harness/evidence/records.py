"""Files of the evidence folder that say what was run: ``case.json`` and ``torch_collect_env.txt``."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from compare.imaging.case_sizes import KEY
from harness.case import Section
from harness.evidence.folder import Evidence
from harness.running.processes import end_group
from harness.running.scratch import Prepared
from harness.subject import Program, Subject


def case_record(
    subject: Subject,
    prepared: Prepared,
    sections: Sequence[Section],
    *,
    program: Program | None = None,
    tolerance_source: str | None = None,
) -> dict[str, Any]:
    """What was run: the command line, the sections, and a hash of everything that went into it."""
    case = prepared.case
    return {
        "subject": subject.name,
        "case": case.name,
        "argv": list(case.argv),
        "setup": [list(line) for line in case.setup],
        f"{subject.section_word}s": [list(section) for section in sections],
        "keys": list(subject.keys),
        KEY: _image_shape(subject, prepared),
        **subject.facts(prepared),
        "tolerance_source": tolerance_source,
        "inputs": {item.name: hashlib.sha256(item.content).hexdigest() for item in prepared.inputs},
        "input_sources": {item.name: item.source for item in prepared.inputs},
        **(program.facts() if program else {}),
    }


def _image_shape(subject: Subject, prepared: Prepared) -> list[int] | None:
    """[slow, fast], for whoever reads the raw images."""
    shape = subject.image_shape(prepared)
    return None if shape is None else list(shape)


@contextmanager
def collect_env(evidence: Evidence, *, wanted: bool) -> Iterator[None]:
    """Let ``python -m torch.utils.collect_env`` run beside the work and keep what it says."""
    if not wanted:
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "torch.utils.collect_env"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
        output, _ = process.communicate(timeout=120)
        evidence.write("torch_collect_env.txt", output.decode("utf-8", "replace"))
    finally:
        if process.poll() is None:
            end_group(process)
