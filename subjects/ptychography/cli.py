"""The program ``ptycho``: simulate, train, infer, solve, doctor."""

from __future__ import annotations

import inspect
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.json_answer import answered, taken_out
from simulator.errors import InputError
from subjects.ptychography import __version__
from subjects.ptychography.flags import (
    INFERENCE,
    READING,
    TRAINING,
    Flag,
    merged,
    negated,
    table_of,
    with_boolean_words,
)

log = logging.getLogger("ptychography.cli")

PROGRAM_FAILED, INTERRUPTED = 4, 130
FLAGS = {"train": TRAINING, "infer": INFERENCE, "solve": READING, "doctor": READING}

app = typer.Typer(
    name="ptycho",
    help="Scanning coherent diffraction imaging: simulate, train, infer, solve.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command_of(flags: Sequence[Flag], run: Callable[[Mapping[str, Any]], None], about: str) -> Callable[..., None]:
    """A function with one option per flag; a flag that was not given is None."""

    def entry(**given: Any) -> None:
        run(given)

    parameters = [
        inspect.Parameter(flag.key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(flag))
        for flag in flags
    ]
    entry.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    entry.__annotations__ = {p.name: p.annotation for p in parameters}
    entry.__doc__ = about
    return entry


def reading_data(run: Callable[..., None]) -> Callable[..., None]:
    """A command of its own options, with the flags of how a scan is read beside them; it is given their ``reading``."""

    def entry(**given: Any) -> None:
        asked = {flag.key: given.pop(flag.key) for flag in READING}
        run(**given, reading=_reading({key: value for key, value in asked.items() if value is not None}, READING))

    own = [p for p in inspect.signature(run, eval_str=True).parameters.values() if p.name != "reading"]
    flags = [
        inspect.Parameter(flag.key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(flag))
        for flag in READING
    ]
    entry.__signature__ = inspect.Signature([*own, *flags])  # type: ignore[attr-defined]
    entry.__annotations__ = {p.name: p.annotation for p in [*own, *flags]}
    entry.__doc__, entry.__name__ = run.__doc__, run.__name__
    return entry


def _option(flag: Flag) -> Any:
    names = flag.long_names
    if flag.type is bool:
        names = tuple(f"{name}/{negated(name)}" for name in names)
    return Annotated[flag.type | None, typer.Option(*names, help=flag.help, show_default=False)]


# ------------------------------------------------------------------------------------------------------- train, infer


def train(given: Mapping[str, Any]) -> None:
    """Train a network on a scan, unsupervised, through the forward model."""
    values = merged(given, TRAINING)
    output = Path(values.get("output_dir", "training_outputs"))
    _require(values, "train_data_file")
    with _logging(values, output / "logs" / "train.log"):
        _train(values, output)


def _train(values: dict[str, Any], output: Path) -> None:
    from subjects.ptychography.configuration import Configuration, ModelConfig, TrainingConfig
    from subjects.ptychography.workflow import run_training

    backend = _backend(values)
    groups = _groups(values)
    execution = _execution(values, TRAINING, backend)
    training = TrainingConfig(**table_of(values, TRAINING, "training"), n_groups=groups)
    config = Configuration(ModelConfig(**table_of(values, TRAINING, "model")), training, _reading(values, TRAINING))
    if backend == "iterative":
        _iterate(values["train_data_file"], output, config.reading, training.seed)
        return
    run_training(
        values["train_data_file"], output, config, execution, test_file=values.get("test_data_file"),
        resume=values.get("resume", False),
    )  # fmt: skip


def infer(given: Mapping[str, Any]) -> None:
    """Reconstruct the object of a scan with a trained network."""
    values = merged(given, INFERENCE)
    output = Path(values.get("output_dir", "inference_outputs"))
    _require(values, *(() if values.get("backend") == "iterative" else ("model_path",)), "test_data")
    with _logging(values, output / "logs" / "infer.log"):
        _infer(values, output)


def _infer(values: dict[str, Any], output: Path) -> None:
    from subjects.ptychography.workflow import InferenceRequest, run_inference

    backend = _backend(values)
    execution = _execution(values, INFERENCE, backend)
    asked = table_of(values, INFERENCE, "request") | table_of(values, INFERENCE, "training")
    request = InferenceRequest(**asked, n_groups=_groups(values))
    reading = _reading(values, INFERENCE)
    if backend == "iterative":
        _iterate(values["test_data"], output, reading, request.subsample_seed)
        return
    run_inference(values["model_path"], values["test_data"], output, request, reading, execution)


def _iterate(file: Path, output: Path, reading: Any, seed: int) -> None:
    from subjects.ptychography.iterative import Solver
    from subjects.ptychography.workflow import run_solver

    run_solver(file, output, Solver(seed=seed), reading)


def _require(values: Mapping[str, Any], *keys: str) -> None:
    missing = [f"--{key}" for key in keys if key not in values]
    if missing:
        raise InputError(f"{' and '.join(missing)} must be given, as a flag or in --config")


def _logging(values: Mapping[str, Any], path: Path) -> Any:
    from subjects.ptychography.runfolder import logged

    loud = values.get("verbose") or values.get("debug")
    level = logging.WARNING if values.get("quiet") else logging.DEBUG if loud else logging.INFO
    return logged(path, level)


def _backend(values: Mapping[str, Any]) -> str:
    backend = str(values.get("backend", "pytorch"))
    if backend not in ("pytorch", "iterative"):
        raise InputError(f"--backend {backend}: this port is pytorch (or iterative, the baseline without a network)")
    return backend


def _groups(values: Mapping[str, Any]) -> int | None:
    """n_groups, or n_images, its older name."""
    groups, images = values.get("n_groups"), values.get("n_images")
    if groups is not None and images is not None and groups != images:
        raise InputError(f"n_groups is {groups} and n_images is {images}; they are one figure, give n_groups alone")
    if images is not None:
        warnings.warn("n_images is the older name of n_groups", DeprecationWarning, stacklevel=2)
    if images is not None and images < 1:
        raise InputError(f"n_images must be at least 1; got {images}")
    return groups if groups is not None else images


def _execution(values: Mapping[str, Any], flags: Sequence[Flag], backend: str) -> Any:
    """The execution configuration that the flags and the file make; None when they say nothing of it."""
    from subjects.ptychography.execution import GPU_FIRST, PyTorchExecutionConfig, say_built

    table = table_of(values, flags, "execution")
    if backend == "iterative":
        if table:
            log.warning("--torch-* flags have no effect with --backend iterative: %s", ", ".join(table))
        return None
    if not table:
        log.info(GPU_FIRST)
        return None
    execution = PyTorchExecutionConfig(**table)
    say_built(execution)
    return execution


def _reading(values: Mapping[str, Any], flags: Sequence[Flag]) -> Any:
    from subjects.ptychography.contract import Reading

    table = table_of(values, flags, "reading")
    choices = {"axes": ("nhw", "hwn"), "measurement": ("amplitude", "counts"), "centred": ("yes", "no"),
               "outside_zero": ("zero", "error")}  # fmt: skip
    for key, words in choices.items():
        if key in table and table[key] not in words:
            name = key.removesuffix("_zero")
            raise InputError(f"--{name} must be {' or '.join(words)}; got {table[key]!r}")
    if "centred" in table:
        table["centred"] = table["centred"] == "yes"
    if "outside_zero" in table:
        table["outside_zero"] = table["outside_zero"] == "zero"
    return Reading(**table)


# ------------------------------------------------------------------------------------------------------- other commands


@app.command(no_args_is_help=True)
def simulate(
    file: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    patch_px: Annotated[int, typer.Option("--N", help="Side of a pattern.")] = 64,
    side: Annotated[int, typer.Option(help="Positions along each axis.")] = 16,
    step: Annotated[float, typer.Option(help="Between positions, in object pixels.")] = 5.0,
    jitter: Annotated[float | None, typer.Option(help="Of the positions.", show_default="a sixth of the step")] = None,
    margin: Annotated[int, typer.Option(help="Object pixels around the windows.")] = 4,
    nphotons: Annotated[float, typer.Option(help="Mean photons per pattern.")] = 1e6,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
    object_: Annotated[str, typer.Option("--object", help="lines, grf or star.")] = "lines",
    modes: Annotated[int, typer.Option(help="Incoherent modes of the probe.")] = 1,
    integer: Annotated[bool, typer.Option("--integer", help="Positions on whole pixels.")] = False,
    store: Annotated[str, typer.Option(help="amplitude or counts.")] = "amplitude",
    low_dose: Annotated[bool, typer.Option("--low-dose", help="Allow fewer than 1e6 photons.")] = False,
) -> None:
    """Make a scan from a few numbers; the same numbers give the same file everywhere."""
    from subjects.ptychography import simulate as simulated

    recipe = simulated.Recipe(
        patch_px, side, step, jitter, margin, nphotons, seed, object_, integer=integer, modes=modes, store=store,
        low_dose=low_dose,
    )  # fmt: skip
    arrays = simulated.simulate(recipe)
    simulated.write(file, arrays)
    shape = " x ".join(map(str, arrays["diffraction"].shape))
    typer.echo(f"{file}: {shape} patterns, object {recipe.object_px} x {recipe.object_px}")


@app.command(no_args_is_help=True)
@reading_data
def solve(
    file: Annotated[Path, typer.Argument(help="The scan.")],
    output_dir: Annotated[Path, typer.Option("--output_dir", "--output-dir", help="Where the outputs go.")] = Path(
        "solve_outputs"
    ),
    method: Annotated[str, typer.Option(help="epie or rpie.")] = "epie",
    sweeps: Annotated[int, typer.Option(help="Passes over the positions.")] = 50,
    refine_probe: Annotated[bool, typer.Option("--refine-probe", help="From the sixth sweep on.")] = False,
    seed: Annotated[int, typer.Option(help="Of the order of positions.")] = 42,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    double: Annotated[bool, typer.Option("--double", help="Complex128 instead of complex64.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only warnings.")] = False,
    *,
    reading: Any,
) -> None:
    """Reconstruct a scan without a network, by ePIE or rPIE."""
    from subjects.ptychography.execution import PyTorchExecutionConfig
    from subjects.ptychography.iterative import ALPHAS, Solver
    from subjects.ptychography.workflow import run_solver

    if method not in ALPHAS:
        raise InputError(f"--method must be one of {', '.join(ALPHAS)}; got {method!r}")
    solver = Solver(sweeps, ALPHAS[method], refine_from=6 if refine_probe else None, seed=seed)
    with _logging({"quiet": quiet}, output_dir / "logs" / "solve.log"):
        used = PyTorchExecutionConfig(accelerator=device, deterministic=False).resolve().accelerator
        run_solver(file, output_dir, solver, reading, device=used, double=double)


@app.command(no_args_is_help=True)
@reading_data
def doctor(
    file: Annotated[Path, typer.Argument(help="The scan.")],
    orientations: Annotated[
        bool, typer.Option("--orientations", help="Try orientations of positions and probe.")
    ] = False,
    *,
    reading: Any,
) -> None:
    """Say what a file holds and what is wrong with it; with --orientations how well each orientation fits."""
    from subjects.ptychography.examination import examine

    raise typer.Exit(examine(file, orientations=orientations, say=typer.echo, reading=reading))


CPU_ONLY = "On a GPU where there is one (POLICY-001); CPU only:\n\n--torch-accelerator cpu"
app.command("train", no_args_is_help=True, epilog=CPU_ONLY)(command_of(TRAINING, train, train.__doc__ or ""))
app.command("infer", no_args_is_help=True, epilog=CPU_ONLY)(command_of(INFERENCE, infer, infer.__doc__ or ""))


def _status_of(words: list[str]) -> int:
    try:
        app(args=words, prog_name="ptycho")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else PROGRAM_FAILED
    return 0


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON object; works with every command.")
    ] = False,
) -> None:
    """Options before the subcommand; ``--json`` is taken out of the words before they are parsed."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line of the process; never a traceback for a user's mistake."""
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    as_json, words = taken_out(sys.argv[1:] if argv is None else argv)
    try:
        flags = {"train": TRAINING, "infer": INFERENCE, "solve": READING, "doctor": READING}.get(
            words[0] if words else ""
        )
        parsed = with_boolean_words(words, flags) if flags else words
        if as_json:
            sys.exit(answered(lambda: _status_of(parsed)))
        app(args=parsed, prog_name="ptycho")
    except InputError as error:
        print(f"ptycho: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "matplotlib"):
            raise
        print(f"ptycho: needs {error.name}: pip install 'trace-parity[torch]'", file=sys.stderr)
        sys.exit(2)
    except MemoryError as error:
        print(f"ptycho: not enough memory: {error or 'the scan is too large for this machine'}", file=sys.stderr)
        sys.exit(PROGRAM_FAILED)
    except RuntimeError as error:
        if "allocate" not in str(error) and "out of memory" not in str(error):
            traceback.print_exc()
            sys.exit(PROGRAM_FAILED)
        said = str(error).splitlines()[0]
        print(f"ptycho: not enough memory for this network or scan, take a smaller one: {said}", file=sys.stderr)
        sys.exit(PROGRAM_FAILED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            print("ptycho: interrupted", file=sys.stderr)
        raise
    except Exception:
        traceback.print_exc()
        sys.exit(PROGRAM_FAILED)
