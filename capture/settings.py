"""What ``parity.toml`` says to a capture: how both programs are built and run, the cases, ``[capture]`` itself."""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from capture.c.build import Program
from capture.c.capture import Limits
from capture.c.prove import Job
from capture.errors import CaptureError
from capture.python.capture import Port

FILE = "parity.toml"
EVERYTHING, EACH = 20_000, 64  # values of a site: where nothing is selected, and outside the selected loop
KEYS = {
    "select", "port_select", "axes", "functions", "port_functions", "packages", "ignore", "reference", "port",
    "reference_folder", "port_folder", "sources", "flags", "compiler", "cap", "each", "timeout", "pairs", "result",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setup:
    """Both programs and the cases, ready to be captured.

    Attributes:
        runs: by case, the command of the reference and of the port.
        pairs: names confirmed by the user: the reference's -> the port's.
        result: the quantity whose difference is explained.
    """

    folder: Path
    name: str
    program: Program
    port: Port
    runs: Mapping[str, tuple[str, str]]
    select: str
    functions: tuple[str, ...]
    ignored: tuple[str, ...]
    limits: Limits
    timeout_s: float
    pairs: Mapping[str, str] = field(default_factory=dict)
    result: str = ""

    def jobs(self, case: str) -> tuple[Job, Job]:
        """The reference's and the port's run of a case.

        Raises:
            CaptureError: there is no such case.
        """
        if case not in self.runs:
            raise CaptureError(f"no case {case!r} in {self.folder / FILE}; it has {', '.join(self.runs)}")
        reference, port = (Job(c, ignored=self.ignored, timeout_s=self.timeout_s) for c in self.runs[case])
        return reference, replace(port, environment={"PYTHONHASHSEED": "0"})


def read_setup(path: Path) -> Setup:
    """Read the file.

    Raises:
        CaptureError: it is missing, is no TOML, or says something wrong; file and key are named.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return _setup(path.resolve().parent, table)
    except FileNotFoundError as error:
        raise CaptureError(f"there is no {path}; `harness init` writes one") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CaptureError(f"{path} cannot be read: {error}") from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise CaptureError(f"{path}: {error}") from error


def _setup(folder: Path, table: Mapping[str, Any]) -> Setup:
    own = _table(table, "capture")
    for key in own:
        if key not in KEYS:
            close = get_close_matches(key, KEYS, 1)
            raise ValueError(f"unknown key {key!r} in [capture]" + (f"; did you mean {close[0]!r}?" if close else ""))
    reference = _table(table, "reference")
    select = str(own.get("select", ""))
    flags = tuple(shlex.split(str(own.get("flags", ""))))
    return Setup(
        folder=folder,
        name=str(table.get("name", folder.name)),
        program=Program(
            folder=_inside(folder, own, "reference_folder"),
            build=str(reference.get("build", "")),
            sources=_words(own, "sources"),
            flags=flags,
            compiler=str(own.get("compiler", "cc")),
        ),
        port=Port(
            folder=_inside(folder, own, "port_folder"),
            packages=_words(own, "packages"),
            only=_words(own, "port_functions"),
            select=str(own.get("port_select", "")),
            axes=_axes(own),
        ),
        runs=_runs(table, *(str(own.get(side, _table(table, side).get("run", ""))) for side in ("reference", "port"))),
        select=select,
        functions=_words(own, "functions"),
        ignored=_words(own, "ignore"),
        limits=Limits(
            words=int(own.get("cap", Limits().words)),
            each=int(own.get("each", EACH if select else EVERYTHING)),
        ),
        timeout_s=float(own.get("timeout", 600.0)),
        pairs={str(a): str(b) for a, b in _table(own, "pairs").items()},
        result=str(own.get("result", table.get("result", ""))),
    )


def _runs(table: Mapping[str, Any], reference: str, port: str) -> dict[str, tuple[str, str]]:
    if not reference or not port:
        raise ValueError(
            'both programs need a run: [reference] run = "./program {argv}", [port] run = "python port.py {argv}"'
        )
    cases = _table(table, "cases") or {"default": {}}
    runs = {}
    for name, case in cases.items():
        sections = case.get("sections") or [[]]
        keys = dict(zip(table.get("keys", []), sections[0], strict=False))
        words = case.get("argv", "")
        argv = words if isinstance(words, str) else shlex.join(words)
        places = {"argv": argv, "python": shlex.quote(sys.executable), "device": "cpu", "dtype": "float64", **keys}
        try:
            runs[str(name)] = (reference.format(**places), port.format(**places))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"run has a place that case {name!r} does not fill: {error}") from error
    return runs


def _axes(own: Mapping[str, Any]) -> dict[str, tuple[int, tuple[int, ...]]]:
    axes = {}
    for name, entry in _table(own, "axes").items():
        if not isinstance(entry, list) or len(entry) < 2 or not all(isinstance(n, int) for n in entry):
            raise ValueError(f"axes.{name} takes a list: the axis's length, then the selected indices; got {entry!r}")
        axes[str(name)] = (entry[0], tuple(entry[1:]))
    if len({len(chosen) for _, chosen in axes.values()}) > 1:
        raise ValueError("axes must all select the same number of indices: together they are points")
    return axes


def _inside(folder: Path, own: Mapping[str, Any], key: str) -> Path:
    path = (folder / str(own.get(key, "."))).resolve()
    if not path.is_dir():
        raise ValueError(f"{key} is no folder: {path}")
    return path


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise TypeError(f"{key} must be a table; got {value!r}")
    return value


def _words(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{key} must be a list of texts; got {value!r}")
    return tuple(value)
