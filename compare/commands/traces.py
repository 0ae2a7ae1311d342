"""``compare traces A B``: do two traces agree, and which step is the first that does not?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compare.commands.comparing import FORMATS, STANDARD_OUTPUT, Asked, compared_files


def prepare(words: list[str]) -> list[str]:
    """``--json`` alone means standard output, ``--json x.json`` and ``--json=x`` a file."""
    prepared: list[str] = []
    rest = iter([*words, ""])
    word = next(rest)
    while word:
        following = next(rest, "")
        form = FORMATS.get(word[2:]) if word.startswith("--") else None
        if form is None:
            prepared.append(word)
        elif following == STANDARD_OUTPUT or following.endswith(form[1]):
            prepared.append(f"{word}={following}")
            following = next(rest, "")
        else:
            prepared.append(f"{word}={STANDARD_OUTPUT}")
        word = following
    return prepared


def traces(
    a: Annotated[str, typer.Argument(metavar="A", help="Trace of the reference; - is standard input.")],
    b: Annotated[list[str], typer.Argument(metavar="B...", help="Trace of each program under test.")],
    a_also: Annotated[list[str] | None, typer.Option(help="A further file of A (such as per-phi lines).")] = None,
    b_also: Annotated[list[str] | None, typer.Option(help="A further file of B.")] = None,
    vocabulary: Annotated[Path | None, typer.Option(metavar="FILE", help="Names and steps of another program.")] = None,
    tolerance: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How far apart values may be; else 1e-11 of their scale.")
    ] = None,
    digits_a: Annotated[
        int | None,
        typer.Option(min=1, max=17, help="Significant digits that A prints; else as A or the vocabulary say."),
    ] = None,
    digits_b: Annotated[int | None, typer.Option(min=1, max=17, help="Significant digits that B prints.")] = None,
    waivers: Annotated[Path | None, typer.Option(metavar="FILE", help="Accepted differences.")] = None,
    evidence: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Seal logs, pairs and pages in a new folder under this one.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="A or B may stop before its end.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-v", "--verbose", help="List every pair, not only what differs.")
    ] = False,
    json: Annotated[str | None, typer.Option(metavar="[FILE]", help="JSON, to standard output or a file.")] = None,
    csv: Annotated[str | None, typer.Option(metavar="[FILE]", help="One row a pair.")] = None,
    junit: Annotated[str | None, typer.Option(metavar="[FILE]", help="JUnit XML.")] = None,
    sarif: Annotated[str | None, typer.Option(metavar="[FILE]", help="SARIF 2.1.0.")] = None,
    github: Annotated[str | None, typer.Option(metavar="[FILE]", help="GitHub annotations.")] = None,
    markdown: Annotated[str | None, typer.Option(metavar="[FILE]", help="A table for a pull request.")] = None,
    html: Annotated[str | None, typer.Option(metavar="[FILE]", help="One self-contained page.")] = None,
) -> None:
    """Pair the values of two traces by name and loop indices, classify each difference, name the first step at fault.

    Exit status: 0 parity; 1 divergence, or logs that do not support parity; 2 bad input; 3 nothing was compared.
    """
    targets = {"json": json, "csv": csv, "junit": junit, "sarif": sarif, "github": github} | {
        "markdown": markdown,
        "html": html,
    }
    outputs = {form: target for form, target in targets.items() if target is not None}
    digits = digits_a, digits_b
    asked = Asked(vocabulary, tolerance, waivers, digits, partial, everything, evidence, outputs)
    raise typer.Exit(compared_files([a, *(a_also or ())], b, b_also or (), asked))
