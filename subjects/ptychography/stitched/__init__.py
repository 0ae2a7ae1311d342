"""The same two programs, looked at pixel by pixel of the canvas that patches are stitched to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.subject import Subject


def subject() -> Subject:
    """The subject, for the entry point: one pixel of the canvas."""
    from subjects.ptychography.description import Stitching

    return Stitching()
