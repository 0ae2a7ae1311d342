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
    r"TOKEN|SECRET|PASS|PWD$|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AUTH|JWT|COOKIE|SESSION|_KEY$|_PAT$",
    re.IGNORECASE,
)
NOT_SECRET = re.compile(
    r"^(?:OLD)?PWD$|PASSIVE|PASSED|PASSES|SSH_AUTH_SOCK|XAUTHORITY|SESSION_(?:ID|TYPE|CLASS)$|DESKTOP"
)
IN_URL = re.compile(r"(?<=://)[^/\s:@\"'<>]*:[^/\s@\"'<>]+(?=@)")
"""User and password of an address."""
HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization|x-api-key|x-auth-token|(?:set-)?cookie)(\s*[:=]\s*)(\S[^\"'\n]*)")
BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9._~+/-]{8,}=*)")
JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*")
GLUED_USER = re.compile(r"((?:-u|--user=|--proxy-user=)[^:\s]+):(\S+)")
USER_FLAGS = ("-u", "--user", "--proxy-user", "-U")
"""Flags of which the word after them is ``user:password``."""
SHORTEST_SECRET = 6
"""A shorter value is too likely to be part of ordinary text to be cut out of it."""


def looks_secret(name: str) -> bool:
    """True for a variable's name that looks like a credential's."""
    name = name.replace("-", "_")
    return SECRET_NAME.search(name) is not None and NOT_SECRET.search(name) is None


def without_secrets(text: str, more: Mapping[str, str] | None = None) -> str:
    """The text without the value of every variable that looks like a credential, and without what any credential
    looks like: passwords in addresses, authorization headers, signed tokens.

    ``more`` are variables besides the process's own.
    """
    text = IN_URL.sub("[secret]", text)
    text = HEADER.sub(r"\1\2[secret]", text)
    text = BEARER.sub(r"\1\2[secret]", text)
    text = JWT.sub("[secret]", text)
    for value in _secret_values({**os.environ, **(more or {})}):
        for spelling in (value, json.dumps(value)[1:-1]):
            text = re.sub(_as_whole(spelling), "[secret]", text)
    return text


def names_a_secret(content: bytes, more: Mapping[str, str] | None = None) -> bool:
    """Whether bytes that are no text hold the value of a variable that looks like a credential."""
    return any(value.encode("utf-8", "replace") in content for value in _secret_values({**os.environ, **(more or {})}))


def _as_whole(secret: str) -> str:
    """A pattern of the secret; one of digits alone must not be found inside the numbers of a trace."""
    pattern = re.escape(secret)
    return rf"(?<![\w.+-]){pattern}(?![\w.])" if secret.isdecimal() else pattern


def hide_secrets(argv: Sequence[str]) -> list[str]:
    """A command line without credentials: neither their values nor what follows a flag named like one."""
    shown: list[str] = []
    follows = user_follows = False
    for word in argv:
        name, equals, value = word.partition("=")
        if follows and not word.startswith("-"):
            shown.append("[secret]")
        elif equals and value and looks_secret(name):
            shown.append(f"{name}=[secret]")
        elif user_follows and ":" in word:
            shown.append(f"{word.partition(':')[0]}:[secret]")
        elif (glued := GLUED_USER.fullmatch(word)) is not None:
            shown.append(f"{glued[1]}:[secret]")
        else:
            shown.append(without_secrets(word))
        follows = word.startswith("-") and not equals and looks_secret(word)
        user_follows = word in USER_FLAGS
    return shown


def _secret_values(variables: Mapping[str, str]) -> list[str]:
    values = {value for name, value in variables.items() if looks_secret(name) and len(value) >= SHORTEST_SECRET}
    values |= {
        password
        for value in variables.values()
        for pair in IN_URL.findall(value)
        if len(password := pair.partition(":")[2]) >= SHORTEST_SECRET
    }
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

    package = str(Path(__file__).resolve().parents[2])
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
