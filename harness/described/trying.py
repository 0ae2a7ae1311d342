"""Both programs of a new ``parity.toml`` tried once: do they build, run, and print a trace?"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.described.initial import Found
from harness.described.programs import BUILD_SECONDS, TRACE_LINE
from harness.errors import ProgramFailed
from harness.running.processes import run

SECONDS = 30.0
NAME = re.compile(r"^\s*TRACE_\w+:\s*([\w.]+)[ =]", re.MULTILINE)
FIELD = re.compile(r"\b([A-Za-z_]\w*)=")
MOST = 6


@dataclass(frozen=True)
class Tried:
    """What both printed. ``failed``: why one could not be run."""

    printed: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    def trace_of(self, which: str) -> str:
        """Where its trace is, in a sentence."""
        if which in self.failed:
            return f"It could not be run: {self.failed[which].splitlines()[0]}"
        text = self.printed.get(which, "")
        if TRACE_LINE.search(text):
            return f"It prints a trace on its standard output ({len(names_of(text))} names)."
        return (
            "It prints no TRACE lines: print them (`harness docs emitters`), or have it captured (`harness capture`)."
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What could not be found out."""
        return tuple(
            f"[{which}] {said}"
            for which in ("reference", "port")
            if not (said := self.trace_of(which)).startswith("It prints a")
        )

    @property
    def result(self) -> str:
        """The last name that the reference prints outside its records: its result, as a guess."""
        found = NAME.findall(self.printed.get("reference", ""))
        return found[-1] if found else ""

    @property
    def only_reference(self) -> tuple[str, ...]:
        """Names that the port does not print."""
        return self._only("reference", "port")

    @property
    def only_port(self) -> tuple[str, ...]:
        """Names that the reference does not print."""
        return self._only("port", "reference")

    def _only(self, one: str, other: str) -> tuple[str, ...]:
        a, b = (names_of(self.printed.get(which, "")) for which in (one, other))
        return tuple(name for name in a if name not in b)[:MOST] if a and b else ()


def names_of(text: str) -> list[str]:
    """Names in a trace, in order."""
    lines = [line for line in text.splitlines() if TRACE_LINE.match(line)]
    return list(dict.fromkeys([*NAME.findall("\n".join(lines)), *FIELD.findall("\n".join(lines))]))


def tried(found: Found) -> Tried:
    """Build the reference, run both in their folder, and look at what they print."""
    printed, failed = {}, {}
    script = str(found.script.resolve())
    commands = {
        "reference": [str((found.folder / found.binary).resolve())],
        "port": [sys.executable, script],
    }
    for which, command in commands.items():
        try:
            if which == "reference":
                _checked(["sh", "-c", found.build], found, BUILD_SECONDS)
            printed[which] = _checked([*command, *shlex.split(found.argv)], found, SECONDS)
        except ProgramFailed as error:
            failed[which] = str(error)
    return Tried(printed, failed)


def _checked(command: list[str], found: Found, seconds: float) -> str:
    done = run(command, found.folder.resolve(), seconds, dict(os.environ))
    if done.status != 0:
        raise ProgramFailed(f"{' '.join(command[:3])} {done.ending()}", done.output)
    return done.stdout
