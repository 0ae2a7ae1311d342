"""The port of ``heat.c`` to PyTorch: the whole rod in one tensor. The trace is taken from what the steps return."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

DIFFUSIVITY, CELL_SIZE, TIME_STEP = 1.0e-4, 0.01, 0.25  # m^2/s, m, s


def start_temperature(cells: int, device: str) -> Tensor:
    """Kelvin at the middle of each cell."""
    x = (torch.arange(cells, dtype=torch.float64, device=device) + 0.5) / cells
    return 300.0 + 40.0 * x * (1.0 - x)


def rates(now: Tensor) -> Tensor:
    """How fast each inner cell warms, K/s; the ends are kept."""
    curvature = (now[:-2] - 2.0 * now[1:-1]) + now[2:]
    inner = DIFFUSIVITY * curvature / (CELL_SIZE * CELL_SIZE)
    end = torch.zeros(1, dtype=now.dtype, device=now.device)
    return torch.cat((end, inner, end))


def main() -> None:
    """Read the command line of the C program, compute, print the trace, write ``rod.bin``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cells", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("-cell", type=int, default=-1)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    at = given.cell
    now = start_temperature(given.cells, given.device)
    if at >= 0:
        print(f"TRACE_PY: cells {given.cells}\nTRACE_PY: steps {given.steps}\nTRACE_PY: time_step_s {TIME_STEP!r}")
        print(f"TRACE_PY: start_K {now[at].item()!r}")
    for step in range(given.steps):
        rate = rates(now)
        after = now + TIME_STEP * rate
        if 0 < at < given.cells - 1:
            values = {
                "left_K": now[at - 1],
                "right_K": now[at + 1],
                "rate_K_per_s": rate[at],
                "temperature_K": after[at],
            }
            print(f"TRACE_PY_STEP step={step}", *(f"{name}={value.item()!r}" for name, value in values.items()))
        now = after
    if at >= 0:
        print(f"TRACE_PY: end_K {now[at].item()!r}")
    Path("rod.bin").write_bytes(now.cpu().numpy().tobytes())


if __name__ == "__main__":
    main()
