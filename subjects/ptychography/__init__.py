"""Ptychography: scanning coherent diffraction imaging, a C program, its port, and a network that inverts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.subject import Subject

__version__ = "0.1.0"


def subject() -> Subject:
    """The subject, for the entry point: one pixel of one pattern."""
    from subjects.ptychography.description import Ptychography

    return Ptychography()
