"""What ``harness devices`` prints and seals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compare.document import Document, Section, Summary, Table
from harness.case import Pixel
from harness.comparing import DIVERGENCE
from harness.devices import Place, PlaceResult, faults_of, intensity_difference, places, trace_everywhere
from harness.environment import environment_record
from harness.evidence import Evidence
from harness.parity_report import write_comparison
from harness.records import case_record, collect_env
from harness.scratch import Prepared
from harness.tracing import write_traces
from subjects.nanobragg.case_run import trace_with_port, trace_with_reference
from subjects.nanobragg.port import DTYPES, Computing
from subjects.nanobragg.reference import Reference

NOT_RUN = "not run: no CUDA"


def available_devices() -> dict[str, str]:
    """Shown name and request of the devices of this machine."""
    from simulator.execution import machine_capabilities

    machine = machine_capabilities()
    found = {"cpu": "cpu"}
    if machine.cuda_devices:
        found["cuda"] = "cuda:0"
        found |= {f"cuda{index}": f"cuda:{index}" for index in range(1, len(machine.cuda_devices))}
    return found


def run_devices(
    prepared: Prepared,
    pixels: Sequence[Pixel],
    reference: Reference,
    *,
    devices: Mapping[str, str],
    allow_missing_cuda: bool,
    timeout_s: float,
    root: Path,
    redact: bool,
) -> int:
    """Trace everywhere, compare, print the table, seal; gives the exit code."""

    def trace(place: Place) -> dict[Pixel, str]:
        return trace_with_port(prepared, pixels, Computing(place.request, place.dtype))

    with Evidence(root, f"devices_{prepared.case.name}", redact=redact) as evidence:
        with collect_env(evidence, wanted=True):
            evidence.write_json("case.json", case_record(prepared, pixels, program=reference))
            of_reference = trace_with_reference(reference, prepared, pixels, timeout_s)
            results = trace_everywhere(places(devices, DTYPES), trace, of_reference)
        missing = "cuda" not in devices
        faults = faults_of(results, pixels)
        evidence.status = DIVERGENCE if faults else 3 if missing and not allow_missing_cuda else 0
        write_traces(evidence, "trace_c", "".join(of_reference.values()))
        for result in results:
            write_traces(evidence, f"trace_py_{result.place.label}", "".join(result.traces.values()))
            if result.against_base is not None:
                write_comparison(evidence, f"{result.place.label}/", result.against_base, as_json=True)
        if results[0].against_reference is not None:
            write_comparison(evidence, "", results[0].against_reference, as_json=True)
        if not missing:
            evidence.write("cuda_vs_cpu_summary.md", cuda_summary(results))
        figures = [_figures(result, results[0], pixels) for result in results]
        evidence.write_json("metrics.json", {"exit_code": evidence.status, "faults": faults, "places": figures})
        evidence.write_json("env.json", environment_record(device=", ".join(devices), dtype=", ".join(DTYPES)))
        evidence.document = _document(prepared, results, pixels, faults, evidence.status, missing)
    _print(results, pixels, faults, missing, evidence.final)
    return evidence.status


def _figures(result: PlaceResult, base: PlaceResult, pixels: Sequence[Pixel]) -> dict[str, object]:
    return {
        "device": result.place.device,
        "dtype": result.place.dtype,
        "I_pixel_final": {f"{slow} {fast}": result.intensity((slow, fast)) for slow, fast in pixels},
        "relative_difference": {
            f"{pixel[0]} {pixel[1]}": intensity_difference(base.intensity(pixel), result.intensity(pixel))
            for pixel in pixels
        },
        "against_base": result.against_base.verdict.value if result.against_base else None,
        "against_reference": result.against_reference.verdict.value if result.against_reference else None,
    }


def _table(results: Sequence[PlaceResult], pixels: Sequence[Pixel]) -> Table:
    base = results[0]
    rows = tuple(
        (
            result.place.device,
            result.place.dtype,
            f"{pixel[0]} {pixel[1]}",
            result.intensity(pixel),
            intensity_difference(base.intensity(pixel), result.intensity(pixel)),
            result.against_base.verdict.value if result.against_base else "-",
            result.against_reference.verdict.value if result.against_reference else "-",
        )
        for result in results
        for pixel in pixels
    )
    columns = ("device", "dtype", "pixel", "I_pixel_final", "relative difference", "against cpu", "against reference")
    return Table(columns, rows, "Differences are to float64 on the CPU. Only float64 is held to parity.")


def cuda_summary(results: Sequence[PlaceResult]) -> str:
    """Markdown: per quantity both values and the relative difference, float64 on CUDA against the CPU."""
    lines = ["# CUDA against CPU, float64", ""]
    for result in results:
        if result.place.device == "cpu" or result.against_base is None:
            continue
        comparison = result.against_base
        lines += [f"## {result.place.label}: {comparison.verdict.value}", "", str(comparison.coverage), ""]
        lines += ["| quantity | cpu | cuda | relative difference |", "|---|---:|---:|---:|"]
        lines += [
            f"| `{pair.key}` | {pair.a} | {pair.b} | {'' if pair.relative is None else f'{pair.relative:.3g}'} |"
            for pair in comparison.pairs
            if pair.a != pair.b
        ]
        lines += ["", "Quantities that are not listed have the same bits on both."]
    return "\n".join(lines) + "\n"


def _document(
    prepared: Prepared,
    results: Sequence[PlaceResult],
    pixels: Sequence[Pixel],
    faults: Sequence[str],
    status: int,
    missing: bool,
) -> Document:
    devices = ", ".join(dict.fromkeys(result.place.device for result in results))
    where = "cuda: " + (NOT_RUN if missing else "run")
    headline = "; ".join(faults) or f"{len(results)} traces agree as they should; {where}."
    words = {0: "parity" if not missing else f"parity on the CPU, CUDA {NOT_RUN}", 1: "divergence"}
    sections = [Section("Devices and dtypes", table=_table(results, pixels))]
    if results[0].against_reference is not None:
        sections.append(Section("The CPU against the reference", comparison="comparison.json"))
    return Document(
        title=f"{prepared.case.name} on every device",
        verdict=words.get(status, f"CUDA {NOT_RUN}"),
        exit_code=status,
        headline=headline,
        facts=(("case", prepared.case.name), ("cuda", NOT_RUN if missing else "run")),
        sections=tuple(sections),
        next_steps=("Run again where there is a CUDA device.",) if missing else (),
        summary=Summary(prepared.case.name, devices, results[0].intensity(pixels[0])),
    )


def _print(
    results: Sequence[PlaceResult], pixels: Sequence[Pixel], faults: Sequence[str], missing: bool, folder: Path
) -> None:
    print("device  dtype     pixel       I_pixel_final            relative   cpu         reference")
    for row in _table(results, pixels).rows:
        device, dtype, pixel, intensity, difference, base, reference = row
        print(
            f"{device:7} {dtype:8}  {pixel:10}  {intensity!r:23}  {difference:.3g}".ljust(68), f"{base:11} {reference}"
        )
    if missing:
        print(f"cuda: {NOT_RUN}")
    for fault in faults:
        print(f"FAIL {fault}")
    print(f"sealed: {folder}")
