"""Compiling kernels in a process that outlives the one that found them missing."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.evaluation.kernels.files import KernelFiles
    from simulator.evaluation.kernels.request import Request

LOG = "building.log"
MARK = ".building"

STALE_S = 900.0
"""A mark older than this was left by a process that was killed."""

PROCESSOR_S = 600
"""Processor time that the process may take for itself."""


def build_in_background(requests: Sequence[Request], files: KernelFiles) -> int:
    """Compile kernels in a process of lowest priority that nobody waits for; those that another one is at are left out.

    Args:
        requests: a call of each kind.
        files: where they are kept; what the process says lies there in ``building.log``.

    Returns:
        How many it will compile.

    Raises:
        OSError: the folder cannot be written, or no process can be started.
    """
    files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mine = [request for request in requests if _mark(files.folder / f"{request.key}{MARK}")]
    if not mine:
        return 0
    with (files.folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator.evaluation.kernels.background", str(files.folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=files.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    assert process.stdin is not None
    with process.stdin as pipe:
        pickle.dump(mine, pipe)
    process.returncode = 0  # nobody waits for it
    return len(mine)


def _mark(path: Path) -> bool:
    """Claim a kernel; False where somebody has lately."""
    with suppress(FileNotFoundError):
        if time.time() - path.stat().st_mtime < STALE_S:
            return False
        path.unlink(missing_ok=True)
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def main() -> None:
    """Build what the process that started this one sends through the pipe."""
    folder = Path(sys.argv[1])
    sent = sys.stdin.buffer.read()  # at once: the sender waits for it
    with suppress(OSError):
        os.nice(19)
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    from simulator.evaluation.kernels.ahead_of_time import Kernel, compiled_ahead
    from simulator.evaluation.kernels.files import KernelFiles

    requests: list[Request] = pickle.loads(sent)
    files = KernelFiles(folder)
    for request in requests:
        try:
            Kernel(compiled_ahead(request, files), request)
        except Exception as error:
            print(f"{request.key}: {error}", file=sys.stderr)
            files.discard(request.key)
        finally:
            (folder / f"{request.key}{MARK}").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
