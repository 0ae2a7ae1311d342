"""From the reference program's command line to an Experiment (model, sections 1, 2 and 7; words and headers).

Every word that begins with ``-`` is held against the table of flags, row by row, a flag's value too. A later word
overrides an earlier one, and image headers named by ``-mask`` and ``-img`` come before all of them. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from simulator.commandline.flag_readers import Following, Reading
from simulator.commandline.flags import BY_NAME, FLAGS, Flag, nearest_flag
from simulator.commandline.settings import Settings, header_settings
from simulator.commandline.settings_to_detector import detector_from
from simulator.commandline.settings_to_experiment import experiment_from
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import Detector, Experiment
from simulator.flag_values import leading_number
from simulator.remarks import Remarks


@dataclass(frozen=True)
class Act:
    """One row of the table that acted on a word."""

    at: int
    """Where the word stands."""
    flag: Flag
    fills: dict[str, Any]
    """Settings."""
    taken: int
    """Words after it that are its values."""


def read_experiment(argv: Sequence[str], folder: Path = Path("."), defects: Defects | None = None) -> Experiment:
    """The experiment that a command line describes.

    What the reference ignores, or reads otherwise than it is written, is a warning (``IgnoredInput``), with
    ``--strict`` and without the defect ``flag-substrings`` an error.

    Args:
        argv: the words after the program's name.
        folder: where input files are looked for.
        defects: which defects of reading are on when argv has no ``-defects``; None means all.

    Raises:
        InputError: a value or an input file that cannot be used (exit code 2), or nothing to diffract (exit code 9).
            Nothing is ever written.
    """
    words, folder = [str(word) for word in argv], Path(folder)
    active = defects_of(words, defects)
    remarks = remarks_for(words, active)
    settings = _settings(words, folder, active, remarks)
    experiment = experiment_from(settings, folder, active, remarks)
    remarks.warn()
    return experiment


def read_detector(argv: Sequence[str], folder: Path = Path(".")) -> Detector:
    """The detector alone, for which no input file is needed but the image headers that argv names.

    Raises:
        InputError: an unusable flag, image header or detector.
    """
    words = [str(word) for word in argv]
    active = defects_of(words)
    remarks = remarks_for(words, active)
    return detector_from(_settings(words, Path(folder), active, remarks), remarks)


def defects_of(words: Sequence[str], default: Defects | None = None) -> Defects:
    """The defects that the last ``-defects`` of a command line turns on; all, or the default, without one.

    Raises:
        InputError: it names one that there is not.
    """
    named = _value_of_last("-defects", words, part=False)
    if named is not None:
        return Defects.parse(named)
    return Defects() if default is None else default


def remarks_for(words: Sequence[str], defects: Defects) -> Remarks:
    """Remarks that are errors where the command line or the defects ask for it."""
    return Remarks(strict="flag-substrings" not in defects or "--strict" in words)


def acts(words: Sequence[str], defects: Defects, remarks: Remarks) -> Iterator[Act]:
    """Every row that acts on a word of a command line, in the order in which they act.

    Args:
        words: the words after the program's name.
        defects: whether fragments of flags count, and every word is looked at.
        remarks: what was said so far; forgiving ones let values pass that are refused.

    Raises:
        InputError: a value that is refused, or with strict remarks a word that is no flag and no value.
    """
    values_too = "flag-substrings" in defects
    taken_to = -1
    for at, word in enumerate(words):
        if at <= taken_to and not values_too:
            continue
        acting = list(_acts_on(words, at, defects, remarks)) if word.startswith("-") else []
        yield from (act for act in acting if act.flag is not _LACKING)
        if not acting and at > taken_to:
            remarks.object(_unknown(word))
        taken_to = max([taken_to, *(at + act.taken for act in acting)])


_LACKING = Flag("", 0, lambda following: None)
"""Stands for a row that a word is the name of and that lacks its words."""


def _acts_on(words: Sequence[str], at: int, defects: Defects, remarks: Remarks) -> Iterator[Act]:
    """The rows that act on one word."""
    word, following = words[at], words[at + 1 :]
    whole_words, named = "flag-substrings" not in defects, word in BY_NAME
    lacking: Flag | None = None
    for flag in FLAGS:
        if not flag.matches(word, whole_words=whole_words):
            continue
        meant = not named or word in flag.names
        if len(following) < flag.needs:
            lacking = flag if meant else lacking
            continue
        if meant:
            _refuse_flags_as_values(flag, word, following, remarks)
        reading = _reading(flag, Following(word, following, meant, remarks, defects))
        if reading is None:
            continue
        yield Act(at, flag, *reading)
        if flag.ends:
            break
    if lacking is not None:
        _object_to_lack(lacking, word, remarks)
        yield Act(at, _LACKING, {}, 0)


def _reading(flag: Flag, following: Following) -> Reading | None:
    try:
        return flag.read(following)
    except InputError:
        if following.remarks.forgiving:
            return {}, min(max(flag.needs, 1), len(following.words))
        raise


def _refuse_flags_as_values(flag: Flag, word: str, following: Sequence[str], remarks: Remarks) -> None:
    for value in following[: flag.needs]:
        if value in BY_NAME:
            if flag.own and not remarks.forgiving:
                raise InputError(f"{word} needs {flag.needs} words after it, not the flag {value}")
            remarks.object(f"{word} takes the flag {value} as its value")


def _object_to_lack(flag: Flag, word: str, remarks: Remarks) -> None:
    words = "word" if flag.needs == 1 else "words"
    if flag.own and not remarks.forgiving:
        raise InputError(f"{word} needs {flag.needs} {words} after it")
    remarks.object(f"{word} needs {flag.needs} {words} after it (the reference ignores it)")


def _unknown(word: str) -> str:
    if not word.startswith("-") or leading_number(word).whole:
        return f"'{word}' is neither a flag nor a flag's value (the reference ignores it)"
    return f"unknown flag {word} (the reference ignores it); did you mean {nearest_flag(word)}?"


# ---- settings --------------------------------------------------------------------------------------------------------


def _settings(words: Sequence[str], folder: Path, defects: Defects, remarks: Remarks) -> Settings:
    settings = _headers(words, folder, defects, remarks)
    for act in acts(words, defects, remarks):
        settings = _filled(settings, act.fills)
    return settings


def _filled(settings: Settings, fills: dict[str, Any]) -> Settings:
    """The settings with what a row fills: most are replaced, traced pixels added, a cell's numbers laid over it."""
    if "trace_pixel" in fills:
        return replace(settings, trace_pixels=(*settings.trace_pixels, fills["trace_pixel"]))
    if "cell_start" in fills:
        start = fills["cell_start"]
        before = settings.cell_A_deg or (0.0,) * 6
        return replace(settings, cell_A_deg=(*start, *before[len(start) :]))
    return replace(settings, **fills)


def _headers(words: Sequence[str], folder: Path, defects: Defects, remarks: Remarks) -> Settings:
    """The start settings with what the headers of the mask, then of the image say."""
    settings = Settings()
    parts = "flag-substrings" in defects
    for flag, field, is_mask in (("-mask", "mask_file", True), ("-img", "image_file", False)):
        name = _value_of_last(flag, words, part=parts)
        if name is not None:
            settings = header_settings(settings, folder, name, defects, remarks, is_mask=is_mask, field=field)
    return settings


def _value_of_last(name: str, words: Sequence[str], *, part: bool) -> str | None:
    """The word after the last one that is ``name``, or where a part is enough contains it."""
    value = None
    for word, following in pairwise(words):
        if word == name or (part and word.startswith("-") and name in word):
            value = following
    return value
