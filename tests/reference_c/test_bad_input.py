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
HEADER = "{\nHEADER_BYTES=512;\nSIZE1=12;\nSIZE2=10;\nPIXEL_SIZE=8;\nTYPE=unsigned_short;\n}\f"


def smv(header: str = HEADER, pixels: int = 120) -> bytes:
    return header.encode().ljust(512) + b"\1\0" * pixels


def dump(ranges: str = "0 1 0 0 0 2\n\f", doubles: int = 3 * 2 * 4) -> bytes:
    return ranges.encode() + struct.pack(f"<{doubles}d", *[5.0] * doubles)


COMMAND_LINES = [
    ("-lamda 1", "unknown flag -lamda; did you mean -lambda?"),
    ("-orange", "unknown flag -orange"),
    ("stray", "'stray' is neither a flag nor a flag's value"),
    ("-distance", "-distance needs a number"),
    ("-hkl -N 5", "-hkl needs a name"),
    ("-distance ten", "-distance needs a finite number, not 'ten'"),
    ("-distance nan", "-distance needs a finite number, not 'nan'"),
    ("-distance inf", "-distance needs a finite number, not 'inf'"),
    ("-distance 1e400", "-distance needs a finite number, not '1e400'"),
    ("-distance 100mm", "-distance needs a finite number, not '100mm'"),
    ("-N 5.5", "-N needs an integer"),
    ("-N 99999999999", "-N needs an integer"),
    ("-spindle_axis 0 1", "-spindle_axis needs three numbers"),
    ("-roi 1 2 3", "-roi needs four integers"),
    ("-misset 1 2", "-misset needs 'random' or three angles"),
    ("-cell", "-cell needs one to six positive numbers"),
    ("-pivot detector", "-pivot needs 'sample' or 'beam', not 'detector'"),
    ("-curved_det", "-curved_det is ignored as the last word"),
    ("-defects phi-carryover,nothing", "-defects has no 'nothing'"),
    ("-threads 0", "-threads needs an integer from 1"),
    ("-trace_pixel 1", "-trace_pixel needs two integers"),
    ("-trace_pixel -1 3", "-trace_pixel needs an integer from 0"),
    ("-trace_pixel 10 0", "-trace_pixel 10 0 is outside the detector of 10 x 12 pixels"),
    ("-trace_pixel 0 12", "-trace_pixel 0 12 is outside the detector"),
    ("-roi 3 5 3 5 -trace_pixel 4 6", "-trace_pixel 4 6 is outside the region of interest or masked"),
    ("-roi 5 3 0 9", "-roi 5 3 0 9 holds no pixel"),
    ("-roi 20 30 0 9", "-roi 20 30 0 9 holds no pixel"),
    ("-cell 40 40 40 90 90 200", "no unit cell has"),
    ("-cell 40 40 40 30 30 90", "no unit cell has"),
    ("-cell 40 0 40", "no unit cell has"),
    ("-detpixels 0", "the detector has no pixels"),
    ("-detpixels_x -1 -detsize_f 0", "the detector is"),
    ("-pixel 0", "the pixel size must be positive"),
    ("-distance 0", "the detector distance must not be 0"),
    ("-lambda 0", "the wavelength must be positive"),
    ("-lambda -1", "the wavelength must be positive"),
    ("-energy 0", "-energy needs a positive energy"),
    ("-beam_vector 0 0 0", "the beam vector is zero"),
    ("-fdet_vector 0 0 0", "the fast axis vector is zero"),
    ("-detector_abs -3", "-detector_abs needs a length that is not negative"),
    ("-osc 1 -phistep 1e-12", "steps are too many"),
    ("-detpixels 2000000000", "not enough memory"),
    ("-mosaic 1 -mosaic_domains 2000000000", "not enough memory"),
    ("-hdivsteps 2000000000", "are more than 1e+07"),
    ("-oversample 2000000", "-oversample 2000000 is too fine"),
    ("-cell 1e-300 40 40 -xtalsize 1", "cells along axis a; at most 1e9"),
    ("-dispersion 300 -dispsteps 3", "the dispersion makes a wavelength"),
    ("-floatfile nowhere/float.bin", "cannot write nowhere/float.bin"),
    ("-trace_pixel 1 1 -trace_file nowhere/trace.log", "cannot write nowhere/trace.log"),
    ("-noisefile /dev/full", "cannot write all of /dev/full"),
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


FILES = [
    ("-hkl bad", None, "cannot open reflection list bad", 9),
    ("-hkl bad", b"", "reflection list bad is empty", 2),
    ("-hkl bad", b"\n \n", "bad holds no reflections", 2),
    ("-hkl bad", b"1 2 3 4\n1 2 3\n", "bad line 2: expected 'h k l F'", 2),
    ("-hkl bad", b"1 2.5 3 4\n", "bad line 1: expected 'h k l F' with integer h k l", 2),
    ("-hkl bad", b"\n1 2 x 4\n", "bad line 2: expected 'h k l F'", 2),
    ("-hkl bad", b"1 2 3 inf\n", "bad line 1: expected 'h k l F' with one finite F", 2),
    ("-hkl bad", b"1 2 3 4 5\n", "bad line 1: expected 'h k l F' with one finite F", 2),
    ("-hkl bad", b"1 2 99999999999999999999 4\n", "bad line 1", 2),
    ("-hkl bad", b"-900000 -9000 0 1\n900000 9000 0 1\n", "bad spans h -900000..900000", 2),
    ("-mat bad", None, "cannot open matrix file bad", 2),
    ("-mat bad", b"", "matrix file bad is empty", 2),
    ("-mat bad", b"1 0 0\n0 1 0\n0 0\n", "bad ends at line 3 after 8 numbers", 2),
    ("-mat bad", b"1 0 0\n0 one 0\n0 0 1\n", "bad line 2", 2),
    ("-mat bad", b"1 0 0\n0 nan 0\n0 0 1\n", "bad line 2", 2),
    ("-sourcefile bad", None, "cannot open source file bad", 2),
    ("-sourcefile bad", b"", "source file bad is empty", 2),
    ("-sourcefile bad", b"\n\n", "bad holds no sources", 2),
    ("-sourcefile bad", b"-10 0 0\n# comment\n", "bad line 2: expected up to five finite numbers", 2),
    ("-sourcefile bad", b"-10 0 0 1 1e-10 7\n", "bad line 1: more than five numbers", 2),
    ("-sourcefile bad", b"0 0 0\n", "bad line 1: a source cannot be at the origin", 2),
    ("-sourcefile bad", b"-10 0 0 1 -1e-10\n", "bad line 1: a source's weight", 2),
    ("-img bad", None, "cannot open image bad", 2),
    ("-img bad", b"", "bad is no SMV image", 2),
    ("-img bad", b"x" * 600, "bad is no SMV image: its first byte", 2),
    ("-img bad", smv("{\nSIZE1=12;\n"), "its header has no closing '}'", 2),
    ("-img bad", smv("{\nSIZE1=12.5;\n}"), "SIZE1=12.5 is no positive integer", 2),
    ("-img bad", smv("{\nDISTANCE=far;\n}"), "DISTANCE=far is no finite number", 2),
    ("-img bad", smv("{\nHEADER_BYTES=99999;\n}"), "its header is shorter than 99999 bytes", 2),
    ("-img bad", smv("{\nHEADER_BYTES=7;\n}"), "HEADER_BYTES is 7", 2),
    ("-mask bad", None, "cannot open image bad", 2),
    ("-mask bad -detpixels_x 13", smv(), "bad is 12 x 10 pixels (fast x slow) where the detector is 13 x 10", 2),
    ("-mask bad", smv(pixels=119), "after its header a mask needs 240 bytes", 2),
    ("-mask bad", smv(HEADER.replace("unsigned_short", "float")), "TYPE must be unsigned_short", 2),
    ("-dump bad", b"", "dump file bad is empty", 2),
    ("-dump bad", dump("0 1 0 x 0 2\n\f"), "dump file bad line 1: expected 'hmin", 2),
    ("-dump bad", dump("0 1 0 -3 0 2\n\f"), "dump file bad line 1: range 0..-3 is empty", 2),
    ("-dump bad", dump("0 1 0 0 0 2\n"), "expected a newline and a form feed", 2),
    ("-dump bad", dump(doubles=23), "dump file bad has 184 bytes of data; its ranges need 192", 2),
    ("-dump bad -defects none", dump(doubles=23), "dump file bad has 184 bytes of data; its ranges need 192", 2),
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
    assert_refused(run_program(program, argv, tmp_path / "flat.mat"), "the reciprocal vectors span no volume")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("-cell 40 -N 5", "no structure factors"),
        ("-default_F 10", "no unit cell"),
        ("", "no unit cell"),
        ("-cell 40 -dump missing", "no structure factors"),
        ("-cell 40 -hkl missing -default_F 4", "cannot open reflection list missing"),
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
