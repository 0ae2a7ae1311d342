"""Inside the captured process: ``python -m capture.python.child SETTINGS.json SCRIPT|-m MODULE [ARGUMENTS]``.

Runs the program as ``python`` would, with the modules that the settings name rewritten, and writes the trace. With
several tasks (values to force, noise to add) each runs in a fork of a process that has the imports behind it.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from capture.python.forced import Forced, Moved
from capture.python.graph import DispatchGraph
from capture.python.hook import Hook
from capture.python.recorder import Recorder
from capture.python.rewrite import Places
from capture.python.store import Settings
from capture.storage import save


def main(words: Sequence[str]) -> None:
    """Run the tasks of a settings file; the process ends as the program ended."""
    settings = json.loads(Path(words[0]).read_text())
    program = list(words[1:])
    tasks = settings["tasks"]
    if len(tasks) == 1:
        _run(settings, tasks[0], program)
        return
    _warm(settings)
    for task in tasks:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            _quiet(task)
            _run(settings, task, program)
            os._exit(0)
        os.waitpid(child, 0)


def _warm(settings: Mapping[str, Any]) -> None:
    """Import once what every task needs; not the captured modules, which each task rewrites for itself."""
    for name in settings.get("preload", ()):
        try:
            __import__(name)
        except ImportError:
            continue


def _quiet(task: Mapping[str, Any]) -> None:
    """What the program prints goes to the task's own files."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        handle = os.open(f"{task['out']}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, number)


def _run(settings: Mapping[str, Any], task: Mapping[str, Any], program: list[str]) -> None:
    axes = {name: (size, tuple(chosen)) for name, (size, chosen) in settings.get("axes", {}).items()}
    recorder = Recorder(Places(), Settings(axes=axes, **settings.get("limits", {}), select=settings.get("select", "")))
    if task.get("force"):
        recorder.force = Forced(Path(task["force"]))
    elif task.get("move") is not None:
        recorder.force = Moved(int(task["move"]))
    hook = Hook(recorder, settings.get("packages", ()), Path(settings["folder"]), settings.get("only", ()))
    hook.install()
    graph = DispatchGraph(recorder) if settings.get("graph") else None
    process, thread = os.getpid(), threading.get_ident()
    try:
        if graph is not None:
            with graph:
                _execute(hook, program)
        else:
            _execute(hook, program)
    finally:
        if (os.getpid(), threading.get_ident()) == (process, thread):
            save(recorder.trace(settings["program"], {"modules": hook.captured}), Path(task["out"]))


def _execute(hook: Hook, program: list[str]) -> None:
    """As ``python SCRIPT`` or ``python -m MODULE``."""
    if program[0] == "-m":
        sys.argv = program[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        return
    script = Path(os.path.abspath(program[0]))  # as warnings and tracebacks of `python SCRIPT` have it
    sys.argv = program
    sys.path.insert(0, str(script.resolve().parent))
    module = ModuleType("__main__")
    module.__file__ = str(script)
    sys.modules["__main__"] = module
    exec(hook.compile(script), module.__dict__)


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of -m; the program's own is put there
    main(sys.argv[1:])
