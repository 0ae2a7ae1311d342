"""``--json`` for every command: what it says goes to standard error, its outcome as one object to standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from compare.outcomes import ExitCode
from harness.evidence.folder import last_sealed

OPTION = "--json"
OWN = frozenset({"explain"})
"""Commands with a ``--json FILE`` of their own; alone it means the same there as elsewhere."""
FILES = {"report": "report.json", "metrics": "metrics.json"}


def taken_out(argv: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether ``--json`` is asked for, and the words without it; those after ``--`` are another program's."""
    words, rest = list(argv), []
    if "--" in words:
        cut = words.index("--")
        words, rest = words[:cut], words[cut:]
    if OPTION not in words:
        return False, words + rest
    at = words.index(OPTION)
    following = words[at + 1 : at + 2]
    if words[0] in OWN and following and not following[0].startswith("-"):
        return False, words + rest
    return True, words[:at] + words[at + 1 :] + rest


def answered(command: Callable[[], int]) -> int:
    """Run a command and print its outcome: exit code, verdict, sealed folder, report, figures; else what it printed."""
    before = last_sealed()
    printed = StringIO()
    with redirect_stdout(printed):
        status = command()
    folder = last_sealed() if last_sealed() != before else None
    answer: dict[str, Any] = {
        "exit_code": int(status),
        "verdict": ExitCode(status).word if status in set(ExitCode) else "failed",
        "folder": None if folder is None else str(folder),
        **{key: _read(folder, name) for key, name in FILES.items()},
    }
    if folder is None:
        answer["output"] = printed.getvalue().splitlines()
    else:
        sys.stderr.write(printed.getvalue())
    sys.stdout.write(json.dumps(answer) + "\n")
    return status


def _read(folder: Path | None, name: str) -> Any:
    if folder is None or not (folder / name).is_file():
        return None
    return json.loads((folder / name).read_text("utf-8"))
