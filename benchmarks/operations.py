"""The operations of a compiled image, counted in the compiler's own graphs after its simplifications."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import ROOT, Failed
from benchmarks.workloads import Workload

if TYPE_CHECKING:
    from torch.fx import Graph, Node

KINDS = {
    "multiply or add": ("add", "sub", "mul", "neg", "addcmul", "sum"),
    "divide": ("div", "reciprocal"),
    "square root": ("sqrt", "rsqrt"),
    "round": ("ceil", "floor", "round", "trunc"),
    "look up": ("index", "gather", "index_select"),
    "select or compare": (
        *("where", "eq", "ne", "lt", "le", "gt", "ge", "maximum", "minimum", "clamp", "abs", "sign"),
        *("bitwise_and", "bitwise_or", "bitwise_not", "logical_and", "logical_or", "logical_not"),
    ),
    "function": ("sin", "cos", "exp", "atan2", "pow", "log", "tan"),
    "convert": ("_to_copy", "convert_element_type"),
}
"""Names of operations by what they cost. What only moves or reshapes is in none of them."""

FUNCTION_OPERATIONS = 20
"""Multiplications and additions that a vectorised library function takes, roughly."""


def kind_of(operation: str) -> str | None:
    """The kind of an operation by its bare name, or None where it computes nothing."""
    return next((kind for kind, names in KINDS.items() if operation in names), None)


def count_operations(workload: Workload, dtype: str) -> dict[str, Any]:
    """Operations per evaluation by kind and width, counted in a fresh process with an empty compiler cache.

    The workload must be one chunk, one tile and one subpixel, so that each graph runs once.
    """
    specification = {"argv": list(workload.argv), "dtype": dtype}
    with workload.folder() as folder, tempfile.TemporaryDirectory(prefix="benchmarks_cache_") as cache:
        command = [sys.executable, "-m", "benchmarks.operations", json.dumps(specification | {"folder": str(folder)})]
        environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": cache}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"counting operations: {done.stderr.strip()[-500:]}")
    counted: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return counted


def counted_in(graph: Graph) -> Counter[str]:
    """Elements computed by each kind of operation; kinds end in 64 or 32 for what floats they work on."""
    counts: Counter[str] = Counter()
    for node in graph.nodes:
        kind = kind_of(_name(node)) if node.op == "call_function" else None
        if kind is not None:
            counts[f"{kind}, {_width(node)}"] += _elements(node)
    return counts


def _name(node: Node) -> str:
    return str(getattr(node.target, "__name__", node.target)).split(".")[0]


def _elements(node: Node) -> int:
    """Of the result; of the argument where it is summed up. A size that a kernel takes as it comes counts as here."""
    from torch.fx.experimental.symbolic_shapes import optimization_hint

    of = node.all_input_nodes[0] if _name(node) == "sum" else node
    shape: Sequence[int] | None = getattr(of.meta.get("val"), "shape", None)
    return 0 if shape is None else math.prod(map(optimization_hint, shape))


def _width(node: Node) -> int:
    """64 where 64-bit numbers are read or made."""
    dtypes = [getattr(one.meta.get("val"), "dtype", None) for one in (node, *node.all_input_nodes)]
    return 64 if any(dtype is not None and dtype.itemsize == 8 for dtype in dtypes) else 32


def _main() -> None:
    import torch
    import torch._inductor.config as inductor

    from simulator import ExecutionConfig, Experiment, Simulator

    specification = json.loads(sys.argv[1])
    counts: Counter[str] = Counter()

    def look(graph: Graph) -> None:
        counts.update(counted_in(graph))

    inductor.post_grad_custom_post_pass = look
    inductor.force_disable_caches = True
    experiment = Experiment.from_argv(specification["argv"], specification["folder"])
    execution = ExecutionConfig(device="cpu", dtype=specification["dtype"], compile="always")
    simulator = Simulator(experiment, execution=execution)
    with torch.no_grad():
        simulator.image()
    evaluations = simulator._chunk_pixels(compiled=True) * simulator.prepared.steps * simulator.prepared.thick_steps
    print(json.dumps({kind: count / evaluations for kind, count in sorted(counts.items())}))


if __name__ == "__main__":
    _main()
