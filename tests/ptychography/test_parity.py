"""The C program and the port: images, noise, canvases and traces of every case."""

from pathlib import Path

import numpy as np
import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, DifferenceClass, Verdict
from compare.words import vocabulary
from subjects.ptychography import commandline, mutations, port
from subjects.ptychography.cases import CASES, Case, case_named

PACKAGE = Path(port.__file__).parent
KINDS = {"forward": "vocabulary.toml", "stitch": "stitched/vocabulary.toml"}


def compared(ptycho_c, folder: Path, words: list[str], *, mutation: str | None = None) -> Comparison:
    """One trace by both programs, compared with the vocabulary of its kind."""
    kind = "stitch" if "-trace_canvas" in words else "forward"
    a, b = folder / "c.log", folder / "py.log"
    finished = ptycho_c(*words)
    assert finished.returncode == 0, finished.stderr
    a.write_text(finished.stdout)
    switched = [*words, "--mutation", mutation] if mutation else words
    b.write_text("".join(f"{line}\n" for line in port.text_of(port.run(commandline.parse(switched)).traces)))
    return compare_traces(a, b, vocabulary=vocabulary.load(PACKAGE / KINDS[kind]))


def trace_words(case: Case) -> list[list[str]]:
    return [["-trace", *map(str, pixel)] for pixel in case.pixels] + [["-trace_canvas", *map(str, case.canvas)]]


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_images_noise_and_canvas_have_the_same_bits(case, mode, ptycho_c, tmp_path):
    words = ["-scan", str(case.write(tmp_path)), *case.argv, "-mode", mode, "-outside", "zero"]
    outputs = [word for name in ("image", "noise", "stitch") for word in (f"-{name}", str(tmp_path / f"{name}.npy"))]
    finished = ptycho_c(*words, *outputs)
    assert finished.returncode == 0, finished.stderr
    results = port.run(commandline.parse([*words, *outputs]))
    for name, mine in (("image", results.image), ("noise", results.noise), ("stitch", results.canvas)):
        np.testing.assert_array_equal(mine, np.load(tmp_path / f"{name}.npy"), err_msg=name)


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_traced_value_is_identical(case, mode, ptycho_c, tmp_path):
    words = ["-scan", str(case.write(tmp_path)), *case.argv, "-mode", mode, "-outside", "zero"]
    for pixel in trace_words(case):
        comparison = compared(ptycho_c, tmp_path, [*words, *pixel])
        assert comparison.verdict is Verdict.PARITY
        assert comparison.counts[DifferenceClass.IDENTICAL] == comparison.coverage.paired > 100
        assert comparison.coverage.fraction == 1.0


def test_a_defect_alone_is_the_same_in_both_programs(ptycho_c, tmp_path):
    case = case_named("group_of_four")
    words = ["-scan", str(case.write(tmp_path)), *case.argv, "-outside", "zero"]
    canvases = {}
    for defect in ("none", "stitch-epsilon", "central-count", "crop-stitch", "mean-centred-canvas", "truth-mirrored"):
        argv = [*words, "-weights", "probe", "-defects", defect, "-stitch", str(tmp_path / "s.npy")]
        assert ptycho_c(*argv).returncode == 0
        mine = port.run(commandline.parse(argv)).canvas
        assert mine is not None
        np.testing.assert_array_equal(mine, np.load(tmp_path / "s.npy"), err_msg=defect)
        canvases[defect] = mine.tobytes()
    assert len(set(canvases.values())) == len(canvases)  # each switch does something, and something else


FAULTS = {  # mutation: (case, which of its traces, the steps that may be named)
    "fft-unnormalised": ("sub_pixel", 0, {"MODE.mode_intensity"}),
    "fft-halved": ("sub_pixel", 0, {"MODE.mode_intensity"}),
    "norm-missing": ("sub_pixel", 0, {"MODE.mode_intensity"}),
    "shift-forward": ("odd_side", 1, {".freq_slow"}),
    "no-shift": ("odd_side", 0, {".freq_slow"}),
    "centre-half": ("sub_pixel", 0, {"PLACE.left_px"}),
    "centre-one": ("sub_pixel", 0, {"PLACE.left_px"}),
    "nearest-position": ("sub_pixel", 0, {"PLACE.col0", "PLACE.row0", "PLACE.frac_x"}),
    "swapped-xy": ("sub_pixel", 0, {"PLACE.x_px"}),
    "mirrored-scan": ("sub_pixel", 0, {"PLACE.x_px"}),
    "recycled-offsets": ("sub_pixel", 0, {"PLACE.x_px"}),
    "mirrored-offsets": ("group_of_four", 2, {"PLACE.left_px"}),
    "group-mean": ("group_of_four", 2, {"PLACE.left_px"}),
    "edge-clip": ("integer", 0, {"PATCH.patch_re"}),
    "margin-drop": ("integer", 2, {"TOUCH.touch"}),
    "odd-padding": ("sub_pixel", 2, {"TOUCH.value_re"}),
    "coherent-modes": ("two_modes", 0, {".intensity"}),
    "batch-as-modes": ("sub_pixel", 0, {".intensity"}),
    "probe-scale-twice": ("sub_pixel", 0, {"PROBE.probe_re"}),
    "polar-as-rectangular": ("sub_pixel", 0, {"PATCH.patch_re"}),
    "intensity-squared-loss": ("sub_pixel", 0, {".deviance"}),
    "count-overflow": ("group_of_four", 1, {".measured_count"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_first(name, ptycho_c, tmp_path):
    case_name, number, steps = FAULTS[name]
    case = case_named(case_name)
    words = ["-scan", str(case.write(tmp_path)), *case.argv, "-mode", "spec", "-outside", "zero"]
    comparison = compared(ptycho_c, tmp_path, [*words, *trace_words(case)[number]], mutation=name)
    named = comparison.first_origin
    assert named is not None
    assert f"{named.key.record}.{named.key.name}" in steps


def test_every_fault_of_a_step_is_planted_and_tested():
    assert set(FAULTS) == set(mutations.REPLACED)
    assert set(mutations.NAMES) - set(FAULTS) == set(mutations.OUTSIDE_THE_STEPS)
