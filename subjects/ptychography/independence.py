"""``harness --subject ptychography independence``: does a pattern depend on which others are computed with it?

The counterpart of a carry-over audit: every position alone, all of them, and all in reverse order must give the same
bits, in the C program and in the port.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from harness.errors import WrongUse
from harness.running.processes import run
from subjects.ptychography import port
from subjects.ptychography.arrays import read_npy
from subjects.ptychography.cases import Case, case_named
from subjects.ptychography.commandline import parse
from subjects.ptychography.programs import find_program, without

Images = Callable[[list[int]], np.ndarray]


def dependent(images: Images, count: int) -> list[int]:
    """Positions whose pattern changes with the company it is computed in; ``images`` makes those of some positions."""
    together, reversed_ = images(list(range(count))), images(list(range(count))[::-1])[::-1]
    alone = np.concatenate([images([j]) for j in range(count)])
    same = (together == alone) & (together == reversed_)
    return [j for j in range(count) if not same[j].all()]


def programs(case: Case, folder: Path) -> tuple[dict[str, Images], int]:
    """Both programs as functions of positions, and how many positions there are."""
    scan = case.write(folder)
    words = ["-scan", str(scan), *without(case.argv, ("-positions",)), "-image", str(folder / "i.npy")]
    binary = str(find_program(None))

    def argv(chosen: list[int]) -> list[str]:
        return [*words, "-positions", ",".join(map(str, chosen))]

    def by_c(chosen: list[int]) -> np.ndarray:
        finished = run([binary, *argv(chosen)], folder, None)
        if finished.status != 0:
            raise WrongUse(finished.stderr.strip())
        return read_npy(folder / "i.npy")

    def by_port(chosen: list[int]) -> np.ndarray:
        found = port.run(parse(argv(chosen))).image
        assert found is not None
        return found

    return {"ptycho_c": by_c, "port": by_port}, case.recipe.side**2


def independence(
    case: Annotated[str, typer.Option("--case", help="A packaged case.")] = "sub_pixel",
) -> None:
    """Every pattern alone, with all others, and in reverse order: the same bits?"""
    try:
        made = case_named(case)
    except KeyError as error:
        raise WrongUse(f"no case {case!r}; see `harness --subject ptychography cases list`") from error
    failed = False
    with tempfile.TemporaryDirectory(prefix="ptychography_") as folder:
        both, count = programs(made, Path(folder))
        for name, images in both.items():
            found = dependent(images, count)
            failed |= bool(found)
            typer.echo(f"{name}: {count - len(found)} of {count} patterns are the same alone, together and reversed")
            if found:
                typer.echo(f"  position {found[0]} depends on the others")
    raise typer.Exit(int(failed))
