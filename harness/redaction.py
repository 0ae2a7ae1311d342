"""What never gets into an evidence folder: credentials; and, for folders that are shared, who and where."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import socket
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AUTH|COOKIE|SESSION|_KEY$|_PAT$",
    re.IGNORECASE,
)
SHORTEST_SECRET = 6
"""A shorter value is too likely to be part of ordinary text to be cut out of it."""


def looks_secret(name: str) -> bool:
    """True for a variable's name that looks like a credential's."""
    return SECRET_NAME.search(name.replace("-", "_")) is not None


def without_secrets(text: str, more: Mapping[str, str] | None = None) -> str:
    """The text with the value of every variable that looks like a credential cut out of it.

    ``more`` are variables besides the process's own.
    """
    for value in _secret_values({**os.environ, **(more or {})}):
        for spelling in (value, json.dumps(value)[1:-1]):
            text = re.sub(_as_whole(spelling), "[secret]", text)
    return text


def _as_whole(secret: str) -> str:
    """A pattern of the secret; one of digits alone must not be found inside the numbers of a trace."""
    pattern = re.escape(secret)
    return rf"(?<![\w.+-]){pattern}(?![\w.])" if secret.isdecimal() else pattern


def hide_secrets(argv: Sequence[str]) -> list[str]:
    """A command line without credentials: neither their values nor what follows a flag named like one."""
    shown: list[str] = []
    follows = False
    for word in argv:
        name, equals, value = word.partition("=")
        if follows and not word.startswith("-"):
            shown.append("[secret]")
        elif equals and value and looks_secret(name):
            shown.append(f"{name}=[secret]")
        else:
            shown.append(without_secrets(word))
        follows = word.startswith("-") and not equals and looks_secret(word)
    return shown


def _secret_values(variables: Mapping[str, str]) -> list[str]:
    values = {value for name, value in variables.items() if looks_secret(name) and len(value) >= SHORTEST_SECRET}
    ordinary = {value for name, value in variables.items() if not looks_secret(name)}
    return sorted(values - ordinary, key=len, reverse=True)


def redacted(text: str) -> str:
    """Paths relative to the working folder or to the home folder; host, user and kernel names left out."""
    for path, stand_in in _places():
        text = re.sub(rf"{re.escape(path)}(?=[/\s'\":,;)\]]|$)", stand_in, text)
    for name, stand_in in _names():
        text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", stand_in, text)
    return text


def _places() -> list[tuple[str, str]]:
    import sys
    import tempfile

    package = str(Path(__file__).resolve().parent.parent)
    known = [
        (str(Path.cwd()), "."),
        (package, "[project]"),
        (sys.prefix, "[python]"),
        (sys.base_prefix, "[python]"),
        (tempfile.gettempdir(), "[tmp]"),
        (str(Path.home()), "~"),
    ]
    usable = [(path, stand_in) for path, stand_in in known if len(path) > 1]
    return sorted(usable, key=lambda item: len(item[0]), reverse=True)


@cache
def _names() -> list[tuple[str, str]]:
    names = [(socket.gethostname(), "[host]"), (platform.release(), "[kernel]")]
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    if len(user) > 1 and user != "root":  # root is nobody's name, and an ordinary word
        names.append((user, "[user]"))
    return [(name, stand_in) for name, stand_in in names if len(name) > 1]
