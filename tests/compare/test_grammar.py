from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.reading.grammar import Malformed, Parsed, parse_line
from compare.reading.numbers import number

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
floats = st.floats(allow_nan=True, allow_infinity=True)


def header(*fields: tuple[str, tuple[str, ...]], side: str = "C") -> Parsed:
    return Parsed(side, "", fields)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("TRACE_C: steps 10", header(("steps", ("10",)))),
        ("TRACE_C:steps=10", header(("steps", ("10",)))),
        ("TRACE_C: fdet_vec 1 -0 2e-3", header(("fdet_vec", ("1", "-0", "2e-3")))),
        ("TRACE_C: fdet_vec 1,-0,2e-3", header(("fdet_vec", ("1", "-0", "2e-3")))),
        ("TRACE_C:fdet_vec=[1, -0, 2e-3]", header(("fdet_vec", ("1", "-0", "2e-3")))),
        ("TRACE_C: convention MOSFLM", header(("convention", ("MOSFLM",)))),
        ("TRACE_C: remark two words", header(("remark", ("two words",)))),
        ("TRACE_FORTRAN: x 1.5D+03", header(("x", ("1.5D+03",)), side="FORTRAN")),
        ("TRACE_C:angles=rotx:0 roty:1.5", header(("angles.rotx", ("0",)), ("angles.roty", ("1.5",)))),
        ("TRACE_PY_PHI phi_tic=3 k=1,2", Parsed("PY", "PHI", (("phi_tic", ("3",)), ("k", ("1", "2"))))),
        ("TRACE_PY_PHI: phi_tic=3 k=1,2", Parsed("PY", "PHI", (("phi_tic", ("3",)), ("k", ("1", "2"))))),
        ("TRACE_PY_GRID: [0,1,2]=127.89", Parsed("PY", "GRID", (("value", ("127.89",)),), (0, 1, 2), True)),
        ("TRACE_PY_GRID_H: [-8.0, -7.0]", Parsed("PY", "GRID_H", (("value", ("-8.0", "-7.0")),))),
        ("TRACE_PY_GRID_START", None),
        ("TRACE: After the correction:", None),
        ("TRACE_PY:=== End of trace ===", None),
        ("TRACE_LEVEL set", None),
    ],
)
def test_each_form_of_line(line: str, parsed: Parsed | None) -> None:
    assert parse_line(line) == parsed


@pytest.mark.parametrize(
    "line",
    [
        "TRACE_C:",
        "TRACE_C: I_pixel_fi",
        "TRACE_C: x=",
        "TRACE_C_DOMAIN phi_tic=0 F_latt=",
        "TRACE_C_DOMAIN phi_tic=0 F_la",
        "TRACE_C_DOMAIN phi_tic=0 h=1,,2",
        "TRACE_C_DOMAIN phi_tic=0 h=1,2,",
        "TRACE_C_DOMAIN phi_tic=0 phi_tic=1",
        "TRACE_C_GRID: [0,-]=1",
        "TRACE_C_GRID: [0,1]=,",
        "TRACE_C_GRID: [0.5, abc]",
        "TRACE_C_GRID: [99999999999999999999]=1",
        "TRACE_LEVEL set to 3",
        "TRACE_C: 1.5 2.5",
        "TRACE_PY: a [0.1 0.2 ... 0.9]",
        "TRACED 5 rays",
    ],
)
def test_a_line_that_is_cut_off_or_garbled_is_malformed(line: str) -> None:
    with pytest.raises(Malformed):
        parse_line(line)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-0", -0.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e-310", 1e-310),
        ("1D3", 1000.0),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("0x1.8p+1", 3.0),
        ("-0X.8P1", -1.0),
        ("9007199254740993", 9007199254740992.0),
        ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
        ("2.2250738585072011e-308", 2.225073858507201e-308),
    ],
)
def test_numbers_become_the_nearest_double(text: str, value: float) -> None:
    assert number(text) == value
    assert math.copysign(1, number(text)) == math.copysign(1, value)


@pytest.mark.parametrize("text", ["nan", "-nan", "NaN", "nan(0x8000)"])
def test_nan_in_all_spellings(text: str) -> None:
    assert math.isnan(number(text))


@pytest.mark.parametrize("text", ["1_000", "", "1e", "0x", "e5", "1.2.3", "infant", "١"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|could not convert|invalid"):
        number(text)


@given(name=names, values=st.lists(floats, min_size=1, max_size=9), style=st.sampled_from(["repr", "17g", "hex"]))
def test_values_read_back_to_the_same_bits(name: str, values: list[float], style: str) -> None:
    texts = {"repr": repr, "17g": lambda v: f"{v:.17g}", "hex": float.hex}
    line = f"TRACE_X: {name} " + " ".join(map(texts[style], values))
    parsed = parse_line(line)
    assert parsed is not None
    assert [name for name, _ in parsed.fields] == [name]
    for value, text in zip(values, parsed.fields[0][1], strict=True):
        back = number(text)
        assert math.isnan(back) if math.isnan(value) else struct.pack("d", back) == struct.pack("d", value)


@given(line=st.text(max_size=80).map(lambda text: f"TRACE_{text}"))
def test_no_text_breaks_the_parser(line: str) -> None:
    try:
        parsed = parse_line(line)
    except Malformed:
        return
    assert parsed is None or parsed.side.isascii()
