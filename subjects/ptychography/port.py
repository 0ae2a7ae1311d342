"""The port as a program (`python -m subjects.ptychography.port`): the C program's words, images and traces."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from simulator.errors import InputError
from simulator.model.random_numbers import PoissonDeviates, Ran1
from subjects.ptychography.arrays import read_npy
from subjects.ptychography.commandline import Command, parse
from subjects.ptychography.contract import Reading, Scan, read_scan
from subjects.ptychography.forward import Evaluation, Setup, make_setup
from subjects.ptychography.mutations import mutated
from subjects.ptychography.steps import Pair, pair_of
from subjects.ptychography.stitching import Job, Stitched, stitch
from subjects.ptychography.tracing import Trace, trace_canvas, trace_detector

LARGEST_COUNT = 2147483520.0


@dataclass
class Results:
    """What a command line asked for.

    Attributes:
        image: expected counts (positions, N, N). noise: int32 of the same shape. canvas: complex128 (rows, cols).
        traces: in the order of their flags, detector pixels first.
    """

    image: np.ndarray | None = None
    noise: np.ndarray | None = None
    canvas: np.ndarray | None = None
    traces: list[Trace] = field(default_factory=list)


def run(command: Command, *, evaluation: Evaluation = "sums", device: str = "cpu") -> Results:
    """Compute what the command line asks for, in float64.

    Raises:
        InputError: the scan cannot be used.
    """
    setup, chosen = setup_of(command, evaluation=evaluation, device=device)
    return computed(command, setup, chosen)


def setup_of(command: Command, *, evaluation: Evaluation = "sums", device: str = "cpu") -> tuple[Setup, list[int]]:
    """The scan ready to be evaluated, and the chosen positions.

    Raises:
        InputError: the scan cannot be used, or has no such positions.
    """
    assert command.scan is not None
    reading = Reading(
        outside_zero=True, nphotons=command.nphotons or None, gauge=command.gauge, checked=False
    )  # windows are judged where they are cut, as the C program does
    scan = read_scan(command.scan, reading)
    setup = make_setup(
        scan,
        interpolation=command.interpolation,
        outside_zero=command.outside_zero,
        defects=command.defects,
        nphotons=command.nphotons,
        steps=mutated(*command.mutations),
        evaluation=evaluation,
        device=device,
    )
    chosen = list(range(scan.n_positions) if command.chosen is None else command.chosen)
    if max(chosen) >= scan.n_positions:
        raise InputError(f"-positions has {max(chosen)}; there are {scan.n_positions} positions, from 0")
    return setup, chosen


def computed(command: Command, setup: Setup, chosen: list[int]) -> Results:
    """What the command line asks for, of a scan that is ready."""
    results = Results()
    if command.images_wanted or command.traced:
        _forward(command, setup, chosen, results)
    if command.stitch or command.traced_canvas:
        _stitch(command, setup, chosen, results)
    return results


def _forward(command: Command, setup: Setup, chosen: list[int], results: Results) -> None:
    mean = setup.mean_exit_power()
    if command.images_wanted:
        results.image = setup.expected_counts(chosen, setup.dose(mean)).cpu().numpy()
    if command.noise:
        assert results.image is not None
        results.noise = noise(results.image, setup.scan, chosen, command.seed)
    results.traces += [trace_detector(setup, *pixel, mean, command.case) for pixel in command.traced]


def noise(counts: np.ndarray, scan: Scan, chosen: list[int], seed: int) -> np.ndarray:
    """Poisson deviates of the counts rounded to float32, from one stream; masked pixels draw and are then 0."""
    deviates = PoissonDeviates(Ran1(seed))
    drawn = np.stack([deviates.draw(c.astype(np.float32).reshape(-1)).reshape(c.shape) for c in counts])
    whole = np.minimum(drawn, LARGEST_COUNT).astype(np.int32)
    return np.where(np.stack([scan.measured(j) for j in chosen]), whole, 0).astype(np.int32)


def job_of(command: Command, setup: Setup, chosen: list[int]) -> Job:
    """The stitching that a command line asks for: positions named one by one are one group."""
    patches: Pair | None = None
    if command.patches is not None:
        shape = (setup.scan.n_positions, setup.scan.patch_px, setup.scan.patch_px)
        given = read_npy(command.patches)
        if given.shape != shape or given.dtype.kind != "c":
            raise InputError(f"{command.patches} must be complex with the axes {shape}")
        like = setup.forward.probe.re
        patches = pair_of(torch.from_numpy(given.astype(np.complex128)).to(like.device))
    groups = torch.arange(len(chosen)) if command.chosen is None else torch.zeros(len(chosen), dtype=torch.long)
    return Job(setup, chosen, groups, command.weighting, command.crop, patches)


def _stitch(command: Command, setup: Setup, chosen: list[int], results: Results) -> None:
    job = job_of(command, setup, chosen)
    if command.stitch:
        stitched: Stitched = stitch(job)
        results.canvas = stitched.values.complex().cpu().numpy()
    results.traces += [trace_canvas(job, *pixel, command.case) for pixel in command.traced_canvas]


def write(command: Command, results: Results) -> None:
    """Write the arrays to the files that the command line names, complete or not at all."""
    outputs = ((command.image, results.image), (command.noise, results.noise), (command.stitch, results.canvas))
    partial: list[tuple[Path, Path]] = []
    try:
        for path, values in outputs:
            if path is not None and values is not None:
                partial.append((path.with_name(path.name + ".partial"), path))
                with open(partial[-1][0], "wb") as stream:
                    np.save(stream, values, allow_pickle=False)
        for temporary, path in partial:
            temporary.replace(path)
    except OSError as error:
        for temporary, _ in partial:
            temporary.unlink(missing_ok=True)
        raise InputError(f"cannot write {error.filename}: {error.strerror}") from error


def text_of(traces: Sequence[Trace]) -> Iterator[str]:
    """The lines of all traces."""
    for trace in traces:
        yield from trace.lines()


def main(argv: Sequence[str] | None = None) -> int:
    """The program; returns its exit status."""
    try:
        command = parse(sys.argv[1:] if argv is None else argv)
        results = run(command)
        write(command, results)
    except InputError as error:
        print(f"ptycho_port: error: {error}", file=sys.stderr)
        return error.exit_code
    for line in text_of(results.traces):
        print(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
