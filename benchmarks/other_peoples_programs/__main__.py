"""Programs by other people and ports of them, captured with no edit: which planted faults are named first?

    python -m benchmarks.other_peoples_programs [NAME ...]

Fetches the sources by package name (``apt-get source``; a ``deb-src`` line must be among apt's sources) to
``build/other_peoples_programs``, puts each beside its port as a user would, captures the sound port and the port with
each of three faults, and says for each on which place of the port the first line puts the blame.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.other_peoples_programs.inputs import MADE
from capture.errors import CaptureError
from capture.pair_of_programs import Captured, capture_pair
from capture.report import lines
from capture.settings import read_setup

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / "build" / "other_peoples_programs"


@dataclass(frozen=True)
class Fault:
    old: str
    new: str

    def planted(self, text: str) -> str:
        assert text.count(self.old) == 1, f"{self.old!r} occurs {text.count(self.old)} times"
        return text.replace(self.old, self.new)

    def line(self, text: str) -> int:
        return text[: text.index(self.old)].count("\n") + 1


def fetched(package: str) -> Path:
    """The folder of a package's sources."""
    place = WORK / "sources" / package
    if not place.is_dir():
        place.mkdir(parents=True)
        subprocess.run(["apt-get", "source", "-qq", package], cwd=place, check=True, stdout=subprocess.DEVNULL)
    return next(path for path in sorted(place.iterdir()) if path.is_dir())


def staged(name: str, entry: Mapping[str, Any], fault: Fault | None) -> Path:
    """The program, its port and what describes both, in a folder of their own."""
    folder = WORK / "staged" / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(fetched(entry["package"]) / entry.get("folder", "."), folder / "c", symlinks=True)
    (folder / "port").mkdir()
    text = (HERE / "ports" / f"{name}.py").read_text()
    (folder / "port" / f"{name}.py").write_text(fault.planted(text) if fault else text)
    for file in entry.get("inputs", ()):
        if file in MADE:
            MADE[file](folder / "c" / file)
        shutil.copy(folder / "c" / file, folder / "port" / file)
    (folder / "parity.toml").write_text("\n".join(description(name, entry)) + "\n")
    return folder


def description(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    yield f'name = "{name}"'
    yield from ("[reference]", f"build = {toml(entry['build'])}", f"run = {toml(entry['run'])}")
    yield from ("[port]", f"run = {toml(entry['port_run'])}")
    for case, argv in entry["cases"].items():
        yield from (f"[cases.{case}]", f"argv = {toml(argv)}")
    yield from ("[capture]", 'reference_folder = "c"', 'port_folder = "port"')


def toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def captured(name: str, entry: Mapping[str, Any], fault: Fault | None) -> Captured:
    setup = read_setup(staged(name, entry, fault) / "parity.toml")
    return capture_pair(setup, next(iter(setup.runs)))


def blamed(found: Captured, fault: Fault, text: str) -> bool:
    """Whether the first line of the answer names the line of the fault, with which the statement may have begun."""
    first = next(lines(found))
    return f":{fault.line(text)})" in first


def tried(name: str, entry: Mapping[str, Any]) -> tuple[int, int]:
    """One program: the sound port, then each fault. Prints what was found, and gives how many faults were named."""
    text = (HERE / "ports" / f"{name}.py").read_text()
    named = 0
    faults = [None, *(Fault(old, new) for old, new in entry["faults"])]
    for fault in faults:
        began = time.monotonic()
        try:
            found = captured(name, entry, fault)
        except CaptureError as error:
            print(f"{name}: {type(error).__name__}: {error}")
            continue
        said = list(lines(found))
        if fault is None:
            right = found.guilty() == []
            print(f"{name}: sound: {'no false alarm' if right else 'FALSE ALARM'}")
        else:
            right = blamed(found, fault, text)
            named += right
            print(f"{name}: line {fault.line(text)} {fault.new}: {'NAMED' if right else 'not named'}")
        print("    " + "\n    ".join(said[:6]))
        print(f"    {time.monotonic() - began:.1f} s")
    return named, len(faults) - 1


def main(names: Sequence[str]) -> int:
    programs = tomllib.loads((HERE / "programs.toml").read_text())
    results = {name: tried(name, programs[name]) for name in names or [name for name in programs if name != "alone"]}
    for name, (named, planted) in results.items():
        print(f"{name:12} {named} of {planted}")
    print(f"{sum(n for n, _ in results.values())} of {sum(p for _, p in results.values())} named on the first line")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
