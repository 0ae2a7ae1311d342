"""Files of the evidence folder that say what was run: ``case.json`` and ``torch_collect_env.txt``."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from compare.case_sizes import KEY
from harness.case import Pixel
from harness.case_sizes import image_shape
from harness.evidence import Evidence
from harness.processes import end_group
from harness.scratch import Prepared
from subjects.nanobragg.reference import Reference


def case_record(
    prepared: Prepared,
    pixels: Sequence[Pixel],
    *,
    program: Reference | None = None,
    tolerance_source: str | None = None,
) -> dict[str, Any]:
    """What was run: the command line, the pixels, and a hash of everything that went into it."""
    from simulator.defects import Defects

    case = prepared.case
    said = [word for flag, word in zip(case.argv, case.argv[1:], strict=False) if flag == "-defects"]
    defects = Defects.parse(said[-1] if said else "all")
    return {
        "case": case.name,
        "argv": list(case.argv),
        "setup": [list(line) for line in case.setup],
        "pixels": [list(pixel) for pixel in pixels],
        KEY: _image_shape(prepared),
        "mode": defects.mode,
        "defects": str(defects),
        "tolerance_source": tolerance_source,
        "inputs": {item.name: hashlib.sha256(item.content).hexdigest() for item in prepared.inputs},
        "input_sources": {item.name: item.source for item in prepared.inputs},
        "reference_program": str(program.path) if program else None,
        "reference_sha256": program.sha256 if program else None,
    }


def _image_shape(prepared: Prepared) -> list[int] | None:
    """[slow, fast], for whoever reads the raw images; None for a command line that is refused."""
    from simulator.errors import InputError

    try:
        return list(image_shape(prepared))
    except InputError:
        return None


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
