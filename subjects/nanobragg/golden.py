"""Cases with golden figures: images, traces and statistics of the reference program as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import Case, Golden, Section
from harness.errors import WrongUse
from harness.questions.comparing import DIVERGENCE, FAILED, Check, compare_sections, trace_check
from harness.questions.traced import Trace
from harness.subject import Ran, Role
from subjects.nanobragg.flag_roles import command_line
from subjects.nanobragg.judging import PRINTED, image_checks, images_of, printed_check
from subjects.nanobragg.reference import stating

if TYPE_CHECKING:
    import numpy as np

MISSING_INPUT = 9
"""The reference's exit status where input is missing."""

STATISTICS_TOLERANCE = 1e-9
"""Relative; the golden sums were added in another order."""


def golden_cases(folder: Path) -> tuple[Case, ...]:
    """The cases of a folder of golden figures: of its own ``index.json`` and of those in the folders in it."""
    indices = [path for path in (folder / "index.json", *sorted(folder.glob("*/index.json"))) if path.is_file()]
    if not indices:
        raise WrongUse(f"no index.json in {folder} nor in a folder in it; --golden takes a folder that has one")
    cases: dict[str, Case] = {}
    for index in indices:
        for case in _cases_of(index):
            name = f"{index.parent.name}_{case.name}" if case.name in cases else case.name
            cases[name] = replace(case, name=name)
    return tuple(cases.values())


def _cases_of(index: Path) -> tuple[Case, ...]:
    try:
        entries = json.loads(index.read_text("utf-8"))
        return tuple(_golden_case(name, entry, index.parent) for name, entry in entries.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongUse(f"{index}: not an index of golden cases: {error!r}") from error


def _golden_case(name: str, entry: Mapping[str, Any], folder: Path) -> Case:
    traces: dict[Section, Path] = {
        (item["slow"], item["fast"]): folder / item["file"] for item in entry.get("traces", ())
    }
    fails, argv = entry.get("exit", 0) != 0, tuple(entry["argv"])
    origin = next((path for path in (folder.parent / "inputs", folder / "inputs") if path.is_dir()), folder)
    crop = entry.get("crop_slow0_slow1_fast0_fast1")
    golden = Golden(
        image=None if fails else folder / f"{name}.npz",
        crop=tuple(crop) if crop else None,
        traces=traces,
        stats=entry.get("stats") or {},
    )
    return Case(
        name=name,
        argv=argv,
        sections=tuple(traces),
        setup=tuple(tuple(line) for line in entry.get("setup") or ()),
        description="golden figures of the reference program",
        fails=fails,
        reason=_missing_input(argv, origin) if entry.get("exit") == MISSING_INPUT else "",
        golden=golden,
        origin=origin,
    )


def _missing_input(argv: tuple[str, ...], origin: Path) -> str:
    """The file that a case fails for; empty where all of its inputs are there."""
    inputs = (word.text for word in command_line(argv).words if word.role is Role.INPUT)
    return next((name for name in inputs if not (origin / name).is_file()), "")


# ---- judging ------------------------------------------------------------------------------------------------------


def golden_checks(case: Case, reference: Ran, port: Ran) -> Iterator[Check]:
    if case.golden is None:
        return
    figures = [path for path in (case.golden.image, *case.golden.traces.values()) if path is not None]
    if missing := [path.name for path in figures if not path.is_file()]:
        yield Check("golden figures", FAILED, f"missing: {', '.join(missing)}; the index names them")
        return
    if traces := {section: _trace(path, section) for section, path in case.golden.traces.items()}:
        for side, run in (("reference", reference), ("port", port)):
            yield trace_check(f"golden {side} traces", compare_sections(traces, run.traces, ("golden", side)))
    if case.golden.image is None:
        return
    golden = _golden_images(case.golden.image)
    for side, run in (("reference", reference), ("port", port)):
        images = images_of(run)
        got = {kind: _cropped(image, case.golden.crop) for kind, image in images.items() if kind in golden}
        yield from image_checks(f"golden {side} ", golden, got)
        yield from _statistics_checks(f"golden {side} ", case.golden.stats, images["float"])
        yield from _printed_checks(f"golden {side} ", case.golden.stats, run.artifacts.get(PRINTED, {}))


def _printed_checks(
    prefix: str, stats: Mapping[str, object], printed: Mapping[str, tuple[str, ...]]
) -> Iterator[Check]:
    """What the reference printed about its image, against what a program prints."""
    expected = {
        "mean, rms, rmsd": tuple(str(stats[f"{name}_printed"]) for name in ("mean", "rms", "rmsd"))
        if "mean_printed" in stats
        else (),
        "solid angle": (str(stats["solid_angle_printed"]),) if "solid_angle_printed" in stats else (),
    }
    wanted = {name: words for name, words in expected.items() if words}
    if wanted:
        yield printed_check(f"{prefix}printed", wanted, {name: printed.get(name, ()) for name in wanted})


def _trace(path: Path, section: Section) -> Trace:
    return Trace(stating(path.read_text("utf-8"), section))


def _golden_images(path: Path) -> dict[str, np.ndarray]:
    import numpy as np

    with np.load(path) as stored:
        return {"float" if name == "image" else name: stored[name] for name in stored.files}


def _cropped(image: np.ndarray, crop: tuple[int, int, int, int] | None) -> np.ndarray:
    return image if crop is None else image[crop[0] : crop[1], crop[2] : crop[3]]


def _statistics_checks(prefix: str, stats: Mapping[str, object], image: np.ndarray) -> Iterator[Check]:
    """Sum, maximum and where it is, over the whole image."""
    import numpy as np

    if "sum" not in stats:
        return
    total, largest = float(image.astype(np.float64).sum()), float(image.max())
    place = [int(index) for index in np.unravel_index(int(image.argmax()), image.shape)]
    expected = (float(str(stats["sum"])), float(str(stats["max"])), stats["argmax_slow_fast"])
    fine = (
        abs(total - expected[0]) <= STATISTICS_TOLERANCE * abs(expected[0])
        and abs(largest - expected[1]) <= STATISTICS_TOLERANCE * abs(expected[1])
        and place == expected[2]
    )
    text = f"sum {total:.17g}, maximum {largest:.9g} at {place}"
    if not fine:
        text += f"; golden: sum {expected[0]:.17g}, maximum {expected[1]:.9g} at {expected[2]}"
    yield Check(f"{prefix}statistics", 0 if fine else DIVERGENCE, text)
