"""What `harness parity` compares besides traces and images sees a fault planted in the port, on a packaged case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import simulator.commandline.settings_to_experiment as settings_to_experiment
import simulator.files.outputs as outputs
from harness.errors import ProgramFailed
from harness.questions.parity import Outcome, Task, run_task
from harness.running.computing import Computing
from subjects.nanobragg.description import NanoBragg

SUBJECT = NanoBragg()
Patch = Callable[[pytest.MonkeyPatch], None]


def outcome(name: str) -> Outcome:
    try:
        reference = SUBJECT.reference(None, 60)
    except ProgramFailed as error:
        pytest.skip(f"the C program is not built: {error}")
    port = SUBJECT.port(Computing("cpu", compile="never"))
    return run_task(Task(SUBJECT, SUBJECT.case(name), "c-parity", reference, port))


def changed(module: Any, name: str, change: Callable[..., Any]) -> Patch:
    """Put ``change(usual, *arguments)`` in the place of a function."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        usual = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **k: change(usual, *a, **k))

    return patch


def rounded_to_even(usual: Any, image: np.ndarray, scale: float, adc: float, roi: Any) -> np.ndarray:
    counts = np.rint(np.clip(image.astype(float) * scale + adc, 0, 65535)).astype(np.uint16)
    inside = np.zeros(image.shape, bool)
    inside[outputs._region(image, roi)] = True
    return np.where(inside, counts, 0).astype(np.uint16)


def swapped_place(usual: Any, *arguments: Any, **named: Any) -> Any:
    figures = usual(*arguments, **named)
    return replace(figures, max_slow_fast=figures.max_slow_fast[::-1])


def counted_all(usual: Any, *arguments: Any, **named: Any) -> Any:
    figures = usual(*arguments, **named)
    return replace(figures, rms=figures.rms * (1 - 0.5 / figures.n_pixels))


def one_row_less(usual: Any, roi: Any, *rest: Any) -> Any:
    f0, f1, s0, s1 = usual(roi, *rest)
    return f0, f1, s0, s1 - 1


def shifted_by_a_row(usual: Any, *arguments: Any, **named: Any) -> Any:
    return np.roll(usual(*arguments, **named), 1, axis=0)


def other_header(key: bytes) -> Callable[..., bytes]:
    def change(usual: Any, *arguments: Any) -> bytes:
        header = usual(*arguments)
        at = header.index(key) + len(key)
        return bytes(header[:at] + b"7" + header[at + 1 :])

    return change


FAULTS: dict[str, tuple[str, Patch, str]] = {
    "half-way counts": ("region_edges", changed(outputs, "integer_image", rounded_to_even), "int image"),
    "place of the maximum": ("region_edges", changed(outputs, "statistics", swapped_place), "printed"),
    "rms over n": ("region_edges", changed(outputs, "statistics", counted_all), "printed"),
    "region's edge": ("region_edges", changed(settings_to_experiment, "clipped_roi", one_row_less), "refusal"),
    "mask's edge": ("region_edges", changed(settings_to_experiment, "read_smv_mask", shifted_by_a_row), "float image"),
    "beam centre": ("photon_noise", changed(outputs, "smv_header", other_header(b"BEAM_CENTER_Y=")), "int header"),
    "origin": ("photon_noise", changed(outputs, "smv_header", other_header(b"XDS_ORGX=")), "noise header"),
    "close distance": ("photon_noise", changed(outputs, "smv_header", other_header(b"CLOSE_DISTANCE=")), "int header"),
    "scale": ("flag_fragments", changed(outputs, "grey_scale", lambda usual, *a, **k: 2 * usual(*a, **k)), "pgm image"),
}


@pytest.mark.filterwarnings("ignore::simulator.remarks.IgnoredInput")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, patch, check = FAULTS[fault]
    patch(monkeypatch)
    found = outcome(case)
    assert found.exit_code == 1
    assert check in [each.what for each in found.checks if not each.passed]


@pytest.mark.filterwarnings("ignore::simulator.remarks.IgnoredInput")
@pytest.mark.parametrize("name", sorted({case for case, _, _ in FAULTS.values()}))
def test_without_it_all_is_parity(name: str) -> None:
    assert outcome(name).exit_code == 0
