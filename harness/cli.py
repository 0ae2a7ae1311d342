"""The ``harness`` program: the engine's subcommands and the subject's own, and the exit codes of the house."""

from __future__ import annotations

import gc
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from compare.outcomes import ExitCode, expected_code
from compare.progress import be_verbose
from compare.streams import Terminated, abandon_output, finish, prepare_process
from harness import __version__, completion
from harness.commands import (
    campaign,
    capture,
    cases,
    devices,
    docs,
    doctor,
    explain,
    init,
    minimise,
    noise_floor,
    parity,
    reference,
    smoke,
    trace,
)
from harness.evidence.folder import is_out_of_space, sign_with
from harness.finding import OPTION, SIGN, choose, find_subject, split_option
from harness.json_answer import answered, taken_out
from harness.subject import Subject

ENGINE = {
    "trace": trace.trace,
    "parity": parity.parity,
    "campaign": campaign.campaign,
    "merge": campaign.merge,
    "explain": explain.explain,
    "noise-floor": noise_floor.noise_floor,
    "minimise": minimise.minimise,
    "devices": devices.devices,
    "capture": capture.capture,
    "smoke": smoke.smoke,
    "doctor": doctor.doctor,
    "init": init.init,
    "docs": docs.docs,
}
OPTIONAL = ("matplotlib", "torch", "clang", "h5py")
"""Of the extras."""
VERBOSE = ("-v", "--verbose")
OWN_VERBOSE = frozenset({"parity"})
"""Commands that say more on standard output too."""
SECTION_OPTIONS = ("--at", "--pixel")
INTEGER = re.compile(r"\s*-?\d+(?:[,\s]+-?\d+)*,?\s*")
CONTEXT = {"help_option_names": ["-h", "--help"]}


def main() -> None:
    """Run the command line of the process."""
    # What is imported stays: to look through it for garbage again and again is a tenth of the time of a start.
    gc.set_threshold(100_000, 20, 100)
    prepare_process()
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run one command line and give its exit code; never a traceback for a user's mistake."""
    # Two OpenMP runtimes in one process (torch's and another library's) abort it unless this is set.
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    # Threads that wait for each other soon sleep: spinning on, they would take the cores from those they wait for as
    # soon as other processes want them too (twice the time of an image).
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        name, words = split_option(argv)
        key, words = split_option(words, SIGN)
        if key := key or os.environ.get("HARNESS_SIGN"):
            sign_with(Path(key))
        subject = _subject(name)
        app = make_app(subject)
        if isinstance(subject, Subject):
            subject.start()
        as_json, words = taken_out(words)
        verbose, words = said_to_be_verbose(words)
        be_verbose(verbose)
        words = join_sections(words)
        status = answered(lambda: _status_of(app, words)) if as_json else _status_of(app, words)
        finish()
        return status
    except Exception as error:
        code = ExitCode.WRONG_USE if is_out_of_space(error) else expected_code(error)
        if code is not None:
            print(f"harness: {error}", file=sys.stderr)
            if is_out_of_space(error):
                abandon_output()
            return code
        if isinstance(error, ModuleNotFoundError) and error.name in OPTIONAL:
            print(f"harness: needs {error.name}; pip install 'trace-parity[all]' brings it", file=sys.stderr)
            return ExitCode.WRONG_USE
        traceback.print_exc()
        return ExitCode.FAILED
    except KeyboardInterrupt:
        print("harness: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except Terminated as signal:
        print(f"harness: {signal}", file=sys.stderr)
        return signal.exit_code


def _status_of(app: typer.Typer, words: list[str]) -> int:
    """Run the command to its end; the exit status that it asks for."""
    try:
        app(args=words, prog_name="harness")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.WRONG_USE
    return ExitCode.PARITY


def _subject(name: str | None) -> Subject | Exception:
    """The subject, or what is wrong with it: told by the command that needs one."""
    try:
        return find_subject(name)
    except Exception as error:
        if expected_code(error) is None or name is not None:
            raise
        return error


def make_app(found: Subject | Exception) -> typer.Typer:
    """The commands of the engine with those that the subject adds; it becomes the subject of this process."""
    choose(found)
    subject = found if isinstance(found, Subject) else None
    app = typer.Typer(
        name="harness",
        help=_help(subject),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT,
    )
    app.callback()(_options)
    of_subject: dict[str, Any] = dict(subject.commands()) if subject else {}
    for name, function in {**ENGINE, **of_subject}.items():
        if isinstance(function, typer.Typer):
            app.add_typer(function, name=name)
        else:
            app.command(name)(function)
    with_reference = typer.Typer(help=reference.HELP, no_args_is_help=True)
    added: dict[str, Any] = dict(subject.reference_commands()) if subject else {}
    for name, function in {"trace": reference.trace, **added}.items():
        with_reference.command(name)(function)
    app.add_typer(with_reference, name="reference")
    app.add_typer(cases.app, name="cases")
    return app


def _help(subject: Subject | None) -> str:
    who = f"here: {subject.name}" if subject else "none here"
    return (
        "Runs two programs that should agree on the same cases, compares what they trace, and names the guilty step. "
        f"The subject ({who}) is that of {OPTION}, else of parity.toml in this folder or above, else the default one."
    )


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    subject: Annotated[
        str | None,
        typer.Option(
            OPTION,
            metavar="NAME",
            help="An installed subject, or a parity.toml; works anywhere.",
            autocompletion=completion.subjects,
        ),
    ] = None,
    sign: Annotated[
        str | None, typer.Option(SIGN, metavar="KEY", help="Sign what is sealed with this SSH key; works anywhere.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON object; works with every command.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option(*VERBOSE, help="Say on standard error what is done, and how long it took; works anywhere.")
    ] = False,
) -> None:
    """Options before the subcommand; all but ``--version`` are taken out of the words before they are parsed."""


def said_to_be_verbose(argv: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether ``-v`` is among the words before ``--``, and the words without it but for commands that take it too."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    words = [word for word in argv[:end] if word not in VERBOSE]
    verbose = len(words) < end
    if verbose and words and words[0] in OWN_VERBOSE:
        words.insert(1, VERBOSE[0])
    return verbose, [*words, *argv[end:]]


def join_sections(argv: Sequence[str]) -> list[str]:
    """``--at KEY KEY ...`` as one value, so that the option can be repeated; words after ``--`` are left alone."""
    words, rest = list(argv), []
    if "--" in words:
        cut = words.index("--")
        words, rest = words[:cut], words[cut:]
    joined: list[str] = []
    while words:
        word = words.pop(0)
        if word in SECTION_OPTIONS:
            numbers = []
            while words and INTEGER.fullmatch(words[0]):
                numbers.append(words.pop(0))
            word = f"{word}={' '.join(numbers)}"
        joined.append(word)
    return joined + rest
