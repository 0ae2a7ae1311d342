"""What ``compare traces`` does once its words are understood: compares, seals, writes. Needs no parser of options."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

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


@dataclass(frozen=True)
class Asked:
    """How two logs are to be compared, and where to write what came out."""

    vocabulary: Path | None = None
    tolerance: Path | None = None
    waivers: Path | None = None
    digits: tuple[int | None, int | None] = (None, None)
    partial: bool = False
    everything: bool = False
    evidence: Path | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)  # format -> file, or standard output


def plainly(words: Sequence[str]) -> int:
    """``compare traces A B...`` without any option."""
    return compared_files([words[0]], list(words[1:]), [], Asked())


def compared_files(side_a: Sequence[str], programs: Sequence[str], b_also: Sequence[str], asked: Asked) -> int:
    """Compare, write, print; the exit code. ``side_a``: the reference's files; a file of each program under test."""
    if list(asked.outputs.values()).count(STANDARD_OUTPUT) > 1:
        raise InputError("only one format can go to standard output; give the others a file (--csv=FILE)")
    if len(programs) > 1:
        return _several(side_a[0], programs, asked)
    side_b = [*programs, *b_also]
    result = _compared(side_a, side_b, asked)
    if asked.evidence is not None:
        _seal(asked.evidence, result, side_a, side_b)
    for form, target in asked.outputs.items():
        _write(form, target, result)
    if STANDARD_OUTPUT not in asked.outputs.values():
        from compare.render.table import print_comparison

        print_comparison(result, everything=asked.everything)
    return result.exit_code


def _several(a: str, programs: Sequence[str], asked: Asked) -> int:
    """One reference, several programs: one table, or all of them as JSON."""
    from compare.judging.several import as_json, exit_code_of, print_several

    if others := sorted(set(asked.outputs) - {"json"}):
        raise InputError(f"--{others[0]} takes one comparison; of several there is a table and --json")
    if "-" in (a, *programs):
        raise InputError("several comparisons read their logs more than once; name files instead of -")
    results = {b: _compared([a], [b], asked) for b in dict.fromkeys(programs)}
    if asked.evidence is not None:
        for b, result in results.items():
            _seal(asked.evidence, result, [a], [b])
    target = asked.outputs.get("json")
    if target == STANDARD_OUTPUT:
        sys.stdout.write(as_json(results))
    else:
        print_several(results)
        if target is not None:
            write_whole(Path(target), as_json(results).encode())
    return exit_code_of(results)


def _seal(root: Path, result: Comparison, a: Sequence[str], b: Sequence[str]) -> None:
    """An evidence folder; its name goes to standard error, where no format is."""
    from compare.folders.sealing import logs_of, seal_comparison

    try:
        folder = seal_comparison(root, f"traces_{Path(b[0]).stem}", result, logs_of({"a": list(a), "b": list(b)}))
    except OSError as error:
        raise InputError(f"--evidence {root} cannot be written: {error.strerror}") from error
    print(f"sealed: {folder}", file=sys.stderr)


def _compared(a: Sequence[str], b: Sequence[str], asked: Asked) -> Comparison:
    from compare.judging import tolerances as tolerance_files
    from compare.judging.engine import compare_traces
    from compare.progress import working
    from compare.words import vocabulary as vocabularies

    accepted = import_module("compare.judging.waivers").load(asked.waivers) if asked.waivers else None
    words = vocabularies.load(asked.vocabulary) if asked.vocabulary else None
    limits = tolerance_files.load(asked.tolerance) if asked.tolerance else None
    with working(f"reading {', '.join([*a, *b])} and comparing"):
        result = compare_traces(
            list(a), list(b), vocabulary=words, tolerances=limits, digits=asked.digits, partial=asked.partial
        )
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
