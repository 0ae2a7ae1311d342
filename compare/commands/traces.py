"""``compare traces A B``: do two traces agree, and which step is the first that does not?"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from compare.errors import InputError
from compare.judging.result import Comparison
from compare.writing import write_whole

STANDARD_OUTPUT = "-"
# option -> module of compare.render, endings that make the next word a file name
FORMATS = {
    "json": ("json_", (".json",)),
    "csv": ("csv_", (".csv",)),
    "junit": ("junit", (".xml",)),
    "sarif": ("sarif", (".sarif", ".json")),
    "github": ("github", (".txt",)),
    "markdown": ("markdown", (".md", ".txt")),
    "html": ("html", (".html", ".htm")),
}


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
    asked = {"json": json, "csv": csv, "junit": junit, "sarif": sarif, "github": github} | {
        "markdown": markdown,
        "html": html,
    }
    outputs = {form: target for form, target in asked.items() if target is not None}
    if list(outputs.values()).count(STANDARD_OUTPUT) > 1:
        raise InputError("only one format can go to standard output; give the others a file (--csv=FILE)")
    digits = digits_a, digits_b
    if len(b) > 1:
        raise typer.Exit(_several(a, b, vocabulary, tolerance, waivers, digits, partial, outputs, evidence))
    side_a, side_b = [a, *(a_also or ())], [*b, *(b_also or ())]
    result = _compared(side_a, side_b, vocabulary, tolerance, waivers, digits, partial)
    if evidence is not None:
        _seal(evidence, result, side_a, side_b)
    for form, target in outputs.items():
        _write(form, target, result)
    if STANDARD_OUTPUT not in outputs.values():
        from compare.render.table import print_comparison

        print_comparison(result, everything=everything)
    raise typer.Exit(result.exit_code)


def _several(
    a: str,
    programs: list[str],
    vocabulary: Path | None,
    tolerance: Path | None,
    waivers: Path | None,
    digits: tuple[int | None, int | None],
    partial: bool,
    outputs: dict[str, str],
    evidence: Path | None,
) -> int:
    """One reference, several programs: one table, or all of them as JSON."""
    from compare.judging.several import as_json, exit_code_of, print_several

    if others := sorted(set(outputs) - {"json"}):
        raise InputError(f"--{others[0]} takes one comparison; of several there is a table and --json")
    if "-" in (a, *programs):
        raise InputError("several comparisons read their logs more than once; name files instead of -")
    results = {b: _compared([a], [b], vocabulary, tolerance, waivers, digits, partial) for b in dict.fromkeys(programs)}
    if evidence is not None:
        for b, result in results.items():
            _seal(evidence, result, [a], [b])
    target = outputs.get("json")
    if target == STANDARD_OUTPUT:
        sys.stdout.write(as_json(results))
    else:
        print_several(results)
        if target is not None:
            write_whole(Path(target), as_json(results).encode())
    return exit_code_of(results)


def _seal(root: Path, result: Comparison, a: list[str], b: list[str]) -> None:
    """An evidence folder; its name goes to standard error, where no format is."""
    from compare.folders.sealing import logs_of, seal_comparison

    try:
        folder = seal_comparison(root, f"traces_{Path(b[0]).stem}", result, logs_of({"a": a, "b": b}))
    except OSError as error:
        raise InputError(f"--evidence {root} cannot be written: {error.strerror}") from error
    typer.echo(f"sealed: {folder}", err=True)


def _compared(
    a: list[str],
    b: list[str],
    vocabulary: Path | None,
    tolerance: Path | None,
    waivers: Path | None,
    digits: tuple[int | None, int | None],
    partial: bool,
) -> Comparison:
    from compare.judging import tolerances as tolerance_files
    from compare.judging.engine import compare_traces
    from compare.progress import working
    from compare.words import vocabulary as vocabularies

    accepted = import_module("compare.judging.waivers").load(waivers) if waivers else None
    words = vocabularies.load(vocabulary) if vocabulary else None
    limits = tolerance_files.load(tolerance) if tolerance else None
    with working(f"reading {', '.join([*a, *b])} and comparing"):
        result = compare_traces(a, b, vocabulary=words, tolerances=limits, digits=digits, partial=partial)
    if accepted is None:
        return result
    waived: Comparison = import_module("compare.judging.waivers").apply(result, accepted)
    return waived


def _write(form: str, target: str, result: Comparison) -> None:
    """Render into standard output, or into a file that appears whole or not at all."""
    text = import_module(f"compare.render.{FORMATS[form][0]}").render(result)
    if not text.endswith("\n"):
        text += "\n"
    if target == STANDARD_OUTPUT:
        from compare.render.text import without_commands

        sys.stdout.write(text if form == "github" else without_commands(text))
        return
    write_whole(Path(target), text.encode("utf-8", "surrogateescape"))
