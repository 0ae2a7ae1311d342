"""Which pixels are computed, and what each inherits from those before it: against a replay of the loops.

The replay is the reference's loops in plain Python: threads, rows, columns, subpixels, sources, phi steps, with the one
cell that a thread remembers and the one switch of interpolation. It computes no intensity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import (
    Beam,
    Crystal,
    Detector,
    ExecutionConfig,
    Experiment,
    InputError,
    Sampling,
    Simulator,
    Spindle,
    Steps,
    StructureFactors,
    degrees,
)
from simulator.evaluation.region import Region
from simulator.evaluation.trace import Trace

SETTINGS = settings(deadline=None, max_examples=60, derandomize=True)
EAGER = ExecutionConfig(device="cpu", compile="never")
CPU = torch.device("cpu")
Pixel = tuple[int, int]
Vector = np.ndarray


# The region


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """A few pixels with sweeps that begin, end or stay at phi = 0, cut by ROI, mask and resolution."""
    slow, fast = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    mask, roi = None, None
    if draw(st.booleans()):
        mask = np.array(draw(st.lists(st.booleans(), min_size=slow * fast, max_size=slow * fast))).reshape(slow, fast)
        mask[draw(st.integers(0, slow - 1)), draw(st.integers(0, fast - 1))] = True
    if draw(st.booleans()):
        roi = tuple(n for size in (fast, slow) for n in sorted(draw(st.tuples(*[st.integers(0, size - 1)] * 2))))
    divergence = draw(st.sampled_from([Steps(), Steps(3, 0.3, 0.15), Steps(2, 0.4, 0.4)]))
    return Experiment(
        Crystal(cell_lengths_A=(12, 13, 14), misset_rad=(0.3, -0.2, 0.5), N_cells=(3, 3, 3)),
        Beam(hdiv=divergence, dispersion=draw(st.sampled_from([Steps(), Steps(2, 0.3, 0.3)]))),
        Detector(pixels_fast=fast, pixels_slow=slow, pixel_size_m=0.02, distance_m=0.1),
        Sampling(
            oversample=draw(st.integers(1, 2)),
            roi=roi,
            mask=mask,
            dmin_A=draw(st.sampled_from([0.0, 0.0, 1.5, 2.0, 2.5, 3.0, 5.0])),
        ),
        Spindle(
            phi_start_rad=degrees(draw(st.sampled_from([0.0, 0.0, -1.0, -2.0, 1.5]))),
            osc_rad=degrees(1.0),
            phi_step_rad=degrees(draw(st.sampled_from([1.0, 1.0, 0.5, 0.0]))),
            phi_steps=draw(st.integers(1, 4)),
        ),
        StructureFactors(default_F=10.0),
    )


def active_pixels(experiment: Experiment) -> list[Pixel]:
    """Inside the region of interest and not masked, in raster order."""
    detector, sampling = experiment.detector, experiment.sampling
    f0, f1, s0, s1 = sampling.roi or (0, detector.pixels_fast - 1, 0, detector.pixels_slow - 1)
    return [
        (slow, fast)
        for slow in range(detector.pixels_slow)
        for fast in range(detector.pixels_fast)
        if s0 <= slow <= s1 and f0 <= fast <= f1 and (sampling.mask is None or sampling.mask[slow, fast])
    ]


@SETTINGS
@given(experiments())
def test_active_pixels_are_those_of_the_region_and_the_mask(experiment: Experiment) -> None:
    region, expected = Region.of(experiment), active_pixels(experiment)
    assert region.n_active == len(expected)
    assert [region.pixel_at(n) for n in range(region.n_active)] == expected
    chunks = [divmod(int(i), region.shape[1]) for chunk in region.chunks(3, CPU) for i in chunk]
    assert chunks == expected
    for slow in range(-1, region.shape[0] + 1):
        for fast in range(-1, region.shape[1] + 1):
            assert region.is_active(slow, fast) == ((slow, fast) in expected)
            if (slow, fast) in expected:
                assert region.number_of(slow, fast) == expected.index((slow, fast))
                region.require_active(slow, fast)
            else:
                with pytest.raises(InputError, match=f"pixel {slow} {fast} "):
                    region.require_active(slow, fast)


@SETTINGS
@given(experiments(), st.integers(1, 8))
def test_image_is_0_outside_the_region(experiment: Experiment, threads: int) -> None:
    image = Simulator(experiment, execution=EAGER, threads=threads).image()
    inside = torch.zeros(image.shape, dtype=torch.bool)
    for pixel in active_pixels(experiment):
        inside[pixel] = True
    assert not image[~inside].any()


def rows_of(rows: int, threads: int) -> list[list[int]]:
    """A static schedule: one block of consecutive rows for each thread, the first blocks a row longer."""
    blocks: list[list[int]] = [[] for _ in range(threads)]
    longer = rows % threads
    owners = [t for t in range(threads) for _ in range(rows // threads + (t < longer))]
    for row, owner in enumerate(owners):
        blocks[owner].append(row)
    return [block for block in blocks if block]


@pytest.mark.parametrize("rows", [1, 2, 7, 80])
@pytest.mark.parametrize("threads", [1, 2, 3, 7, 8, 100])
def test_threads_own_blocks_of_consecutive_rows(rows: int, threads: int) -> None:
    experiment = Experiment(Crystal(cell_lengths_A=(9, 9, 9)), detector=Detector(pixels_slow=rows, pixels_fast=2))
    found = [list(block) for block in Region.of(experiment).thread_rows(threads)]
    assert found == rows_of(rows, threads)
    assert [row for block in found for row in block] == list(range(rows))


def test_a_mask_of_another_size_is_refused() -> None:
    sampling = Sampling(mask=np.ones((3, 4), dtype=bool))
    experiment = Experiment(Crystal(cell_lengths_A=(9, 9, 9)), detector=Detector(4, 3), sampling=sampling)
    assert Region.of(experiment).n_active == 12
    with pytest.raises(InputError, match="3 x 5"):
        Region.of(replace(experiment, detector=Detector(5, 3)))


# The replay


@dataclass
class Evaluation:
    """One phi step of one source of one subpixel."""

    cell: int | None
    """The phi step whose rotation it computes with; None: a0, b0, c0."""
    interpolates: bool


@dataclass
class Visit:
    """What a pixel found and did."""

    carried_from: Pixel | None
    evaluations: list[Evaluation] = field(default_factory=list)


class Replay:
    """The loops, with nothing but what they remember."""

    def __init__(self, simulator: Simulator, threads: int) -> None:
        prepared = simulator.prepared
        self.experiment, self.threads, self.oversample = simulator.experiment, threads, prepared.oversample
        geometry, spindle = prepared.geometry, prepared.experiment.spindle
        self.fdet, self.sdet, self.pix0 = (np.array(v) for v in (geometry.fdet, geometry.sdet, geometry.pix0_m))
        self.sources = [(np.array(s.incident), float(s.wavelength_m)) for s in prepared.sources]
        step = prepared.scan.step_rad
        self.phis = [float(spindle.phi_start_rad + step * i) for i in range(spindle.phi_steps)]
        self.edges = [np.array(v) for v in (prepared.cell.a0_m, prepared.cell.b0_m, prepared.cell.c0_m)]
        self.axis = np.array(geometry.spindle)
        self.visits: dict[Pixel, Visit] = {}
        self.interpolating = self.experiment.sampling.interpolate
        self.run()

    def run(self) -> None:
        active = active_pixels(self.experiment)
        for block in rows_of(self.experiment.detector.pixels_slow, self.threads):
            stale, left_by = None, None
            for pixel in (pixel for pixel in active if pixel[0] in block):
                visit = self.visits[pixel] = Visit(left_by)
                for scattering_per_m in self.executed_sources(pixel):
                    for i, phi in enumerate(self.phis):
                        if phi != 0:
                            stale, left_by = i, pixel
                        visit.evaluations.append(Evaluation(stale, self.interpolated(scattering_per_m, stale)))

    def executed_sources(self, pixel: Pixel) -> Iterator[Vector]:
        """Scattering vectors of subpixels and sources in loop order, but for those that -dmin skips."""
        sub = self.experiment.detector.pixel_size_m / self.oversample
        for s in range(self.oversample):
            for f in range(self.oversample):
                slow, fast = ((pixel[i] * self.oversample + x + 0.5) * sub for i, x in ((0, s), (1, f)))
                position = fast * self.fdet + slow * self.sdet + self.pix0
                for incident, wavelength_m in self.sources:
                    scattering = (position / np.linalg.norm(position) - incident) / wavelength_m
                    dmin_m, stol = self.experiment.sampling.dmin_A * 1e-10, np.linalg.norm(scattering) / 2
                    if not (dmin_m > 0 and stol > 0 and dmin_m > 1 / (2 * stol)):
                        yield scattering

    def cell(self, step: int | None) -> list[Vector]:
        """a, b, c at a phi step."""
        if step is None:
            return self.edges
        u, angle = self.axis, self.phis[step]
        return [
            u * (u @ v) * (1 - math.cos(angle)) + v * math.cos(angle) + np.cross(u, v) * math.sin(angle)
            for v in self.edges
        ]

    def interpolated(self, scattering_per_m: Vector, step: int | None) -> bool:
        """Whether the evaluation interpolates; one outside the list switches it off for good."""
        if not self.interpolating:
            return False
        factors: Any = self.experiment.structure_factors
        for v, low, count in zip(self.cell(step), factors.minima, factors.values.shape, strict=True):
            x = float(v @ scattering_per_m)
            if x - low + 3 > count or x - 2 < low:
                self.interpolating = False
        return self.interpolating


def assert_is_replayed(simulator: Simulator, threads: int) -> None:
    """Every pixel's cells, and who left the one it found, are the replay's."""
    replay = Replay(simulator, threads)
    any_rotation = any(phi != 0 for phi in replay.phis)
    pixels = list(replay.visits)
    for trace, (pixel, visit) in zip(simulator.traces(pixels), replay.visits.items(), strict=True):
        expected = visit.carried_from if any_rotation else None
        assert trace.header["carried_from"] == (expected or "none"), pixel
        assert_cells(trace, visit, replay)


def assert_cells(trace: Trace, visit: Visit, replay: Replay) -> None:
    phis = [record for record in trace.records if record.name == "PHI"]
    assert len(phis) == len(visit.evaluations)
    for record, evaluation in zip(phis, visit.evaluations, strict=True):
        found = np.array([record.values[f"{edge}p_angstroms"] for edge in "abc"])
        expected = np.array(replay.cell(evaluation.cell)) * 1e10
        np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=str(record.indices))
    tricubic = [r.indices for r in trace.records if r.name == "TRICUBIC"]
    domains = [r.indices for r in trace.records if r.name == "DOMAIN"]
    interpolated = [d for d, e in zip(domains, visit.evaluations, strict=True) if e.interpolates]
    assert tricubic == interpolated


@SETTINGS
@given(experiments(), st.integers(1, 4))
def test_every_pixel_computes_with_the_cells_of_the_replay(experiment: Experiment, threads: int) -> None:
    assert_is_replayed(Simulator(experiment, execution=EAGER, threads=threads), threads)


def test_the_replay_distinguishes_what_it_should() -> None:
    """That the test above sees stale cells, fresh ones and all three kinds of skipped pixels."""
    experiment = Experiment(
        Crystal(cell_lengths_A=(12, 13, 14)),
        Beam(),
        Detector(pixels_fast=3, pixels_slow=4, pixel_size_m=0.02),
        Sampling(oversample=1),
        Spindle(osc_rad=degrees(2.0), phi_steps=2),
        StructureFactors(default_F=10.0),
    )
    visits = Replay(Simulator(experiment, execution=EAGER), threads=2).visits
    assert [e.cell for e in visits[0, 0].evaluations] == [None, 1]
    assert [e.cell for e in visits[2, 0].evaluations] == [None, 1]
    assert [e.cell for e in visits[2, 1].evaluations] == [1, 1]
    assert (visits[0, 0].carried_from, visits[2, 1].carried_from, visits[1, 0].carried_from) == (None, (2, 0), (0, 2))
    far = replace(experiment, sampling=Sampling(oversample=1, dmin_A=4.0))
    visits = Replay(Simulator(far, execution=EAGER), threads=1).visits
    assert {len(visit.evaluations) for visit in visits.values()} == {0, 2}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_first_pixels_of_the_image_have_the_bits_of_their_traces(threads: int) -> None:
    """They are computed apart from the rest."""
    experiment = Experiment(
        Crystal(cell_lengths_A=(12, 13, 14), N_cells=(3, 3, 3)),
        detector=Detector(pixels_fast=5, pixels_slow=7, pixel_size_m=0.02),
        sampling=Sampling(oversample=1, dmin_A=2.0),
        spindle=Spindle(osc_rad=degrees(2.0), phi_steps=3),
        structure_factors=StructureFactors(default_F=10.0),
    )
    simulator = Simulator(experiment, execution=EAGER, threads=threads)
    image = simulator.image()
    pixels = active_pixels(experiment)
    for pixel, trace in zip(pixels, simulator.traces(pixels), strict=True):
        assert trace.I_pixel_final == float(image[pixel])


@st.composite
def interpolating(draw: st.DrawFn) -> Experiment:
    """With a list that some evaluations leave, sooner or later."""
    shape = draw(st.tuples(*[st.integers(5, 12)] * 3))
    minima = tuple(-(n // 2) + draw(st.integers(-1, 1)) for n in shape)
    values = np.arange(math.prod(shape), dtype=float).reshape(shape) + 1.0
    base = draw(experiments())
    return replace(
        base,
        sampling=replace(base.sampling, interpolate=True),
        structure_factors=StructureFactors(3.0, values, minima),
    )


@SETTINGS
@given(interpolating(), st.integers(1, 3))
def test_interpolation_is_off_from_the_replays_evaluation_on(experiment: Experiment, threads: int) -> None:
    assert_is_replayed(Simulator(experiment, execution=EAGER, threads=threads), threads)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(interpolating(), st.randoms(use_true_random=False))
def test_the_order_in_which_pixels_are_asked_for_does_not_matter(experiment: Experiment, random: Any) -> None:
    """The latch is found by scanning: as far as needed, and no matter from where."""
    pixels = active_pixels(experiment)
    shuffled = random.sample(pixels, len(pixels))
    expected = {p: list(Simulator(experiment, execution=EAGER).trace(*p).lines()) for p in pixels}
    simulator = Simulator(experiment, execution=EAGER)
    for pixel in shuffled:
        assert list(simulator.trace(*pixel).lines()) == expected[pixel]
    image = simulator.image()
    for pixel in pixels:
        assert simulator.trace(*pixel).I_pixel_final == float(image[pixel])


@st.composite
def with_larger_lists(draw: st.DrawFn) -> Experiment:
    """Lists of about the size that the detector sees, layers and subpixels, detectors beside and behind the sample."""
    base = draw(interpolating())
    half = draw(st.integers(3, 40))
    values = np.ones((2 * half + 1,) * 3)
    detector = replace(base.detector, twotheta_rad=draw(st.sampled_from([0.0, 0.4, 1.2, 2.5])))
    if draw(st.booleans()):
        detector = replace(detector, thickness=Steps(3, 0.02, 0.01), attenuation_per_m=100.0)
    return replace(
        base,
        detector=detector,
        sampling=replace(base.sampling, oversample=draw(st.integers(1, 3))),
        structure_factors=StructureFactors(3.0, values, (-half,) * 3),
    )


SHOWN: list[bool] = []


@SETTINGS
@given(with_larger_lists())
def test_where_geometry_shows_that_none_escapes_none_does(experiment: Experiment) -> None:
    simulator = Simulator(experiment, execution=EAGER)
    shown = simulator._probe.cannot_escape()
    SHOWN.append(shown)
    if shown:
        every = simulator.region.flat_indices(0, simulator.region.n_active, CPU)
        assert torch.isinf(simulator._probe.first_escape(every)).all()


def test_geometry_does_show_it_for_some() -> None:
    """The test above said something: it met both answers."""
    assert len(SHOWN) >= 30
    assert 0.1 < sum(SHOWN) / len(SHOWN) < 0.9


def test_the_bound_is_close_to_the_detectors_corner() -> None:
    """A corner 55 degrees from the beam: a cube of 100 A reaches |S| a = 92 indices there."""
    detector = Detector(3, 3, pixel_size_m=0.1, distance_m=0.2)
    for reach, enough in ((91, False), (97, True)):
        experiment = Experiment(
            Crystal(cell_lengths_A=(100, 100, 100), N_cells=(2, 2, 2)),
            Beam(wavelength_A=1.0),
            detector=detector,
            sampling=Sampling(oversample=1, interpolate=True),
            structure_factors=StructureFactors(1.0, np.ones((2 * reach + 1,) * 3), (-reach,) * 3),
        )
        assert Simulator(experiment, execution=EAGER)._probe.cannot_escape() is enough
