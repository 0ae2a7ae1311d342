"""The command line options that several subcommands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from harness import completion

ArgvArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- ARGV...]", help="A command line of both programs, instead of --case."),
]
CaseOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--case",
        metavar="NAME",
        help="A case of the subject or a .toml file.",
        show_default="the default case",
        autocompletion=completion.cases,
    ),
]
AtOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        "--pixel",
        metavar="KEY KEY ...",
        help="The section to trace, its keys as integers (a pixel: row and column); may be repeated.",
        show_default="the case's first",
    ),
]
SectionFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--sections", "--pixels", metavar="FILE", help="More sections, one a line; # begins a comment."),
]
GridOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--grid", metavar="N", min=1, help="Sections spread evenly over the case, N along each key."),
]
ModeOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="One of the subject's modes: which defects are on.",
        autocompletion=completion.modes,
    ),
]


def _defect(what: str) -> Any:
    """``--defect`` of a command that switches ``what``."""
    text = f"Switch {what}; may be repeated."
    return typer.Option("--defect", metavar="NAME=on|off", help=text, autocompletion=completion.switches)


DefectOption: TypeAlias = Annotated[list[str] | None, _defect("one defect")]
PortDefectOption: TypeAlias = Annotated[list[str] | None, _defect("one defect of the port alone")]
DeviceOption: TypeAlias = Annotated[
    str,
    typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:N or mps.", autocompletion=completion.devices),
]
DtypeOption: TypeAlias = Annotated[
    str,
    typer.Option("--dtype", metavar="NAME", help="float64, float32 or mixed.", autocompletion=completion.dtypes),
]
CompileOption: TypeAlias = Annotated[
    str,
    typer.Option("--compile", metavar="auto|always|never", help="Compile images; auto: where that saves time."),
]
MemoryOption: TypeAlias = Annotated[
    str, typer.Option("--memory", metavar="SIZE", help="For temporaries beside the image: 512MB, 2GB, 1GiB.")
]
DataOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Look for input files here before the package's own."),
]
ReferenceOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--reference",
        metavar="PATH",
        help="Another reference program in its place: same command line, prints a trace.",
        show_default="HARNESS_REFERENCE, else the project's own",
    ),
]
TimeoutOption: TypeAlias = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.001, help="Limit for each run of the reference program.")
]
OutOption: TypeAlias = Annotated[
    str | None, typer.Option("--out", metavar="FILE", help="Also write the whole trace here; - for standard output.")
]
OutDirOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--out-dir", metavar="DIR", help="Where evidence folders go.", show_default="HARNESS_REPORTS or reports"
    ),
]
RedactOption: TypeAlias = Annotated[
    bool, typer.Option("--redact", help="Leave machine paths, host and user names out of the folder.")
]
FullOption: TypeAlias = Annotated[
    bool, typer.Option("--full", help="Add torch_collect_env.txt to the folder (takes seconds).")
]
