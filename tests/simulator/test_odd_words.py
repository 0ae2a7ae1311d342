"""Words that are odd, and what cannot be a command line: named, and refused where nobody can have meant it."""

from __future__ import annotations

import math
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
from simulator.flag_values import leading_integer, leading_number
from simulator.remarks import IgnoredInput, Remarks
from tests.simulator.lines import BASE, based, read


def refusal(line: str, folder: Path | str = ".") -> InputError:
    with pytest.raises(InputError) as caught:
        read(line, folder)
    assert "\n" not in str(caught.value)
    return caught.value


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
