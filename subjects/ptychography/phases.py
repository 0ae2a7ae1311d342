"""Phase synchronisation: an intensity is blind to the phase of its exit wave, so each patch comes with its own."""

from __future__ import annotations

from dataclasses import replace

import torch

from subjects.ptychography.steps import Pair, pair_of
from subjects.ptychography.stitching import Job, Stitched, pixel_weights, stitch

DEFAULT_SWEEPS = 20


def synchronised(job: Job, sweeps: int = DEFAULT_SWEEPS) -> Stitched:
    """Stitch a job's patches after turning each to agree with the canvas that the others make.

    A sweep cuts the present canvas at every position, turns each patch by the phase of its weighted product with that
    cut, and stitches anew. Amplitudes do not change.
    """
    stitched = stitch(job)
    if sweeps < 1 or job.patches is None:
        return stitched
    setup, chosen = job.setup, job.chosen
    patches = job.patches.complex()
    x, y = setup.x_px[chosen], setup.y_px[chosen]
    frame = stitched.frame
    left, top = x - frame.origin_x_px - frame.col0, y - frame.origin_y_px - frame.row0
    places = setup.placed(x, y, left, top)
    weight = pixel_weights(setup.forward.probe, "probe", 0, setup.defects).pixel
    for _ in range(sweeps):
        cut = setup.steps.bilinear_patch(stitched.values, places.cell, places.weights, setup.scan.patch_px).complex()
        z = (weight * cut * patches[chosen].conj()).sum(dim=(1, 2))
        factors = torch.ones(len(patches), dtype=patches.dtype, device=patches.device)
        factors[chosen] = torch.where(z.abs() > 0, z / z.abs().clamp_min(1e-300), torch.ones_like(z))
        stitched = stitch(replace(job, patches=pair_of(patches * factors[:, None, None])))
    return stitched


def removed_mean_phase(stitched: Stitched) -> Pair:
    """The canvas without its mean phase, weighted with the canvas's weights."""
    values = stitched.values.complex()
    total = (values * stitched.den).sum()
    turned = values * (total.conj() / total.abs()) if float(total.abs()) > 0 else values
    return pair_of(turned)
