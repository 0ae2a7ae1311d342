"""From the reference program's command line to an Experiment (model, sections 1, 2 and 7).

Flags are read left to right, a later one overrides an earlier one, and image headers named by ``-mask`` and ``-img``
come before all flags. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.defects import Defects
from simulator.experiment import Detector, Experiment
from simulator.flags import Flag, find_flag, substring_effects
from simulator.settings import Settings, header_settings
from simulator.settings_to_experiment import detector_from, experiment_from


def read_experiment(argv: Sequence[str], folder: Path = Path("."), defects: Defects | None = None) -> Experiment:
    """The experiment that a command line describes.

    Args:
        argv: the words after the program's name.
        folder: where input files are looked for.
        defects: which defects of reading are on when argv has no ``-defects``; None means all.

    Raises:
        InputError: an unknown, incomplete or unusable flag, a bad input file (exit code 2), or nothing to diffract
            (exit code 9). Nothing is ever written.
    """
    settings, active = _read(argv, Path(folder), defects)
    return experiment_from(settings, Path(folder), active)


def read_detector(argv: Sequence[str], folder: Path = Path(".")) -> Detector:
    """The detector alone, for which no input file is needed but the image headers that argv names.

    Raises:
        InputError: an unusable flag, image header or detector.
    """
    return detector_from(_read(argv, Path(folder), None)[0])


def _read(argv: Sequence[str], folder: Path, defects: Defects | None) -> tuple[Settings, Defects]:
    readings = list(_read_flags([str(word) for word in argv]))
    said = [settings["defects"] for _, settings, _ in readings if "defects" in settings]
    active = said[-1] if said else defects if defects is not None else Defects()
    settings = _headers(readings, folder)
    for name, filled, following in readings:
        settings = _apply(settings, name, filled)
        if "flag-substrings" in active:
            settings = replace(settings, **substring_effects(name, following))
    return settings, active


def _read_flags(words: list[str]) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Each flag in turn: its word, the settings it fills, and all the words after it."""
    position, before = 0, None
    while position < len(words):
        name = words[position]
        flag: Flag = find_flag(name, before)
        following = words[position + 1 :]
        filled, used = flag.read(name, following)
        yield name, filled, following
        position, before = position + 1 + used, name


def _apply(settings: Settings, name: str, filled: dict[str, Any]) -> Settings:
    if name == "-trace_pixel":
        return replace(settings, trace_pixels=(*settings.trace_pixels, filled["trace_pixel"]))
    return replace(settings, **filled)


def _headers(readings: Sequence[tuple[str, dict[str, Any], list[str]]], folder: Path) -> Settings:
    """The start settings with what the headers of the mask, then of the image say."""
    settings = Settings()
    for kind in ("mask_file", "image_file"):
        named = [filled[kind] for _, filled, _ in readings if kind in filled]
        if named:
            settings = header_settings(settings, folder, named[-1], is_mask=kind == "mask_file")
    return settings
