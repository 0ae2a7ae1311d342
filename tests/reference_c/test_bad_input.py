"""What is wrong is refused with one line that says so, the right exit status, and no file left behind."""

from __future__ import annotations

import signal
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOOD = "-lambda 1 -distance 100 -detpixels_x 12 -detpixels_y 10 -pixel 8 -oversample 1 -cell 40 -default_F 10 -N 5"
HEADER = (
    "{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nSIZE1=12;\nSIZE2=10;\nPIXEL_SIZE=8;\nTYPE=unsigned_short;\n}\f"
)


def smv(header: str = HEADER, pixels: int = 120) -> bytes:
    return header.encode().ljust(512) + b"\1\0" * pixels


def dump(ranges: str = "0 1 0 0 0 2\n\f", doubles: int = 3 * 2 * 4) -> bytes:
    return ranges.encode() + struct.pack(f"<{doubles}d", *[5.0] * doubles)


REMARKS = [
    ("-lamda 1", "unknown flag -lamda (the reference ignores it); did you mean -lambda?"),
    ("-orange", "unknown flag -orange"),
    ("-hdiv 0", "unknown flag -hdiv (the reference ignores it); did you mean -hdivrange?"),
    ("stray", "'stray' is neither a flag nor a flag's value"),
    ("-nopgm -5", "'-5' is neither a flag nor a flag's value"),
    ("-distance", "-distance needs 1 word after it"),
    ("-lambda -N 5", "-lambda takes the flag -N as its value"),
    ("-distance ten", "-distance needs a number, not 'ten'; it is read as 0"),
    ("-distance nan", "-distance needs a finite number, not 'nan'"),
    ("-distance inf", "-distance needs a finite number, not 'inf'"),
    ("-distance 1e400", "-distance needs a finite number, not '1e400'"),
    ("-distance 100mm", "-distance needs a number, not '100mm'; it is read as 100"),
    ("-N 5.5", "-N needs an integer, not '5.5'; it is read as 5"),
    ("-N 4294967301", "-N needs an integer, not '4294967301'; it is read as 5"),
    ("-spindle_axis 0 1", "-spindle_axis needs 3 words after it"),
    ("-roi 1 2 3", "-roi needs 4 words after it"),
    ("-misset 1 2", "-misset needs 3 words after it"),
    ("-cell -1", "-cell needs one to six positive numbers"),
    ("-pivot detector", "-pivot needs 'sample' or 'beam', not 'detector'"),
    ("-roi 5 3 0 9", "-roi 5 3 0 9 holds no pixel"),
    ("-roi 20 30 0 9", "-roi 20 30 0 9 holds no pixel"),
    ("-cell 40 40 40 90 90 200", "no unit cell has"),
    ("-cell 40 40 40 30 30 90", "no unit cell has"),
    ("-cell 0 40 40", "no unit cell has"),
    ("-pixel -1", "the pixel size must be positive"),
    ("-distance 0", "the detector distance must not be 0"),
    ("-lambda 0", "the wavelength must be positive"),
    ("-lambda -1", "the wavelength must be positive"),
    ("-beam_vector 0 0 0", "the beam vector is zero"),
    ("-fdet_vector 0 0 0", "the fast axis vector is zero"),
    ("-detector_abs -3", "-detector_abs needs a length that is not negative"),
    ("-dispersion 300 -dispsteps 3", "-dispersion 300 % spreads the wavelengths down to 0"),
    ("-osc 0 -phistep 1", "the phi scan has 0 steps"),
    (
        "-hdivsteps 1 -hdivstep 6 -hdivrange 6 -vdivsteps 1 -vdivstep 6 -vdivrange 6",
        "the divergence steps leave no source",
    ),
    ("-img missing", "cannot read the image file missing: No such file or directory (the reference goes on"),
]

COMMAND_LINES = [
    ("-detector_thick", "-detector_thick needs a value after it"),
    ("-defects phi-carryover,nothing", "-defects has no 'nothing'"),
    ("-threads 0", "-threads needs an integer from 1"),
    ("-trace_pixel 1", "-trace_pixel needs 2 words after it"),
    ("-trace_pixel -N 5", "-trace_pixel needs 2 words after it, not the flag -N"),
    ("-trace_pixel -1 3", "-trace_pixel needs an integer from 0"),
    ("-trace_pixel 10 0", "-trace_pixel 10 0 is outside the detector of 10 x 12 pixels"),
    ("-trace_pixel 0 12", "-trace_pixel 0 12 is outside the detector"),
    ("-roi 3 5 3 5 -trace_pixel 4 6", "-trace_pixel 4 6 is outside the region of interest or masked"),
    ("-osc 0 -phistep 1 -trace_pixel 4 6", "there is nothing to trace"),
    ("-detpixels -3", "the detector is -3 pixels"),
    ("-detpixels_x 0 -detsize_f 0", "the detector is"),
    ("-pixel 0", "pixels along its fast axis"),
    ("-osc 1 -phistep 1e-12", "steps of phi are too many"),
    ("-detpixels 2000000000", "a detector of 2000000000 x 2000000000 pixels is too large"),
    ("-mosaic 1 -mosaic_domains 2000000000", "not enough memory"),
    ("-hdivsteps 2000000000", "are more than 1e+07"),
    ("-oversample 2000000", "-oversample 2000000 is too fine"),
    ("-cell 1e-300 40 40 -xtalsize 1", "cells along axis a; at most 1e+09"),
    ("-floatfile nowhere/float.bin", "cannot write nowhere/float.bin"),
    ("-trace_pixel 1 1 -trace_file nowhere/trace.log", "cannot write nowhere/trace.log"),
    ("-noisefile /dev/full", "cannot write all of /dev/full"),
    ("-defects none -wavelength 1", "unknown flag -wavelength (the reference ignores it); did you mean -wave?"),
]


def assert_refused(run: Any, message: str, status: int = 2) -> None:
    errors = [line for line in run.stderr.splitlines() if line.startswith("nanobragg_c: error: ")]
    assert len(errors) == 1, run.stderr
    assert message in errors[0]
    assert run.returncode == status
    assert run.new_files == set()


@pytest.mark.parametrize(("words", "message"), COMMAND_LINES)
def test_wrong_command_line(words: str, message: str, program: Path, run_program: Callable[..., Any]) -> None:
    assert_refused(run_program(program, f"{GOOD} {words}"), message)


@pytest.mark.parametrize(("words", "message"), REMARKS)
def test_what_nobody_can_have_meant_is_said_and_in_strict_refused(
    words: str, message: str, program: Path, run_program: Callable[..., Any]
) -> None:
    run = run_program(program, f"{GOOD} {words}")
    assert run.returncode == 0, run.stderr
    assert f"nanobragg_c: warning: {message}" in run.stderr
    assert_refused(run_program(program, f"--strict {GOOD} {words}"), message)


@pytest.mark.parametrize("flag", ["-stol", "-4stol", "-Q"])
def test_a_missing_list_of_stol_is_refused(flag: str, program: Path, run_program: Callable[..., Any]) -> None:
    assert_refused(run_program(program, f"{GOOD} {flag} missing"), "cannot open list missing", 9)


FILES = [
    ("-hkl bad", None, "cannot read the structure factor file bad", 9),
    ("-hkl bad", b"", "the structure factor file bad is empty", 2),
    ("-hkl bad", b"\n \n", "bad holds no reflections", 2),
    ("-hkl bad", b"1 2 3 4\n1 2 3\n", "bad line 2: expected 'h k l F'", 2),
    ("-hkl bad", b"1 2.5 3 4\n", "bad line 1: expected 'h k l F', three whole numbers", 2),
    ("-hkl bad", b"\n1 2 x 4\n", "bad line 2: expected 'h k l F'", 2),
    ("-hkl bad", b"1 2 3 inf\n", "bad line 1: expected 'h k l F', three whole numbers", 2),
    ("-hkl bad", b"1 2 3 4 5\n", "bad line 1: expected 'h k l F', three whole numbers", 2),
    ("-hkl bad", b"1 2 99999999999999999999 4\n", "bad line 1", 2),
    ("-hkl bad", b"-900000 -9000 0 1\n900000 9000 0 1\n", "bad spans h -900000..900000", 2),
    ("-mat bad", None, "cannot read the matrix file bad", 2),
    ("-mat bad", b"", "the matrix file bad is empty", 2),
    ("-mat bad", b"1 0 0\n0 1 0\n0 0\n", "bad: a matrix file holds nine numbers; this one has 8", 2),
    ("-mat bad", b"1 0 0\n0 one 0\n0 0 1\n", "bad line 2", 2),
    ("-mat bad", b"1 0 0\n0 nan 0\n0 0 1\n", "bad line 2", 2),
    ("-sourcefile bad", None, "cannot read the source file bad", 2),
    ("-sourcefile bad", b"", "the source file bad is empty", 2),
    ("-sourcefile bad", b"\n\n", "bad holds no sources", 2),
    ("-sourcefile bad", b"-10 0 0\n# comment\n", "bad line 2: a source is one to five finite numbers", 2),
    ("-sourcefile bad", b"-10 0 \0\n", "bad line 1 holds a zero byte", 2),
    ("-sourcefile bad", b"0 0 0\n", "bad line 1: a source at the origin has no direction", 2),
    ("-img bad", smv("{\nHEADER_BYTES=512;\n}"), "its header has no 'BYTE_ORDER='", 2),
    ("-img bad", smv(HEADER.replace("512", "0")), "HEADER_BYTES is 0", 2),
    ("-img bad", smv(HEADER.replace("512", "99999999")), "HEADER_BYTES is 1e+08", 2),
    ("-img bad --strict", smv(HEADER.replace("512", "99999")), "bad ends within its header", 2),
    ("-mask bad -detpixels_x 13", smv(), "bad is 12 x 10 pixels (fast x slow), too few for the detector's 13 x 10", 2),
    ("-mask bad -detpixels_x 11 --strict", smv(), "the reference takes its pixels in a row", 2),
    ("-mask bad", smv(pixels=119), "after its header a mask needs 240 bytes", 2),
    ("-mask bad --strict", smv(HEADER.replace("unsigned_short", "float")), "TYPE must be unsigned_short", 2),
    ("-mask bad", smv(HEADER.replace("SIZE1=12", "SIZE2=12")), "a mask's header needs SIZE1 and SIZE2", 2),
    ("-img bad -defects none", smv(HEADER.replace("PIXEL_SIZE=8", "PIXEL_SIZE=x")), "PIXEL_SIZE=x is no finite", 2),
    ("-img bad -defects none", smv(HEADER.replace("=8", "=8 um")), "PIXEL_SIZE is given in 'um'; it must be in mm", 2),
    ("-dump bad", b"", "the structure factor dump file bad is empty", 2),
    ("-dump bad", dump("0 1 0 x 0 2\n\f"), "bad: a dump file begins with six integers", 2),
    ("-dump bad", dump("0 1 0 -3 0 2\n\f"), "bad: an index range ends before it begins", 2),
    ("-dump bad", dump("0 1 0 0 0 2\n"), "bad: its ranges need a newline, a form feed and", 2),
    ("-dump bad", dump(doubles=23), "form feed and 192 bytes of data", 2),
    ("-dump bad -defects none", dump(doubles=23), "form feed and 192 bytes of data", 2),
]


@pytest.mark.parametrize(("words", "content", "message", "status"), FILES)
def test_wrong_file(
    words: str,
    content: bytes | None,
    message: str,
    status: int,
    program: Path,
    run_program: Callable[..., Any],
    tmp_path: Path,
) -> None:
    files = []
    if content is not None:
        files = [tmp_path / "bad"]
        files[0].write_bytes(content)
    assert_refused(run_program(program, f"{GOOD} {words}", *files), message, status)


def test_singular_matrix(program: Path, run_program: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "flat.mat").write_text("1 0 0\n0 1 0\n0 0 0\n")
    argv = "-default_F 10 -mat flat.mat -detpixels 4"
    assert_refused(run_program(program, argv, tmp_path / "flat.mat"), "the three axes of the matrix lie in one plane")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("-cell 40 -N 5", "no structure factors"),
        ("-default_F 10", "no unit cell"),
        ("", "no unit cell"),
        ("-cell 40 -dump missing", "no structure factors"),
        ("-cell 40 -hkl missing -default_F 4", "cannot read the structure factor file missing"),
    ],
)
def test_nothing_to_diffract(argv: str, message: str, program: Path, run_program: Callable[..., Any]) -> None:
    assert_refused(run_program(program, argv), message, 9)


def test_traced_pixel_must_not_be_masked(program: Path, run_program: Callable[..., Any], tmp_path: Path) -> None:
    mask = tmp_path / "mask.img"
    mask.write_bytes(smv()[: 512 + 2 * 15] + b"\0\0" + smv()[512 + 2 * 16 :])
    argv = f"{GOOD} -mask mask.img -nonoise -nopgm"
    assert_refused(run_program(program, f"{argv} -trace_pixel 1 3", mask), "outside the region of interest or masked")
    run = run_program(program, f"{argv} -trace_pixel 1 2", mask)
    assert run.returncode == 0
    assert np.flatnonzero(run.image(12) == 0).tolist() == [15]


def test_failure_keeps_the_files_of_an_earlier_run(program: Path, run_program: Callable[..., Any]) -> None:
    first = run_program(program, f"{GOOD} -seed 1")
    before = {p.name: p.read_bytes() for p in first.folder.iterdir()}
    assert set(before) == {"floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img"}
    second = run_program(program, f"{GOOD} -N 3 -noisefile /dev/full", folder=first.folder)
    assert second.returncode == 2
    assert {p.name: p.read_bytes() for p in first.folder.iterdir()} == before


def test_interrupted_run_leaves_nothing(program: Path, tmp_path: Path) -> None:
    argv = GOOD.replace("-oversample 1", "-oversample 2000").split()
    process = subprocess.Popen([program, *argv], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode != 0
    assert list(tmp_path.iterdir()) == []
