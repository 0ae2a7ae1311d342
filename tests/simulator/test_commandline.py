"""Command lines as the reference reads them: figures of the reference, side effects of flags, and every refusal."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from simulator.commandline.flag_readers import Following
from simulator.commandline.flags import BY_NAME, FLAGS, NAMES, nearest_flag
from simulator.commandline.reading import read_experiment
from simulator.commandline.settings import Settings
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import DEFAULT_FLUENCE, RADIANS_TO_DEGREES, Experiment, Steps
from simulator.flag_values import leading_integer, leading_number
from simulator.remarks import IgnoredInput, Remarks

FIGURES = json.loads((Path(__file__).parent / "figures" / "command_lines.json").read_text())
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT.parent / "shared" / "golden"
BASE = "-cell 40 50 60 -default_F 5"


def read(line: str, folder: Path | str = ".", defects: Defects | None = None) -> Experiment:
    return read_experiment(line.split(), Path(folder), defects)


def based(line: str, folder: Path | str = ".", defects: Defects | None = None) -> Experiment:
    return read(f"{BASE} {line}", folder, defects)


def refusal(line: str, folder: Path | str = ".") -> InputError:
    with pytest.raises(InputError) as caught:
        read(line, folder)
    assert "\n" not in str(caught.value)
    return caught.value


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


# Refusals


@pytest.mark.parametrize("flag", [name for name in BY_NAME if BY_NAME[name][0].needs])
def test_a_flag_without_its_values_is_named_and_in_strict_refused(flag: str) -> None:
    error = refusal(f"{BASE} --strict {flag}")
    assert error.exit_code == 2
    assert str(error).startswith(flag)
    if flag not in ("-img", "-mask", "-defects"):  # whose values are looked for before all else
        assert str(refusal(f"--strict {flag} -nopgm -nonoise -interpolate -noprogress")).startswith(flag)
    if not BY_NAME[flag][0].own and flag not in ("-hkl", "-img", "-mask"):
        with pytest.warns(IgnoredInput, match=f"^{flag} needs"):
            read(f"{BASE} {flag}")


@pytest.mark.parametrize("flag", ["-detector_abs", "-detector_thick", "-detector_thicksteps", "-thicksteps"])
def test_flags_that_read_past_the_line_are_refused_as_the_last_word(flag: str) -> None:
    assert "past the command line" in str(refusal(f"{BASE} {flag}"))


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("-lamda", "-lambda"),
        ("-Lambda", "-lambda"),
        ("-xbeam", "-Xbeam"),
        ("-hdiv", "-hdivrange"),
        ("-dispstep", "-dispsteps"),
        ("-cel", "-cell"),
    ],
)
def test_an_unknown_flag_suggests_the_nearest(word: str, nearest: str) -> None:
    assert nearest_flag(word) == nearest
    error = refusal(f"{BASE} --strict {word} 3")
    assert (error.exit_code, word in str(error), nearest in str(error)) == (2, True, True)
    with pytest.warns(IgnoredInput) as said:
        assert based(f"{word} 3").detector == based("").detector
    assert [str(remark.message).partition(" (")[0] for remark in said] == [
        f"unknown flag {word}",
        "'3' is neither a flag nor a flag's value",
    ]


STRICT = [
    ("-N 5 6", "'6' is neither a flag nor a flag's value"),
    ("-cell 40 50 -60", "'-60' is neither"),
    ("-nopgm no", "'no' is neither"),
    ("-N 5.5", "-N needs an integer, not '5.5'"),
    ("-N five", "-N needs an integer, not 'five'; it is read as 0"),
    ("-N 99999999999", "it is read as 1215752191"),
    ("-distance nan", "-distance needs a finite number, not 'nan'"),
    ("-distance 1e400", "-distance needs a finite number"),
    ("-distance 0", "the detector distance must not be 0"),
    ("-distance 1_000", "it is read as 1"),
    ("-distance 70mm", "it is read as 70"),
    ("-lambda 0", "the wavelength must be positive"),
    ("-energy -5", "the wavelength must be positive"),
    ("-detector_abs -3", "not negative"),
    ("-pixel -1 -detpixels 5", "the pixel size must be positive"),
    ("-cell 0 1 1", "no unit cell"),
    ("-cell 10 10 10 90 90 200", "no unit cell"),
    ("-cell 10 10 10 30 30 90", "no unit cell"),
    ("-cell 10 10 10 150 150 150", "no unit cell"),
    ("-pivot corner", "'sample' or 'beam'"),
    ("-misset randomly", "'random' or three angles"),
    ("-beam_vector 0 0 0", "the beam vector is zero"),
    ("-roi 2000 3000 0 5", "holds no pixel"),
    ("-roi 1 2 3", "-roi needs 4 words"),
    ("-osc 0 -phistep 0.1", "the phi scan has 0 steps"),
    ("-flux 1 -beamsize 0", "beam size above 0"),
    ("-dispersion 200", "-dispersion 200 %"),
    ("-hdivsteps 1 -hdivstep 6 -hdivrange 6 -vdivsteps 1 -vdivstep 6 -vdivrange 6", "leave no source"),
]


@pytest.mark.parametrize(("line", "said"), STRICT)
def test_what_nobody_can_have_meant_is_said_and_in_strict_refused(line: str, said: str) -> None:
    error = refusal(f"{BASE} --strict {line}")
    assert error.exit_code == 2
    assert said in str(error)
    with pytest.warns(IgnoredInput) as remarks:
        based(line)
    assert said in str(remarks[0].message)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-pixel 0", "pixels along its fast axis"),
        ("-detpixels -5", "-5 pixels along its fast axis"),
        ("-detsize 1e-5", "pixels along its fast axis"),
        ("-detpixels 2000000000", "too large"),
        ("-trace_pixel 5 1024", "outside the detector"),
        ("-roi 10 20 10 20 -trace_pixel 5 15", "outside the region of interest"),
        ("-trace_pixel -1 5", "-trace_pixel needs an integer from 0"),
        ("-trace_pixel -N 5", "not the flag -N"),
        ("-threads 0", "-threads needs an integer from 1"),
        ("-defects nonsense", "-defects has no 'nonsense'"),
        ("-osc 5 -phistep 1e-300", "are too many"),
        ("-oversample 20000", "too fine"),
        ("-hdivsteps 100000 -vdivsteps 1000", "sources"),
    ],
)
@pytest.mark.filterwarnings("ignore::simulator.remarks.IgnoredInput")
def test_an_unusable_command_line_is_refused(line: str, said: str) -> None:
    error = refusal(f"{BASE} {line}")
    assert error.exit_code == 2
    assert said in str(error)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-default_F 5", "-cell"),
        ("-cell 40 50 60", "-default_F"),
        ("-cell 40 50 60 -default_F 0", "-hkl"),
        ("-cell 40 50 60 -hkl nowhere.hkl", "nowhere.hkl"),
        ("-cell 40 50 60 -default_F 5 -hkl nowhere.hkl", "nowhere.hkl"),
        ("", "-cell"),
    ],
)
def test_nothing_to_diffract_answers_9(line: str, said: str, tmp_path: Path) -> None:
    error = refusal(line, tmp_path)
    assert error.exit_code == 9
    assert said in str(error)
    assert not list(tmp_path.iterdir())


# Fragments


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("-wavelength 1.1 -distance_mm 90", "-wave 1.1 -distance 90"),
        ("-osc_range 2 -phisteps_ 4", "-osc 2 -phisteps 4"),
        ("-xtal_x 0.01 -sample_size 0.02", "-sample_x 0.01 -samplesize 0.02"),
        ("-detector_absorb 100 -thicksteps_ 3", "-detector_abs 100 -thicksteps 3"),
        ("-mosaic 1 -mosaic_domain 4", "-mosaic 1 -mosaic_domains 4"),
        ("-adcoffset 7", "-adc 7"),
        ("-twotheta_axis 3 1 0", "-twotheta 3 -twotheta_axis 0 1 0 -twotheta_axis 3 1 0"),
        ("-Name 7", "-Na 7"),
        ("-detpixels 0", ""),
        ("-cell 40 0 50", "-cell 40 40 50"),
        ("-cell 1 2 3 -cell 45", "-cell 45 2 3"),
        ("-nopgm -pgmscale 2", "-pgmscale 2"),
        ("-oversample_thickly -oversample 2", "-oversample_thick -oversample 2"),
    ],
)
def test_a_flag_is_known_by_its_fragment(line: str, same: str) -> None:
    line, same = (f"{text} -seed 3" for text in (line, same))
    assert based(line) == based(same)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-lambda=2 -distance 80", "-lambda=2 takes the flag -distance as its value"),
        ("-distance 70 mm", "'mm' is neither"),
        ("-detsize_x 3", "did you mean -detsize_f?"),
        ("-N 0x10", "it is read as 0"),
        ("-twotheta_axis 3 1", "-twotheta_axis needs 3 words"),
    ],
)
def test_odd_words_are_said(line: str, said: str) -> None:
    with pytest.warns(IgnoredInput) as remarks:
        based(line)
    assert any(said in str(remark.message) for remark in remarks)


def test_the_last_word_is_overlooked_with_its_defect_alone() -> None:
    with pytest.warns(IgnoredInput, match="-curved_det is the last word"):
        assert not based("-N 5 -curved_det").detector.curved
    assert based("-curved_det -N 5").detector.curved


def test_whole_words_count_without_the_defect() -> None:
    assert "unknown flag -wavelength" in str(refusal(f"{BASE} -defects none -wavelength 2"))
    assert based("-defects none -sample_height 0.05").crystal.size_m[2] == 0.05e-3
    assert based("-defects upstream-fixes -curved_det").detector.curved
    assert based("-defects none -curved_det").detector.curved
    assert based("-defects upstream-fixes -wavelength 2").beam.wavelength_A == 2


@pytest.mark.parametrize(
    ("word", "number", "whole"),
    [
        ("70 mm", 70.0, False),
        ("1.1D+00", 1.1, False),
        ("0x64", 100.0, True),
        ("0x", 0.0, False),
        ("-0X1.8p1", -3.0, True),
        (" \t+5e1", 50.0, True),
        (".5.", 0.5, False),
        ("1e", 1.0, False),
        ("Infinity", math.inf, True),
        ("-INF!", -math.inf, False),
        ("1e999", math.inf, True),
        ("", 0.0, False),
        ("mm", 0.0, False),
        ("--5", 0.0, False),
    ],
)
def test_numbers_are_read_as_atof_reads_them(word: str, number: float, whole: bool) -> None:
    assert leading_number(word) == (number, whole)
    assert math.isnan(leading_number("NaN(3)x").value)


@pytest.mark.parametrize(
    ("word", "number", "whole"),
    [
        ("12abc", 12, False),
        (" -7", -7, True),
        ("0x64", 0, False),
        ("4294967297", 1, False),
        ("99999999999999999999", -1, False),
        ("-99999999999999999999", 0, False),
        ("9" * 5000, -1, False),
        ("+", 0, False),
    ],
)
def test_integers_are_read_as_atoi_reads_them(word: str, number: int, whole: bool) -> None:
    assert leading_integer(word) == (number, whole)


# The table


def test_every_flag_fills_settings_that_exist() -> None:
    fields = set(Settings.__dataclass_fields__) | {"trace_pixel", "cell_start"}
    for flag in FLAGS:
        words = ["all"] if flag.names == ("-defects",) else ["1"] * 6
        reading = flag.read(Following(flag.names[0], words, True, Remarks(), Defects()))
        assert reading is None or set(reading[0]) <= fields, flag.names


def test_random_words_are_read_or_refused_but_never_crash() -> None:
    random = np.random.default_rng(1)
    values = [
        "1",
        "0",
        "-1",
        "1e-300",
        "1e300",
        "nan",
        "inf",
        "5.5",
        "random",
        "no.file",
        "",
        "-",
        "90",
        "\0",
        "é",
        "mm",
    ]
    names = [*NAMES, "-hdiv", "-wavelength", "-curved", "-Nfoo", "-4"]
    exit_codes = []
    for _ in range(1500):
        argv = BASE.split() if random.random() < 0.8 else []
        for name in random.choice(names, size=random.integers(1, 4)):
            count = BY_NAME[name][0].needs if name in BY_NAME else int(random.integers(0, 4))
            argv += [name, *random.choice(values, size=max(0, count - (random.random() < 0.1)))]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", IgnoredInput)
                read_experiment(argv)
        except InputError as error:
            exit_codes.append(error.exit_code)
        else:
            exit_codes.append(0)
    assert set(exit_codes) == {0, 2, 9}
    assert exit_codes.count(0) > 300
