"""What loggers, terminals and boxes put before a message, and lines that say nothing of what was computed."""

from __future__ import annotations

import re

from compare.reading.envelope import TERMINAL

CLOCK = r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|\s?[+-]\d{2}:?\d{2})?"
DAY = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
NAMED_DAY = (
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,?\s+)?(?:\d{1,2}\s+)?"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*\s+\d{1,2}(?:,?\s+\d{4})?"
)
TIME = rf"(?:{DAY}[T\s]+{CLOCK}|{NAMED_DAY}\s+{CLOCK}(?:\s+\d{{4}})?|{CLOCK})"
LEVEL = (
    r"(?:trace|debug|info|information|notice|warn|warning|error|critical|fatal|success|"
    r"TRACE|DEBUG|INFO|Info|NOTICE|WARN|Warn|WARNING|Warning|ERROR|Error|CRITICAL|FATAL|SUCCESS|Debug)"
)
WHERE = r"[\w./\\-]+\.(?:c|cc|cpp|cxx|cu|h|hpp|f|f90|F90|py|rs|jl|go|m|java)[:(]\d+(?::\d+)?\)?"
MARKS = (  # each with what ends it; tried again and again from the left
    re.compile(rf"\[\s*{TIME}\s*\]:?\s*|{TIME}\s*(?:[|:-]\s+|\s|$)"),
    re.compile(rf"\[\s*{LEVEL}\s*\]:?\s*|<{LEVEL}>\s*|{LEVEL}\s*[|:-]+\s+|{LEVEL}\s{{2,}}|(?-i:[A-Z]{{4,8}})\s+-\s+"),
    re.compile(rf"\[{WHERE}\]:?\s*|{WHERE}(?:[:\]]\s*|\s+(?:-\s+)?)"),
    re.compile(r"[IWEF]\d{4}\s+\d\d:\d\d:\d\d\.\d+\s+\d+\s+[\w./-]+:\d+\]\s*"),
    re.compile(r"\[(?:thread|pid|process|tid)[\s:=]*\d+\]\s*", re.I),
    re.compile(r"(?:[│├└┌╭╰║╎┃╠╚╔>#]+|[-*•]|└─+|├─+)\s+(?:Info:|Warning:)?\s*"),
)
DATED_MARKS = (  # only behind a time: else they could be names
    re.compile(r"[\w.]+:[\w<>.]+:\d+\s+-\s+"),
    re.compile(r"[A-Za-z_][\w.-]*\s+(?:-|\|)\s+"),
    re.compile(r"\[[A-Za-z_][\w.-]*\]:?\s*"),
    re.compile(LEVEL + r"\s+"),
)
PROGRESS = re.compile(r"\d+(?:\.\d+)?\s*%\s*\||\d+(?:\.\d+)?(?:it|iB|B)/s|\b\d+%\|")
RULE = re.compile(r"[\s=*#~_+|.:-]*$")
MOST_MARKS = 12


def lines_of(text: str) -> list[str]:
    """What one line of a file shows on a terminal: without colours, its overwritten parts as lines of their own."""
    if "\x1b" in text:
        text = TERMINAL.sub(b"", text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    return [part for part in text.split("\r") if part.strip()] if "\r" in text else [text]


def without_prefix(text: str) -> str:
    """A message without time, level, place in the source and the signs of boxes and lists before it."""
    text = text.strip()
    dated = False
    for _ in range(MOST_MARKS):
        end = 0
        for at, mark in enumerate((*MARKS, *(DATED_MARKS if dated else ()))):
            found = mark.match(text)
            if found and found.end():
                end, dated = found.end(), dated or at == 0
                break
        if not end:
            break
        text = text[end:]
    return text.strip()


def is_progress(text: str) -> bool:
    """Whether a line is a progress bar: it shows how long a run takes."""
    return PROGRESS.search(text) is not None


def is_rule(text: str) -> bool:
    return RULE.match(text) is not None
