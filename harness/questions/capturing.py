"""A case of two programs that nobody instrumented: captured, compared, explained, sealed; its noise floor."""

from __future__ import annotations

from pathlib import Path

from capture import noise
from capture.graph import vocabulary
from capture.pair_of_programs import capture_pair
from capture.python.capture import capture_python
from capture.report import document, exit_code, lines, proposals
from capture.settings import Setup
from capture.storage import save
from compare.judging.tolerances import Floor, Step, Tolerances
from compare.progress import working
from harness.evidence.folder import Evidence

DEFAULT = 1e-11  # relative, of what the port does not store in this case


def measured_floors(setup: Setup, name: str) -> Tolerances:
    """What rounding does to every value of a captured port, as a tolerance file has it.

    Raises:
        CaptureError: there is no such case, or the port cannot be captured.
    """
    _, job = setup.jobs(name)
    with capture_python(setup.port) as port:
        still = port.trace(job)
        found = noise.by_label(still, noise.floors(still, lambda tasks: port.traces(job, tasks)))
    return Tolerances(
        default=Step("default", DEFAULT, DEFAULT),
        floors={label: [Floor(label, tolerance, tolerance)] for label, tolerance in sorted(found.items())},
        source=f"harness noise-floor --case {name}",
        measured_with={"runs": str(noise.RUNS), "stores": "moved by up to one unit in the last place"},
    )


def capture_and_seal(setup: Setup, name: str, *, runs: int, root: Path, redact: bool) -> int:
    """Capture both programs on a case, print what was found, seal all of it; gives the exit code.

    Raises:
        CaptureError: there is no such case, or a program cannot be captured.
    """
    setup.jobs(name)  # refuses a case that is none, before there is a folder
    with Evidence(root, f"capture_{name}", redact=redact) as evidence:
        with working(f"capturing {name}") as work:
            captured = capture_pair(setup, name, runs=runs, progress=work)
        evidence.status = int(exit_code(captured))
        for side, trace in (("reference", captured.reference), ("port", captured.port)):
            save(trace, evidence.partial / f"trace_{side}.npz")
        evidence.write("proposals.toml", proposals(captured))
        evidence.write("vocabulary.toml", vocabulary(captured.pairing, captured.graph.made_from, setup.name))
        evidence.write_json("case.json", {"case": name, "commands": setup.runs[name], "pairing_cases": captured.cases})
        evidence.write_json("capture.json", {"reference": captured.reference.facts, "port": captured.port.facts})
        evidence.document = document(captured, f"capture {name}")
    for line in lines(captured):
        print(line)
    print(f"sealed: {evidence.final}")
    return evidence.status
