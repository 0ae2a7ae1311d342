"""A comparison as workflow commands, which GitHub Actions turns into annotations.

A step shows ten errors and ten warnings at most, so the verdict comes first, then the first step at fault.
"""

from __future__ import annotations

from compare.judging.coverage import SideInfo
from compare.judging.result import Comparison, Pair, Verdict
from compare.render.account import headline
from compare.render.text import clean, pair_sentence, problem_sentence, waived_sentences

SHOWN = 8  # pairs; the verdict and a line about the rest make ten


def render(result: Comparison) -> str:
    """Lines ``::error file=...,line=...,title=...::message``; one notice for parity."""
    level = "notice" if result.verdict is Verdict.PARITY else "error"
    lines = [_command(level, f"{headline(result)} ({result.coverage})", title="compare traces")]
    failing = [pair for pair in result.pairs if pair.fails]
    if result.first_origin is not None:
        failing = [result.first_origin, *(pair for pair in failing if pair is not result.first_origin)]
    lines += [_pair(pair, result.sides[1]) for pair in failing[:SHOWN]]
    if len(failing) > SHOWN:
        lines.append(_command("error", f"{len(failing) - SHOWN} more quantities fail", title="compare traces"))
    for problem in result.problems:
        kind = "notice" if problem.waived else "error"
        lines.append(_command(kind, problem_sentence(problem), title=problem.kind.value))
    lines += [_command("notice", sentence, title="waived") for sentence in waived_sentences(result)]
    return "\n".join(lines) + "\n"


def _pair(pair: Pair, side: SideInfo) -> str:
    place: dict[str, str] = {}
    if len(side.paths) == 1 and side.paths[0] != "-":
        place = {"file": side.paths[0]} | ({"line": str(pair.line_b)} if pair.line_b else {})
    return _command("error", pair_sentence(pair), **place, title=str(pair.key))


def _command(level: str, message: str, **properties: str) -> str:
    inner = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {inner}::{_data(message)}"


def _data(text: str) -> str:
    """What the runner decodes after the second ``::``."""
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
