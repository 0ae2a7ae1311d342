"""An image comparison as JSON, described by ``docs/schemas/images-1.json``."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from compare.imaging.comparison import ImageComparison

SCHEMA = "trace-parity/images"
DERIVED = ("schema_version", "verdict")


def render(comparison: ImageComparison) -> str:
    """One object, keys as the fields of :class:`ImageComparison`; what is not finite is null."""
    figures: dict[str, Any] = {
        "schema": SCHEMA,
        "schema_version": comparison.schema_version,
        "verdict": comparison.verdict.value,
        "exit_code": comparison.exit_code,
        **{name: value for name, value in asdict(comparison).items() if name not in ("schema_version", "verdict")},
    }
    for shift, row in zip(comparison.peaks, figures["peaks"], strict=True):
        row["distance_pixels"] = shift.distance_pixels
    return json.dumps(_plain(figures), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
