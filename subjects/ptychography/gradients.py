"""``harness --subject ptychography gradcheck``: gradients of the forward model against central differences."""

from __future__ import annotations

import numpy as np
import torch
import typer
from torch import Tensor

from subjects.ptychography.contract import Scan
from subjects.ptychography.forward import Evaluation, Forward, make_setup
from subjects.ptychography.steps import Pair

SIDE, OBJECT_PX, POSITIONS = 5, 12, 3


def small_scan(seed: int = 0) -> Scan:
    """Random numbers in the places of probe, object and positions."""
    random = np.random.RandomState(seed)
    x, y = (random.uniform(SIDE // 2, OBJECT_PX - SIDE // 2 - 2, POSITIONS) for _ in range(2))
    shapes = (2, SIDE, SIDE), (OBJECT_PX, OBJECT_PX)
    probe, scene = (random.standard_normal((*shape, 2)) @ [1, 1j] for shape in shapes)
    return Scan("made", np.zeros((POSITIONS, SIDE, SIDE)), x, y, probe, scene)


def passes(evaluation: Evaluation) -> bool:
    """Whether the gradients of object and probe through the forward model agree with differences. Raises where not."""
    setup = make_setup(small_scan(), evaluation=evaluation)
    place = setup.place(slice(None))
    assert setup.object is not None

    def counts(re: Tensor, im: Tensor, probe_re: Tensor, probe_im: Tensor) -> Tensor:
        patch = setup.steps.bilinear_patch(Pair(re, im), place.cell, place.weights, SIDE)
        own = setup.forward
        return Forward(Pair(probe_re, probe_im), own.kernel, own.frequencies, own.steps, evaluation).intensities(patch)

    inputs = [part.clone().requires_grad_() for part in (*setup.object, *setup.forward.probe)]
    return bool(torch.autograd.gradcheck(counts, inputs))


def gradcheck() -> None:
    """Gradients of object and probe through the forward model, in both evaluations."""
    failed = False
    for evaluation in ("sums", "fft"):
        try:
            passes(evaluation)
            typer.echo(f"{evaluation}: gradients of object and probe agree with central differences")
        except RuntimeError as error:
            failed = True
            typer.echo(f"{evaluation}: {str(error).splitlines()[0]}")
    raise typer.Exit(int(failed))
