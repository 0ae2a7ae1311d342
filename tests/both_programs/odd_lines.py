"""Command lines and headers as users have them: fragments, ignored words, numbers with something behind them."""

from __future__ import annotations

import random
from collections.abc import Callable

FRAGMENTS = {
    "-lambda": ("-wavelength", "-lambda_A", "-Lambda"),
    "-wave": ("-wavelength",),
    "-mat": ("-matrix", "-mat_file"),
    "-distance": ("-distance_mm", "-my-distance", "-Distance"),
    "-osc": ("-osc_range", "-oscillation"),
    "-phisteps": ("-phisteps_", "-phistep"),
    "-mosaic_domains": ("-mosaic_domain", "-mosaic_dom"),
    "-mosaic": ("-mosaicity", "-mosaici", "-mosaic_"),
    "-adc": ("-adcoffset", "-adc_offset"),
    "-detector_abs": ("-detector_absorb", "-detector_absorption"),
    "-detector_thick": ("-detector_thickness", "-detector_thic"),
    "-thicksteps": ("-detector_thicksteps", "-thickstepsize"),
    "-xtalsize": ("-xtal_size", "-xtalsizes"),
    "-sample_x": ("-xtal_x", "-sample_thickness"),
    "-width": ("-width_mm", "-sample_width_"),
    "-sample_height": ("-sample_heigh", "-xtal_z"),
    "-detpixels_x": ("-detpixels_fast", "-detpixels_xy"),
    "-detpixels_y": ("-detpixels_slow", "-detpixels_y_"),
    "-N": ("-Na", "-Ncells", "-Nabc"),
    "-dispersion": ("-dispersion_percent", "-dispersions"),
    "-dispsteps": ("-dispstep", "-dispsteps_"),
    "-hdivrange": ("-hdiv", "-hdivranges"),
    "-vdivrange": ("-vdiv",),
    "-hdivsteps": ("-hdivstep", "-hdivsteps_"),
    "-default_F": ("-default_Fs", "-default"),
    "-oversample": ("-oversample_thickness", "-oversampling"),
    "-nonoise": ("-nonoises", "-no_noise"),
    "-pivot": ("-pivots",),
    "-seed": ("-seeds", "-noise-seed"),
    "-twotheta": ("-twotheta_deg",),
    "-phi": ("-phi_start", "-phi0"),
    "-xds": ("-xds_frame",),
    "-curved_det": ("-curved_detector",),
}
"""Other words that people write for a flag: some act like it, some otherwise, some not at all."""

IGNORED = ("-hdiv 0", "-vdiv 0", "-dispstep 3", "-not_a_flag 3", "stray", "-5", "0", "-xdet_vector 1 0 0", "--help")
LAST_WORDS = ("-curved_det", "-distance", "-roi 1 2", "-cell", "-misset 1 2", "-detector_abs", "-beam_vector 1", "-hkl")
BEHIND = ("mm", " mm", "D+00", ".", "e", ",5", "x")
NUMBERS = ("inf", "nan", "0x64", "1e400", "-0", "abc", "", "99999999999", "+3", " 4", "-7")

Words = list[str]


def odd(words: Words, r: random.Random) -> Words:
    """The words with a few changes of the kinds that users make."""
    words = list(words)
    for _ in range(r.randint(1, 3)):
        r.choice(CHANGES)(words, r)
    return words


def another_name(words: Words, r: random.Random) -> None:
    known = [at for at, word in enumerate(words) if word in FRAGMENTS]
    if known:
        at = r.choice(known)
        words[at] = r.choice(FRAGMENTS[words[at]])


def ignored_words(words: Words, r: random.Random) -> None:
    at = r.choice([at for at, word in enumerate(words) if word.startswith("-")])
    words[at:at] = r.choice(IGNORED).split()


def something_behind_a_number(words: Words, r: random.Random) -> None:
    at = _number(words, r)
    words[at] += r.choice(BEHIND)


def another_number(words: Words, r: random.Random) -> None:
    at = _number(words, r)
    if words[at - 1] != "-detector_abs":  # the difference of two numbers next to 1 is rounding alone
        words[at] = r.choice(NUMBERS)


def one_word_less(words: Words, r: random.Random) -> None:
    del words[_number(words, r)]


def last_words(words: Words, r: random.Random) -> None:
    words += r.choice(LAST_WORDS).split()


def twice(words: Words, r: random.Random) -> None:
    at = _number(words, r)
    words += words[at - 1 : at + 1]


def strict(words: Words, r: random.Random) -> None:
    words.insert(0, "--strict")


CHANGES: tuple[Callable[[Words, random.Random], None], ...] = (
    another_name,
    another_name,
    ignored_words,
    something_behind_a_number,
    another_number,
    one_word_less,
    last_words,
    twice,
    strict,
)


def _number(words: Words, r: random.Random) -> int:
    """Where a word stands that begins with a digit (there is one: a size, a cell)."""
    return r.choice([at for at, word in enumerate(words) if word.lstrip("-+")[:1].isdigit() and at] or [1])


def odd_header(header: str, r: random.Random) -> str:
    """An SMV header with a few changes of the kinds that writers of images make."""
    for _ in range(r.randint(1, 3)):
        header = r.choice(HEADER_CHANGES)(header, r)
    return header


def _line(header: str, r: random.Random) -> str:
    return r.choice([line for line in header.split("\n") if "=" in line and "HEADER_BYTES" not in line] or [header])


def _replaced(change: Callable[[str], str]) -> Callable[[str, random.Random], str]:
    def apply(header: str, r: random.Random) -> str:
        line = _line(header, r)
        return header.replace(line, change(line), 1)

    return apply


HEADER_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    _replaced(lambda line: line.replace("=", " = ")),
    _replaced(lambda line: line.replace(";", " mm;")),
    _replaced(lambda line: line.replace(";", "")),
    _replaced(lambda line: line.replace("=", "= ")),
    _replaced(lambda line: f"{line}\n{line.replace('=', '=7')}"),
    _replaced(lambda line: f"{line}\nCOMMENT=was {line.replace('=', '=8')}"),
    _replaced(lambda line: f"{line}\n{line.partition('=')[0]}_UNIT=mm;"),
    _replaced(lambda line: f"AXES={{ {line} }};"),
    _replaced(lambda line: ""),
    _replaced(lambda line: line.replace(";", "D+00;")),
    lambda header, r: header.replace("\n", "\r\n") if r.random() < 0.3 else header.replace(";\n", ";"),
    lambda header, r: header.replace(
        "HEADER_BYTES=512", f"HEADER_BYTES={r.choice(['  512', '700', '100', '1024', '0'])}"
    ),
    lambda header, r: header.replace("SIZE1=", r.choice(["SIZE1=0;\nDETECTOR_DIMENSIONS=", "XSIZE1=", "SIZE1=9"])),
)
