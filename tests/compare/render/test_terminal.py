"""What a terminal, a pipe and a runner get: first lines, whole numbers, and nothing that commands."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from compare.judging.keys import Key, Value
from compare.judging.result import Account, Comparison, DifferenceClass, Pair, Share
from compare.render.account import account_lines, change_text, headline, step_text, story
from compare.render.table import print_comparison
from compare.render.text import without_commands


def printed(result: Comparison, width: int) -> str:
    stream = io.StringIO()
    print_comparison(result, console=Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def test_a_pipe_gets_no_control_character_and_no_command(samples, capsys) -> None:
    print_comparison(samples["hostile"])
    out = capsys.readouterr().out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800]", out)
    assert not re.search(r"^\s*::|##\[", out, re.M)


@pytest.mark.parametrize("text", ["::error::x", "  ::add-mask::x", "a\n::stop-commands::y", "x ##[command]y"])
def test_what_a_runner_takes_for_a_command_is_broken_up(text: str) -> None:
    harmless = without_commands(text)
    assert harmless != text
    assert harmless.replace("\u200b", "") == text
    assert not re.search(r"^\s*::|##\[", harmless, re.M)


def test_names_with_two_colons_stay_as_they_are() -> None:
    assert without_commands("lens::flux 1.5") == "lens::flux 1.5"


@pytest.mark.parametrize("width", [60, 80, 110, 160])
def test_numbers_are_not_broken_in_the_middle(samples, width: int) -> None:
    pair = Pair(
        Key("wavelength_of_the_third_source_angstroms"), -1.2345678901234567e-101, -1.2345678901234599e-101, 0,
        DifferenceClass.DIVERGENT, ulps=20.0, relative=3e-15,
    )  # fmt: skip
    result = Comparison(samples["parity"].sides, (pair,), {DifferenceClass.DIVERGENT: 1}, samples["parity"].coverage)
    words = printed(result, width).split()
    assert words.count("-1.2345678901234567e-101") >= 1
    assert words.count("-1.23456789012346e-101") + words.count("-1.2345678901234599e-101") >= 1


@pytest.mark.parametrize(
    ("a", "b", "ulps", "text"),
    [
        (1.0, 1.0 + 2**-51, 2.0, "2 ulps"),
        (200.0, 223.0, 1e14, "+11.5 %"),
        (-200.0, -223.0, 1e14, "-11.5 %"),
        (2.0, 3e9, 1e17, "b = a x 1.5e+09"),
        (2.0, 0.0, 1e18, "-100 %"),
        (0.0, 2.0, 1e18, "from 0"),
        (2.0, -2.0, 9e18, "-200 %"),
        ("MOSFLM", "XDS", None, "other words"),
    ],
)
def test_a_change_is_ulps_or_a_signed_percentage(a: Value, b: Value, ulps: float | None, text: str) -> None:
    assert change_text(Pair(Key("x"), a, b, 0, DifferenceClass.DIVERGENT, ulps=ulps)) == text


def two_causes(samples) -> Comparison:
    pairs = tuple(
        Pair(Key(name), a, b, place, DifferenceClass.DIVERGENT, ulps=1e15, line_a=place + 7, line_b=place + 9)
        for place, (name, a, b) in enumerate([("angle", 0.5, 0.50001), ("gain", 2.0, 2.2), ("flux", 10.0, 11.1)])
    )
    account = Account(2, (Share(1, 0.9, "size"), Share(0, 0.06, "formula")), 2, 1)
    return Comparison(
        samples["parity"].sides, pairs, {DifferenceClass.DIVERGENT: 3}, samples["parity"].coverage, account=account
    )


def test_the_first_line_has_the_final_value_and_its_change(samples) -> None:
    assert headline(two_causes(samples)).endswith("flux a 10.0, b 11.1 (+11 %)")


def test_causes_stand_in_the_order_of_their_share_with_place_and_rest(samples) -> None:
    lines = account_lines(two_causes(samples))
    assert lines[0].startswith("largest: gain: a = 2.0; b = 2.2; +10 %")
    assert "about 90 % of the difference" in lines[0]
    assert "line 8 of a, line 10 of b" in lines[0]
    assert lines[1].startswith("first divergence, origin unknown: angle")
    assert lines[2].startswith("left: 4 % of the difference")
    assert lines[3] == "3 differ: 2 causes, 1 downstream"


def test_other_inputs_are_said_before_any_step(samples) -> None:
    assert story(samples["hostile"])[0].startswith("the two runs had different inputs")


def test_of_a_long_vector_the_worst_component_is_written() -> None:
    a = tuple(float(i) for i in range(64))
    b = (*a[:12], 24.0, 13.5, *a[14:])
    pair = Pair(Key("probe_re"), a, b, 0, DifferenceClass.DIVERGENT, relative=0.2, component=12)
    assert step_text(pair).startswith("probe_re: a[12] = 12.0; b[12] = 24.0; 2 of 64 differ; ")
    short = Pair(Key("beam"), a[:3], (0.0, 1.0, 5.0), 0, DifferenceClass.DIVERGENT, relative=0.2, component=2)
    assert step_text(short).startswith("beam: a = 0.0, 1.0, 2.0; b = 0.0, 1.0, 5.0; ")
