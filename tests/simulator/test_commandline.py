"""Command lines as the reference reads them: figures of the reference, side effects of flags, and every refusal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.commandline.reading import read_experiment
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import DEFAULT_FLUENCE, RADIANS_TO_DEGREES, Experiment, Steps
from tests.simulator.lines import BASE, based, read

FIGURES = json.loads((Path(__file__).parent / "figures" / "command_lines.json").read_text())
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT.parent / "shared" / "golden"


def header_figures(experiment: Experiment) -> dict[str, str]:
    """What the reference's trace header says that no physics is needed for."""
    return {
        "detector_convention": experiment.detector.convention,
        "n_mosaic_domains": str(experiment.crystal.mosaic_domains),
        "n_phi_steps": str(experiment.spindle.phi_steps),
        "n_thick_steps": str(experiment.detector.thickness.count),
        "fluence_photons_per_m2": f"{experiment.beam.fluence_photons_per_m2:.17g}",
        "interpolate": str(int(experiment.sampling.interpolate)),
    }


def assert_figures(experiment: Experiment, figures: dict[str, str], shape: list[int]) -> None:
    found = header_figures(experiment)
    assert found == {name: figures[name] for name in found}
    assert [experiment.detector.pixels_slow, experiment.detector.pixels_fast] == shape
    if not any(experiment.crystal.size_m):
        assert " ".join(map(str, experiment.crystal.N_cells)) == figures["N_cells"]
    if experiment.sampling.oversample:
        assert str(experiment.sampling.oversample) == figures["oversample"]
    beam = experiment.beam
    if beam.sources is None and not (beam.round_divergence and beam.hdiv.count > 1 and beam.vdiv.count > 1):
        assert beam.hdiv.count * beam.vdiv.count * beam.dispersion.count == int(figures["n_sources"])


# The reference's own figures


@pytest.mark.parametrize("name", FIGURES)
def test_counts_are_the_references(name: str, tmp_path: Path) -> None:
    assert_figures(read(FIGURES[name]["argv"], tmp_path), FIGURES[name], FIGURES[name]["shape"])


def test_every_golden_command_line_reads_as_the_reference_read_it(tmp_path: Path) -> None:
    if not GOLDEN.is_dir():
        pytest.skip("../shared/golden is absent: the golden command lines with input files are not checked")
    index = json.loads((GOLDEN / "public" / "index.json").read_text())
    for name, case in index.items():
        if case["exit"] != 0:
            with pytest.raises(InputError) as caught:
                read_experiment(case["argv"], GOLDEN / "inputs")
            assert caught.value.exit_code == case["exit"], name
        elif "setup" not in case:
            trace = (GOLDEN / "public" / case["traces"][0]["file"]).read_text()
            figures = dict(re.findall(r"^TRACE_C: (\S+) (.*)$", trace, re.MULTILINE))
            assert_figures(read_experiment(case["argv"], GOLDEN / "inputs"), figures, case["shape"])


def test_needs_no_torch() -> None:
    code = "import sys, simulator.commandline.reading, simulator.files.outputs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# Units and defaults


def test_defaults() -> None:
    experiment = read(BASE)
    assert experiment.beam.fluence_photons_per_m2 == DEFAULT_FLUENCE
    assert (experiment.detector.pixels_slow, experiment.detector.pixels_fast) == (1024, 1024)
    assert experiment.detector.size_fast_m == 0.1024
    assert experiment.detector.distance_m == 0.1
    assert experiment.crystal.N_cells == (1, 1, 1)
    assert experiment.crystal.mosaic_seed == -12345678
    assert experiment.spindle.phi_steps == 1
    assert experiment.defects is None
    assert experiment.output.noise_seed < -1_000_000_000, "the seed comes from the clock"


@pytest.mark.parametrize(
    ("line", "part", "field", "value"),
    [
        ("-distance 231.274660", "detector", "distance_m", 231.274660 / 1000),
        ("-Xbeam 217.742295", "detector", "Xbeam_m", 217.742295 / 1000),
        ("-twotheta 17", "detector", "twotheta_rad", 17 / RADIANS_TO_DEGREES),
        ("-xds -ORGX 45.2 -pixel 0.2", "detector", "Fclose_m", (45.2 - 0.5) * (0.2 / 1000)),
        ("-detector_abs 300", "detector", "attenuation_per_m", 1 / (300 * 1e-6)),
        ("-detector_thick 450", "detector", "attenuation_per_m", 1 / (450 * 1e-6)),
        ("-detector_abs 0 -detector_thick 450", "detector", "attenuation_per_m", 0.0),
        ("-detector_thick 450 -detector_abs inf", "detector", "thickness", Steps(1, 0.0, 0.0)),
        ("-energy 9500", "beam", "wavelength_A", 12398.42 / 9500),
        ("-wave 0.9 -lambda 1.1", "beam", "wavelength_A", 1.1),
        ("-polar 0.9", "beam", "polarization_factor", 0.9),
        ("-nopolar", "beam", "polarized", False),
        ("-nopolar -polar 0.5", "beam", "polarized", True),
        ("-water 0.2", "sampling", "water_m", 0.2 / 1e6),
        ("-roi 20 50 10 30", "sampling", "roi", (20, 50, 10, 30)),
        ("-roi 0 1024 0 5000", "sampling", "roi", (0, 1023, 0, 1023)),
        ("-roi 5 -1 -1 7", "sampling", "roi", (5, 1023, 0, 7)),
        ("-mosaici_spread 1", "crystal", "mosaic_spread_rad", 1 / RADIANS_TO_DEGREES),
        ("-mosaic_domains 5", "crystal", "mosaic_domains", 1),
        ("-mosaic 1", "crystal", "mosaic_domains", 10),
        ("-mosaic 0 -mosaic_domains 5", "crystal", "mosaic_domains", 1),
        ("-mosaic_seed 42", "crystal", "mosaic_seed", -42),
        ("-misset 1 -2 3", "crystal", "misset_rad", tuple(x / RADIANS_TO_DEGREES for x in (1, -2, 3))),
        ("-misset_seed 7 -misset random", "crystal", "random_misset_seed", -7),
        ("-binary_spots", "crystal", "shape", "tophat"),
        ("-N 5 -Nb 0", "crystal", "N_cells", (5, 1, 5)),
        ("-xtalsize 0.5 -width 0.05 -beamsize 0.2", "crystal", "size_m", (0.5e-3, 0.05e-3, 0.2e-3)),
        ("-xtalsize 0.5 -beamsize -1", "crystal", "size_m", (0.5e-3, 0.5e-3, 0.5e-3)),
        ("-nonoise -noiseimage n.img", "output", "noise_file", "n.img"),
        ("-noisefile n.img -nonoise", "output", "noise_file", None),
        ("-seed 13", "output", "noise_seed", -13),
        ("-trace_pixel 3 4 -trace_pixel 5 6", "output", "trace_pixels", ((3, 4), (5, 6))),
        ("-threads 2 -case tiny -trace_only -trace_file t.log", "output", "case", "tiny"),
    ],
)
def test_a_flag_sets_its_value(line: str, part: str, field: str, value: object) -> None:
    assert getattr(getattr(based(line), part), field) == value


def test_cell_reading_stops_at_the_next_flag() -> None:
    crystal = read("-cell 40 50 -default_F 1").crystal
    assert crystal.cell_lengths_A == (40, 50, 40)
    assert crystal.cell_angles_rad == (90 / RADIANS_TO_DEGREES,) * 3


def test_a_pixel_count_outweighs_a_size() -> None:
    detector = based("-detpixels_x 96 -detsize 50 -pixel 1").detector
    assert (detector.pixels_fast, detector.size_fast_m) == (96, None)
    assert (detector.pixels_slow, detector.size_slow_m) == (50, 0.05)


def test_flux_settles_the_fluence_wherever_it_stands() -> None:
    beam = based("-flux 1e12 -exposure 0.1 -fluence 3 -beamsize 0.05").beam
    assert beam.fluence_photons_per_m2 == 4e19
    assert based("-flux 1e12 -exposure 0 -fluence 3").beam.fluence_photons_per_m2 == 3


# Conventions and pivots


@pytest.mark.parametrize(
    ("line", "convention", "pivot"),
    [
        ("", "MOSFLM", "BEAM"),
        ("-xds", "XDS", "SAMPLE"),
        ("-xds -Xbeam 3", "XDS", "BEAM"),
        ("-dials -pivot sample", "DIALS", "SAMPLE"),
        ("-beam_vector 1 0 0 -Xclose 4", "CUSTOM", "SAMPLE"),
        ("-beam_vector 1 0 0 -Xclose 4 -distance 100", "CUSTOM", "BEAM"),
        ("-pix0_vector_mm 1 2 3 -twotheta 0", "CUSTOM", "SAMPLE"),
        ("-fdet_vector 0 0 1 -denzo", "DENZO", "BEAM"),
        ("-twotheta_axis 0 1 0", "CUSTOM", "SAMPLE"),
        ("-twotheta_axis 0 1 0 -pivot beam", "CUSTOM", "BEAM"),
    ],
)
def test_convention_and_pivot_follow_the_flags(line: str, convention: str, pivot: str) -> None:
    detector = based(line).detector
    assert (detector.convention, detector.pivot) == (convention, pivot)


def test_vectors_count_in_the_custom_convention_only() -> None:
    assert based("-spindle_axis -1 0 0").spindle.axis == (-1, 0, 0)
    assert based("-spindle_axis -1 0 0 -mosflm").spindle.axis is None


# Step counts


@pytest.mark.parametrize(
    ("line", "count", "osc_deg", "step_deg"),
    [
        ("", 1, 0, 0),
        ("-phistep 0.5", 2, 0.5, 0.5),
        ("-phistep -0.5", 1, 0, 0),
        ("-osc 4", 2, 4, 2),
        ("-osc 0", 2, 0, 0),
        ("-osc 2 -phistep 0.3", 7, 2, 0.3),
        ("-phisteps 4", 4, 1, 0.25),
        ("-phisteps 0", 1, 1, 1),
        ("-phisteps 5 -phistep 0.3", 2, 0.3, 0.3),
        ("-phisteps 4 -osc 3", 4, 3, 0.75),
        ("-phisteps 4 -osc 3 -phistep 0.1", 4, 3, 0.1),
        ("-phisteps 4 -osc 3 -phistep 0", 4, 3, 0),
    ],
)
def test_phi_steps(line: str, count: int, osc_deg: float, step_deg: float) -> None:
    spindle = based(line).spindle
    assert spindle.phi_steps == count
    assert spindle.osc_rad * RADIANS_TO_DEGREES == pytest.approx(osc_deg, rel=1e-15)
    assert spindle.phi_step_rad * RADIANS_TO_DEGREES == pytest.approx(step_deg, rel=1e-15)


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("", Steps(1, 0, 0)),
        ("-hdivrange 6", Steps(2, 0.006, 0.006)),
        ("-hdivrange 6 -hdivstep 4", Steps(2, 0.006, 0.004)),
        ("-hdivstep 4", Steps(2, 0.004, 0.004)),
        ("-hdivsteps 5", Steps(5, 1.0, 0.2)),
        ("-hdivsteps 5 -hdivstep 2", Steps(2, 0.002, 0.002)),
        ("-hdivsteps 5 -hdivrange 6", Steps(5, 0.006, 0.006 / 4)),
        ("-hdivsteps 1 -hdivrange 6", Steps(2, 0.006, 0.006)),
        ("-hdivsteps 3 -hdivrange 6 -hdivstep 1", Steps(3, 0.006, 0.001)),
        ("-hdivsteps 3 -hdivrange 0", Steps(1, 0, 0)),
        ("-divsteps 3 -divergence 6", Steps(3, 0.006, 0.003)),
    ],
)
def test_divergence_steps(line: str, steps: Steps) -> None:
    assert based(line).beam.hdiv == steps


@pytest.mark.parametrize(
    ("line", "dispersion", "thickness"),
    [
        ("-dispsteps 5", Steps(1, 0, 0), Steps(1, 0, 0)),
        ("-dispersion 3 -dispsteps 5", Steps(5, 0.03, 0.03 / 4), Steps(1, 0, 0)),
        ("-dispersion 3", Steps(2, 0.03, 0.03), Steps(1, 0, 0)),
        ("-detector_thick 450", Steps(1, 0, 0), Steps(2, 450 * 1e-6, 450 * 1e-6 / 2)),
        ("-detector_thick 450 -thicksteps 4", Steps(1, 0, 0), Steps(4, 450 * 1e-6, 450 * 1e-6 / 3)),
        ("-detector_thicksteps 4", Steps(1, 0, 0), Steps(1, 0, 0)),
    ],
)
def test_dispersion_and_thickness_steps(line: str, dispersion: Steps, thickness: Steps) -> None:
    experiment = based(line)
    assert experiment.beam.dispersion == dispersion
    assert experiment.detector.thickness == thickness


# Defects of reading


def test_substring_defect_makes_the_axis_swing_the_detector() -> None:
    axis = "-twotheta_axis 3 0 0"
    assert based(axis).detector.twotheta_rad == 3 / RADIANS_TO_DEGREES
    assert based(f"{axis} -twotheta 12").detector.twotheta_rad == 12 / RADIANS_TO_DEGREES
    assert based(f"-twotheta 12 {axis}").detector.twotheta_rad == 3 / RADIANS_TO_DEGREES
    corrected = based(f"-twotheta 12 -pivot beam {axis} -defects none").detector
    assert (corrected.twotheta_rad, corrected.pivot) == (12 / RADIANS_TO_DEGREES, "BEAM")


def test_substring_defect_makes_the_misset_seed_a_misset() -> None:
    line = "-misset random -misset_seed 7 -N 5"
    crystal = based(line).crystal
    assert crystal.misset_rad == (7 / RADIANS_TO_DEGREES, 0.0, 5 / RADIANS_TO_DEGREES)
    assert crystal.random_misset_seed is None
    assert based("-misset random -misset_seed 7").crystal.random_misset_seed == -7
    assert based(line, defects=Defects(frozenset())).crystal.random_misset_seed == -7
    assert based(f"{line} -defects none").crystal.random_misset_seed == -7


def test_the_command_lines_defects_outweigh_the_callers() -> None:
    experiment = based("-twotheta_axis 3 0 0 -defects flag-substrings", defects=Defects(frozenset()))
    assert experiment.detector.twotheta_rad > 0
    assert experiment.defects == Defects(frozenset({"flag-substrings"}))


# Interpolation


@pytest.mark.parametrize(
    ("line", "interpolate"),
    [
        ("-N 3", False),
        ("-N 2", True),
        ("-N 5 -Nc 2", True),
        ("-N 5 -interpolate", True),
        ("-N 2 -nointerpolate", False),
        ("-N 2 -xtalsize 1", True),
    ],
)
def test_interpolation_goes_by_the_counts_given(line: str, interpolate: bool, tmp_path: Path) -> None:
    (tmp_path / "one.hkl").write_text("0 0 0 5\n1 0 0 6\n")
    assert based(f"-hkl one.hkl {line}", tmp_path).sampling.interpolate is interpolate
    assert not based(f"{line}", tmp_path).sampling.interpolate, "without a list there is none"
