"""Where a simulation runs: the whole table of requests and machines, said aloud, never silently changed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
import torch

from simulator import Beam, Crystal, Detector, Experiment, InputError, Sampling, Simulator, StructureFactors
from simulator.evaluation import execution as execution_module
from simulator.evaluation.execution import (
    POLICY,
    Capabilities,
    ExecutionConfig,
    Resolution,
    default_execution,
    resolve_device,
)
from simulator.model.precision import PRECISIONS

ROOT = Path(__file__).resolve().parents[2]

MACHINES = {
    "bare": Capabilities(),
    "one GPU": Capabilities(cuda_devices=("Card 0",)),
    "two GPUs": Capabilities(cuda_devices=("Card 0", "Card 1")),
    "mps": Capabilities(mps=True),
    "one GPU and mps": Capabilities(cuda_devices=("Card 0",), mps=True),
}

KNOWN = ("auto", "cpu", "cuda", "cuda:0", "cuda:1", "cuda:7", "mps")
UNKNOWN = ("", "gpu", "cuda:", "cuda:-1", "CPU", "cpu:0", "cuda:1 ")

EXPERIMENT = Experiment(
    crystal=Crystal(cell_lengths_A=(40.0, 40.0, 40.0)),
    beam=Beam(),
    detector=Detector(2, 2, pixel_size_m=1e-3),
    sampling=Sampling(oversample=1),
    structure_factors=StructureFactors(default_F=1.0),
)


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    """What is said once per process may be said once per test."""
    execution_module._warn_once.cache_clear()
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    execution_module._warn_once.cache_clear()


def inject(monkeypatch: pytest.MonkeyPatch, machine: Capabilities) -> None:
    """Let the process believe that it runs on that machine."""
    monkeypatch.setattr(execution_module, "machine_capabilities", lambda: machine)


def expected_device(request: str, machine: Capabilities, dtype: str) -> str | None:
    """The table, written down once more; None: an error."""
    cards = len(machine.cuda_devices)
    if request == "mps":
        return "mps" if machine.mps and dtype == "float32" else None
    return {
        "auto": "cuda:0" if cards else "cpu",
        "cpu": "cpu",
        "cuda": "cuda:0" if cards else None,
        "cuda:0": "cuda:0" if cards else None,
        "cuda:1": "cuda:1" if cards > 1 else None,
        "cuda:7": None,
    }.get(request)


@pytest.mark.parametrize("dtype", list(PRECISIONS))
@pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
@pytest.mark.parametrize(
    "request_",
    ["auto", "cpu", "cuda", "cuda:0", "cuda:1", "cuda:7", "mps", "", "gpu", "cuda:", "cuda:-1", "CPU", "cpu:0"],
)
def test_every_request_on_every_machine(request_: str, machine: Capabilities, dtype: str) -> None:
    expected = expected_device(request_, machine, dtype)
    if expected is None:
        with pytest.raises(InputError) as refusal:
            resolve_device(request_, machine, PRECISIONS[dtype])
        assert refusal.value.exit_code == 2
        return
    resolution = resolve_device(request_, machine, PRECISIONS[dtype])
    assert (resolution.device, resolution.requested) == (expected, request_)
    assert resolution.reason
    falls_back = request_ == "auto" and expected == "cpu"
    assert (resolution.warning is not None) is falls_back


def test_resolution_is_a_pure_function(recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    first, second = (resolve_device("auto", Capabilities(), PRECISIONS["float64"]) for _ in range(2))
    assert first == second
    assert not recwarn.list
    assert not caplog.records


@pytest.mark.parametrize(
    ("request_", "machine", "said"),
    [
        ("cuda", Capabilities(), ("'cuda' was asked for", "no CUDA device", "--device cpu")),
        ("cuda:2", MACHINES["two GPUs"], ("'cuda:2' was asked for", "cuda:0 (Card 0)", "cuda:1 (Card 1)")),
        ("mps", Capabilities(), ("'mps' was asked for", "has none", "--device cpu")),
        ("mps", MACHINES["mps"], ("float32 only", "float64")),
        ("tpu", Capabilities(), ("auto, cpu, cuda, cuda:N, mps", "'tpu'")),
    ],
)
def test_a_refusal_says_what_was_asked_what_there_is_and_what_to_do(
    request_: str, machine: Capabilities, said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as refusal:
        resolve_device(request_, machine, PRECISIONS["float64"])
    assert all(words in str(refusal.value) for words in said)


# ---- said aloud, once ---------------------------------------------------------------------------------------------


def test_the_fallback_to_the_cpu_warns_exactly_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, Capabilities())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert ExecutionConfig(device="auto").resolve().device == "cpu"
    (warning,) = caught
    assert warning.category is UserWarning
    assert POLICY in str(warning.message)
    assert "--device cpu" in str(warning.message)
    assert "CUDA" in str(warning.message)


@pytest.mark.parametrize("request_", ["auto", "cpu", "cuda:1"])
def test_what_is_there_or_was_chosen_does_not_warn(
    request_: str, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    inject(monkeypatch, MACHINES["two GPUs"])
    ExecutionConfig(device=request_).resolve()
    assert not recwarn.list


def test_the_cpu_asked_for_by_name_does_not_warn_without_cuda(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    inject(monkeypatch, Capabilities())
    assert ExecutionConfig(device="cpu").resolve() == Resolution("cpu", "cpu", "the CPU was asked for")
    assert not recwarn.list


def test_the_device_its_request_and_its_reason_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="simulator.execution"):
        ExecutionConfig(device="cpu").resolve()
    assert "device cpu (requested cpu): the CPU was asked for" in caplog.messages


def test_a_configuration_made_for_the_caller_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="simulator.execution"):
        simulator = Simulator(EXPERIMENT, device="cpu")
    made = [message for message in caplog.messages if message.startswith(f"{POLICY}: no ExecutionConfig was passed")]
    assert len(made) == 1
    assert "device='cpu'" in made[0]
    assert simulator.execution == ExecutionConfig(device="cpu")


def test_a_configuration_that_was_passed_is_used_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    config = ExecutionConfig(device="cpu", dtype="float32", compile="never")
    with caplog.at_level(logging.INFO, logger="simulator.execution"):
        simulator = Simulator(EXPERIMENT, device="cuda:5", dtype="mixed", execution=config)
    assert simulator.execution is config
    assert simulator.precision.name == "float32"
    assert not [message for message in caplog.messages if POLICY in message]


def test_default_execution_takes_what_was_asked_for() -> None:
    config = default_execution("cuda:3", "mixed")
    assert (config.device, config.precision.name) == ("cuda:3", "mixed")


# ---- never overridden ---------------------------------------------------------------------------------------------


def test_auto_takes_cuda_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, MACHINES["one GPU"])
    resolution = ExecutionConfig().resolve()
    assert (resolution.device, resolution.requested) == ("cuda:0", "auto")
    assert "Card 0" in resolution.reason


def test_the_cpu_asked_for_stays_the_cpu_where_cuda_is(monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, MACHINES["two GPUs"])
    simulator = Simulator(EXPERIMENT, device="cpu")
    assert simulator.device == torch.device("cpu")
    assert simulator.image().device == torch.device("cpu")


def test_cuda_asked_for_where_it_is_not_computes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, Capabilities())
    with pytest.raises(InputError, match="'cuda' was asked for"):
        Simulator(EXPERIMENT, device="cuda")


def test_injected_capabilities_are_taken_instead_of_the_machines() -> None:
    assert ExecutionConfig(device="cuda:1").resolve(MACHINES["two GPUs"]).device == "cuda:1"


def test_a_machine_without_a_working_driver_has_no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    execution_module.machine_capabilities.cache_clear()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Card")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = execution_module.machine_capabilities()
    execution_module.machine_capabilities.cache_clear()
    assert found.cuda_devices == ()


# ---- validated when built -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"device": "gpu"}, "device must be one of auto, cpu, cuda, cuda:N, mps; got 'gpu'"),
        ({"device": "cuda:x"}, "device must be one of"),
        ({"device": "cpu\n"}, "device must be one of"),
        ({"dtype": "float16"}, "dtype must be one of float64, float32, mixed; got float16"),
        ({"dtype": torch.int64}, "dtype must be one of"),
        ({"compile": "maybe"}, "compile must be auto, always or never"),
        ({"threads": 0}, "threads must be at least 1; got 0"),
        ({"memory_bytes": 1}, "memory must be at least 16 MiB"),
    ],
)
def test_a_configuration_is_validated_when_built(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ExecutionConfig(**settings)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, "float64", "torch.float32", "mixed"])
def test_a_dtype_may_be_named_or_given(dtype: Any) -> None:
    assert ExecutionConfig(dtype=dtype).precision.name in str(dtype)


def test_a_configuration_is_frozen_and_another_device_makes_another_one() -> None:
    config = ExecutionConfig(device="cpu", threads=2)
    with pytest.raises(FrozenInstanceError):
        config.device = "cuda"  # type: ignore[misc]


def test_threads_and_determinism_reach_torch_only_when_asked_for() -> None:
    torch.set_num_threads(2)
    Simulator(EXPERIMENT, execution=ExecutionConfig(device="cpu", compile="never"))
    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()
    config = ExecutionConfig(device="cpu", compile="never", threads=1, deterministic=True)
    Simulator(EXPERIMENT, execution=config)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()


# ---- from the command line ----------------------------------------------------------------------------------------

ARGV = (
    *("-cell", "40", "40", "40", "90", "90", "90", "-default_F", "1", "-distance", "100"),
    *("-detpixels", "2", "-pixel", "1", "-oversample", "1", "-nonoise", "-nopgm"),
)

WITHOUT_CUDA = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
"""So that the tests mean the same on a machine that has a card."""


def traced(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = ["trace", "--pixel", "0", "1", "--out", "-", "--out-dir", str(folder / "reports"), *options, "--", *ARGV]
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=ROOT,
        env=WITHOUT_CUDA,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("options", [("--device=cpu",), ("--device", "cpu")], ids=["joined", "apart"])
def test_the_cpu_chosen_on_the_command_line_is_used_without_a_warning(options: tuple[str, ...], tmp_path: Path) -> None:
    run = traced(*options, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "TRACE_PY: device cpu\n" in run.stdout
    assert POLICY not in run.stdout + run.stderr


def test_the_default_falls_back_on_the_command_line_with_one_warning(tmp_path: Path) -> None:
    run = traced(folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "TRACE_PY: device cpu\n" in run.stdout
    assert run.stderr.count(POLICY) == 1


@pytest.mark.parametrize("options", [("--device=cuda",), ("--device", "cuda"), ("--device", "vulkan")], ids=str)
def test_a_device_that_is_not_there_ends_the_command_with_2_and_no_folder(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    run = traced(*options, folder=tmp_path)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert run.stdout == ""
    assert list(tmp_path.iterdir()) == []
