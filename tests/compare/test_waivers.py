"""Waivers accept what they name, for as long as they say, and fail when they are out of date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from compare import cli
from compare.errors import InputError
from compare.judging import waivers
from compare.judging.coverage import Coverage, SideInfo
from compare.judging.keys import Key, Section
from compare.judging.result import Comparison, DifferenceClass, Origin, Pair, Problem, ProblemKind, Side, Verdict
from compare.judging.waivers import Waiver

TODAY = date(2030, 6, 1)
GOOD = 'name = "F_latt"\nwhy = "known"\nwho = "M. Maintainer"\nuntil = 2031-01-31\n'


def failing(name: str = "F_latt", tic: int = 0, relative: float = 0.1, **rest: object) -> Pair:
    key = Key(name, "PHI", (("source", 0), ("phi_tic", tic)), Section.of({"pixel": (685, 1039)}))
    return Pair(key, 1.0, 1.1, tic, DifferenceClass.DIVERGENT, Origin.ORIGIN, relative=relative, **rest)  # type: ignore[arg-type]


def comparison(*pairs: Pair, problems: tuple[Problem, ...] = ()) -> Comparison:
    fine = Pair(Key("polar"), 1.0, 1.0, 99, DifferenceClass.IDENTICAL)
    sides = (SideInfo(("a",)), SideInfo(("b",)))
    coverage = Coverage(len(pairs) + 1, 0, 0, problems=len(problems))
    return Comparison(sides, (*pairs, fine), {}, coverage, problems=problems)


def waiver(**changes: object) -> Waiver:
    defaults = {"name": "F_latt", "why": "known", "who": "M. Maintainer", "until": date(2031, 1, 31)}
    return Waiver(**{**defaults, **changes})  # type: ignore[arg-type]


def test_a_waiver_turns_the_divergence_it_names_into_parity() -> None:
    result = comparison(failing(tic=0), failing(tic=1))
    assert result.verdict is Verdict.DIVERGENCE
    after = waivers.apply(result, [waiver()], TODAY)
    assert (after.verdict, after.exit_code) == (Verdict.PARITY, 0)
    assert len(after.waived) == 2
    assert after.waived[0].waived is not None
    assert (after.waived[0].waived.who, after.waived[0].waived.until) == ("M. Maintainer", "2031-01-31")
    assert after.problems == ()


@pytest.mark.parametrize(
    ("changes", "matched"),
    [
        ({}, True),
        ({"record": "PHI"}, True),
        ({"record": "DOMAIN"}, False),
        ({"record": ""}, False),
        ({"indices": (("phi_tic", 0),)}, True),
        ({"indices": (("phi_tic", 0), ("source", 0))}, True),
        ({"indices": (("phi_tic", 1),)}, False),
        ({"indices": (("mos_tic", 0),)}, False),
        ({"section": Section.of({"pixel": (685, 1039)})}, True),
        ({"section": Section.of({"pixel": (685, 1040)})}, False),
        ({"relative": 0.1}, True),
        ({"relative": 0.099}, False),
        ({"name": "F_lat"}, False),
        ({"name": "older_name"}, True),
    ],
)
def test_a_waiver_matches_what_it_names_and_no_more(changes: dict[str, object], matched: bool) -> None:
    after = waivers.apply(comparison(failing(name_b="older_name")), [waiver(**changes)], TODAY)
    assert (after.verdict is Verdict.PARITY) == matched
    if not matched:
        assert [problem.kind for problem in after.problems] == [ProblemKind.WAIVER_UNMATCHED]


def test_a_bound_never_accepts_a_difference_without_a_size() -> None:
    pair = failing(relative=0.0)
    after = waivers.apply(
        comparison(Pair(pair.key, "a", "b", 0, DifferenceClass.DIVERGENT)), [waiver(relative=1)], TODAY
    )
    assert after.verdict is not Verdict.PARITY


def test_a_waiver_holds_through_its_last_day_and_fails_afterwards() -> None:
    result = comparison(failing())
    assert waivers.apply(result, [waiver(until=TODAY)], TODAY).exit_code == 0
    after = waivers.apply(result, [waiver(until=date(2030, 5, 31))], TODAY)
    assert after.verdict is Verdict.DIVERGENCE
    assert after.waived == ()
    (problem,) = after.problems
    assert problem.kind is ProblemKind.WAIVER_EXPIRED
    assert "M. Maintainer" in problem.message


def test_an_expired_waiver_fails_even_where_nothing_differs_any_more() -> None:
    after = waivers.apply(comparison(), [waiver(until=date(2020, 1, 1))], TODAY)
    assert (after.verdict, after.exit_code) == (Verdict.INCOMPLETE, 1)


def test_a_waiver_that_matches_nothing_fails() -> None:
    after = waivers.apply(comparison(), [waiver(name="polar")], TODAY)
    assert (after.verdict, after.exit_code) == (Verdict.INCOMPLETE, 1)
    assert after.problems[0].kind is ProblemKind.WAIVER_UNMATCHED
    assert after.coverage.problems == 1


def test_what_is_not_waived_still_fails() -> None:
    after = waivers.apply(comparison(failing(), failing("R_distance")), [waiver()], TODAY)
    assert after.first_origin is not None
    assert after.first_origin.key.name == "R_distance"


def test_findings_about_a_quantity_can_be_waived_and_those_about_a_log_cannot() -> None:
    missing = Problem(ProblemKind.REQUIRED_MISSING, "missing", Side.B, Key("F_latt"))
    assert waivers.apply(comparison(problems=(missing,)), [waiver()], TODAY).exit_code == 0
    truncated = Problem(ProblemKind.TRUNCATED_LOG, "ends early", Side.B, Key("F_latt"))
    assert waivers.apply(comparison(failing(), problems=(truncated,)), [waiver()], TODAY).exit_code == 1


def test_no_waiver_changes_nothing() -> None:
    result = comparison(failing())
    assert waivers.apply(result, [], TODAY) == result


# ---------------------------------------------------------------- the file


def write(path: Path, text: str) -> Path:
    (path / "waivers.toml").write_text(text)
    return path / "waivers.toml"


def test_a_file_is_read_with_everything_in_it(tmp_path: Path) -> None:
    extra = 'record = "PHI"\nindices = { phi_tic = 0, source = 2 }\npixel = [685, 1039]\nrelative = 1e-6\n'
    (first, second) = waivers.load(write(tmp_path, f"[[waiver]]\n{GOOD}{extra}[[waiver]]\n{GOOD}"))
    assert first == waiver(
        record="PHI", indices=(("phi_tic", 0), ("source", 2)), section=Section.of({"pixel": (685, 1039)}), relative=1e-6
    )
    assert second == waiver()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one"),
        ("waiver = 3", "at least one"),
        ("[[waiver]\n", "TOML"),
        (f"[[waivers]]\n{GOOD}", "waivers"),
        (f"[[waiver]]\n{GOOD}indexes = {{ phi_tic = 0 }}", "indices"),
        ('[[waiver]]\nname = "x"\nwho = "y"\nuntil = 2031-01-31', "'why' is missing"),
        (f"[[waiver]]\n{GOOD}".replace('"known"', '"  "'), "why is empty"),
        (f"[[waiver]]\n{GOOD}".replace("2031-01-31", '"2031-01-31"'), "no quotes"),
        (f"[[waiver]]\n{GOOD}".replace("2031-01-31", "2031-01-31T12:00:00"), "a date"),
        (f"[[waiver]]\n{GOOD}pixel = [1]", "slow, fast"),
        (f"[[waiver]]\n{GOOD}pixel = [1, 2.5]", "slow, fast"),
        (f'[[waiver]]\n{GOOD}indices = {{ phi_tic = "0" }}', "integer"),
        (f"[[waiver]]\n{GOOD}indices = 3", "table"),
        (f"[[waiver]]\n{GOOD}relative = -1", "positive"),
        (f"[[waiver]]\n{GOOD}relative = nan", "positive"),
        (f"[[waiver]]\n{GOOD}relative = true", "number"),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as error:
        waivers.load(path)
    assert str(path) in str(error.value)
    assert error.value.exit_code == 2


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        waivers.load(tmp_path / "none.toml")


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("form", ["", "--json", "--csv", "--junit", "--sarif", "--github", "--markdown", "--html"])
def test_every_output_of_the_command_tells_of_the_waiver(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    vocabulary = tmp_path / "vocabulary.toml"
    vocabulary.write_text('format = 1\nname = "test"\n')
    for side, energy in (("a", 1.0), ("b", 2.0)):
        (tmp_path / side).write_text(f"TRACE_C: mass 3.0\nTRACE_C: energy {energy}\n")
    words = ["traces", str(tmp_path / "a"), str(tmp_path / "b"), "--vocabulary", str(vocabulary), *form.split()]
    assert cli.run(words[0], words[1:]) == 1
    capsys.readouterr()
    path = write(tmp_path, f"[[waiver]]\n{GOOD}".replace("F_latt", "energy").replace("2031", "9999"))
    assert cli.run(words[0], [*words[1:], "--waivers", str(path)]) == 0
    shown = capsys.readouterr().out
    for word in ("energy", "known", "M. Maintainer", "9999-01-31"):
        assert word in shown


def test_a_bad_waiver_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_text("TRACE_C: mass 3.0\n")
    log = str(tmp_path / "a")
    assert cli.run("traces", [log, log, "--waivers", str(write(tmp_path, "[[waiver]]\n"))]) == 2
    assert "waivers.toml" in capsys.readouterr().err
