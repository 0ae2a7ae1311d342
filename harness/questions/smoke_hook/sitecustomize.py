"""Loaded by every Python process that ``harness smoke`` starts: at its end, says which device torch used.

Only the standard library, and quiet: whatever goes wrong here must not change what the observed program does.
"""

import atexit
import contextlib
import os
import sys


def _load_the_next_one() -> None:
    """The environment's own sitecustomize, which this one hides."""
    import importlib.machinery

    here = os.path.dirname(os.path.abspath(__file__))
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        import importlib.util

        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _record() -> None:
    torch = sys.modules.get("torch")
    folder = os.environ.get("HARNESS_SMOKE_RECORDS")
    if torch is None or not folder:
        return
    import json

    devices = []
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        for index in range(torch.cuda.device_count()):
            peak = torch.cuda.max_memory_allocated(index)
            devices.append({"device": f"cuda:{index}", "name": torch.cuda.get_device_name(index), "peak_bytes": peak})
    facts = {
        "pid": os.getpid(),
        "program": sys.argv[0] if sys.argv else "",  # not its options: they may hold credentials
        "torch_version": torch.__version__,
        "cuda_used": any(device["peak_bytes"] > 0 for device in devices),
        "devices": devices,
    }
    path = os.path.join(folder, str(os.getpid()))
    with open(path, "w", encoding="utf-8") as file:
        json.dump(facts, file)
    os.replace(path, path + ".json")  # whole, also where this process is being killed


def _record_quietly() -> None:
    with contextlib.suppress(Exception):
        _record()


with contextlib.suppress(Exception):
    _load_the_next_one()
atexit.register(_record_quietly)
