"""nanoBragg, the first subject: its C program, its PyTorch port, its words, cases and audits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.subject import Subject


def subject() -> Subject:
    """The subject, for the entry point."""
    from subjects.nanobragg.description import NanoBragg

    return NanoBragg()
