"""What ``harness smoke`` judges, prints and seals."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from compare.folders.document import Document, Section, Summary, Table
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.evidence.kept import FOLDER, keep, require_patterns
from harness.evidence.redaction import hide_secrets
from harness.questions.comparing import FAILED
from harness.questions.smoke import Match, Observed, compiled, first_matches, observe


def run_smoke(
    command: Sequence[str],
    *,
    folder: Path,
    expect: Sequence[str],
    forbid: Sequence[str],
    keeping: Sequence[str],
    variables: Mapping[str, str],
    timeout_s: float | None,
    root: Path,
    redact: bool,
) -> int:
    """Run, observe, judge, seal; gives the exit code (4 where anything is not as it should be)."""
    wanted, unwanted = compiled(expect, "--expect"), compiled(forbid, "--forbid")
    require_patterns(keeping)
    environment = {**os.environ, **variables}
    with Evidence(root, f"smoke_{Path(command[0]).name}", redact=redact, variables=variables) as evidence:
        observed = observe(command, folder, environment=environment, timeout_s=timeout_s, apart_from=root)
        output = observed.stdout + "\n" + observed.stderr
        expected, forbidden = first_matches(wanted, output), first_matches(unwanted, output)
        kept = keep(evidence, folder, observed.made, keeping)
        faults = [*faults_of(observed, expected, forbidden), *kept.faults]
        evidence.status = FAILED if faults else 0
        evidence.command(observed.command, folder, observed.started, observed.status)
        evidence.write("stdout.log", observed.stdout)
        evidence.write("stderr.log", observed.stderr)
        evidence.write_json("case.json", {"command": hide_secrets(command), "variables": hide_values(variables)})
        evidence.write_json("metrics.json", _figures(observed, expected, forbidden, kept.names, faults))
        evidence.write_json("env.json", environment_record(device=observed.device))
        evidence.document = _document(observed, expected, forbidden, kept.names, faults)
    for fault in faults:
        print(f"FAIL {fault}")
    print(f"{'failed' if faults else 'passed'}: exit status {observed.status}, {observed.seconds:.1f} s, ", end="")
    print(f"peak {observed.peak_bytes / 1e6:.0f} MB, {len(observed.made)} files made or changed, ", end="")
    print(f"{len(kept.names)} kept; {observed.device}")
    print(f"sealed: {evidence.final}")
    return evidence.status


def faults_of(observed: Observed, expected: Sequence[Match], forbidden: Sequence[Match]) -> list[str]:
    """Everything that is not as it should be, a sentence each."""
    faults = []
    if observed.timed_out:
        faults.append(f"still running after {observed.seconds:.0f} s; it was ended (--timeout allows more)")
    elif observed.status != 0:
        faults.append(f"exit status {observed.status}")
    faults += [f"no line matches --expect {match.pattern!r}" for match in expected if match.line is None]
    faults += [f"--forbid {match.pattern!r} matches: {match.line}" for match in forbidden if match.line is not None]
    return faults


def hide_values(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables that were set for the command, without the values of those that look like credentials."""
    words = hide_secrets([f"{name}={value}" for name, value in variables.items()])
    return dict(word.partition("=")[::2] for word in words)


def _figures(
    observed: Observed,
    expected: Sequence[Match],
    forbidden: Sequence[Match],
    kept: Sequence[str],
    faults: Sequence[str],
) -> dict[str, object]:
    return {
        "exit_status": observed.status,
        "timed_out": observed.timed_out,
        "seconds": round(observed.seconds, 3),
        "peak_bytes": observed.peak_bytes,
        "device": observed.device,
        "torch": list(observed.torch),
        "expect": {match.pattern: match.line for match in expected},
        "forbid": {match.pattern: match.line for match in forbidden},
        "files_made": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in observed.made.items()},
        "files_kept": {name: f"{FOLDER}/{name}" for name in kept},
        "files_removed": list(observed.removed),
        "faults": list(faults),
    }


def _document(
    observed: Observed,
    expected: Sequence[Match],
    forbidden: Sequence[Match],
    kept: Sequence[str],
    faults: Sequence[str],
) -> Document:
    rows = [("--expect", match.pattern, match.line or "(no line)") for match in expected]
    rows += [("--forbid", match.pattern, match.line or "(no line)") for match in forbidden]
    made = tuple(
        (name, size, digest, f"{FOLDER}/{name}" if name in kept else "")
        for name, (size, digest) in observed.made.items()
    )
    sections = [Section("Patterns", table=Table(("option", "pattern", "first line"), tuple(rows)))] if rows else []
    sections.append(Section("Files made or changed", table=Table(("file", "bytes", "SHA-256", "kept as"), made)))
    sections += [
        Section(f"End of {name}", preformatted="\n".join(text.splitlines()[-40:]))
        for name, text in (("stdout", observed.stdout), ("stderr", observed.stderr))
        if text.strip()
    ]
    facts = (
        ("command", shlex.join(hide_secrets(observed.command))),
        ("exit status", str(observed.status)),
        ("duration", f"{observed.seconds:.1f} s"),
        ("peak memory", f"{observed.peak_bytes / 1e6:.0f} MB (largest process)"),
        ("device", observed.device),
    )
    return Document(
        title=f"Smoke run of {Path(observed.command[0]).name}",
        verdict="failed" if faults else "passed",
        exit_code=FAILED if faults else 0,
        headline="; ".join(faults) or "The command ended well and printed what was expected.",
        facts=facts,
        sections=tuple(sections),
        summary=Summary(Path(observed.command[0]).name, observed.device.partition(" ")[0]),
    )
