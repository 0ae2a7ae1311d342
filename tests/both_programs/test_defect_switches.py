"""Both programs agree with each defect on and off, where it matters; images, files and traces."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulator.defects import NAMES

SMALL = "-lambda 1 -distance 100 -detpixels_x 12 -detpixels_y 10 -pixel 8 -oversample 1 -seed 3"
OBLIQUE = f"{SMALL} -cell 38 47 55 75 85 95 -default_F 100 -N 5"
SENSOR = "-detector_abs 300 -detector_thick 450 -thicksteps 3"
PIXELS = [(0, 0), (0, 1), (6, 5)]


def dump(first: bytes, reach: int = 6) -> bytes:
    """A dump of -reach..reach in each index, with given first bytes of its data."""
    n = 2 * reach + 1
    values = np.zeros((n + 1,) * 3)
    values[:n, :n, :n] = 20.0 + np.arange(n**3).reshape(n, n, n) % 71
    values[0, 0, 0] = struct.unpack("<d", first)[0]
    return f"{-reach} {reach} {-reach} {reach} {-reach} {reach}\n\f".encode() + values.tobytes()


INDICES = range(-6, 7)
LIST = "".join(
    f"{h} {k} {l} {50 + 7 * h - 3 * k + 2 * l}\n" for h in INDICES for k in INDICES for l in INDICES
).encode()
SOURCES = b"-10 0 0 1\n-10 0.03 0 2\n-10 0 -0.04 0.5\n"
HEADER = b"{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nPHI=2;\nPHI_START=9;\nDISTANCE=70 mm;\n}\f".ljust(512)
WHITE_DUMP, CLEAN_DUMP = dump(b"\n \t" + struct.pack("<d", 10.0)[3:]), dump(struct.pack("<d", 10.0))

CASES: dict[str, tuple[str, dict[str, bytes]]] = {
    "phi-carryover": (f"{OBLIQUE} -phi -2 -osc 8 -phisteps 4 -dmin 1.2 -threads 3", {}),
    "oversample-compounds": (
        f"{OBLIQUE} -oversample 2 -oversample_polar -oversample_omega -oversample_thick {SENSOR} -water 0.1",
        {},
    ),
    "last-layer-capture": (f"{OBLIQUE} {SENSOR} -detector_roty 20 -oversample_omega", {}),
    "interpolation-latch": (f"{SMALL} -cell 20 21 22 -hkl made.hkl -N 3 -default_F 1 -interpolate", {"made.hkl": LIST}),
    "source-weights-ignored": (f"{OBLIQUE} -sourcefile made.sources", {"made.sources": SOURCES}),
    "background-scaling": (f"{OBLIQUE} -water 0.2 -fluence 1e28 {SENSOR}", {}),
    "skewed-default-cell": (OBLIQUE, {}),
    "random-misset-radians": (f"{OBLIQUE} -misset_seed 7 -misset random", {}),
    "curved-axes": (f"{OBLIQUE} -curved_det -xds -ORGX 7", {}),
    "stale-dump": (f"{SMALL} -cell 20 -default_F 3 -N 5", {"Fdump.bin": CLEAN_DUMP}),
    "dump-whitespace": (f"{SMALL} -cell 5 5 25 -N 5 -dump made.dump -nointerpolate", {"made.dump": WHITE_DUMP}),
    "flag-substrings": (f"{OBLIQUE} -twotheta_axis 3 1 0 -misset_seed 7 -fudge 1.5 -nonoise", {}),
    "header-substrings": (f"-img made.img {OBLIQUE}", {"made.img": HEADER}),
    "curved-det-last-word": (f"{OBLIQUE} -xds -ORGX 7 -curved_det", {}),
}


def test_every_defect_has_a_case() -> None:
    assert tuple(CASES) == NAMES


@pytest.mark.parametrize("others", ["on", "off"])
@pytest.mark.parametrize("defect", NAMES)
def test_programs_agree_in_both_positions(defect: str, others: str, run_both: Callable[..., Any]) -> None:
    argv, files = CASES[defect]
    with_it, without_it = ("all", ",".join(name for name in NAMES if name != defect))
    if others == "off":
        with_it, without_it = defect, "none"
    on = run_both(f"-defects {with_it} {argv}", PIXELS, files)
    off = run_both(f"-defects {without_it} {argv}", PIXELS, files)
    on.assert_agree()
    off.assert_agree()
    assert on.c.exit_code == off.c.exit_code == 0
    for a, b in ((on.c, off.c), (on.port, off.port)):
        assert not np.array_equal(a.image(on.columns), b.image(on.columns))
