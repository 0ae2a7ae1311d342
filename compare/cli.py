"""The ``compare`` program: a table of subcommands, each imported when it is called, and the house's exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from compare.errors import InputError
from compare.streams import Terminated, abandon_output, finish, leave_at_once, prepare_process

WRONG_USE = 2
PROGRAM_FAILED = 4
INTERRUPTED = 130
CONTEXT = {"help_option_names": ["-h", "--help"]}
COMPLETING = "_COMPARE_COMPLETE"
"""Set by a shell that asks what a word could be."""
FOR_ALL = ("-h", "--help", "--install-completion", "--show-completion")


class Command(NamedTuple):
    """Where a subcommand lives; ``prepare`` may rewrite its words before they are parsed.

    ``plain`` names the module whose ``plainly(words)`` does it where no option is given: the parser of options takes a
    third of the time of a short comparison.
    """

    module: str
    function: str
    plain: str = ""


COMMANDS = {
    "traces": Command("compare.commands.traces", "traces", "compare.commands.comparing"),
    "images": Command("compare.commands.images", "images"),
    "verify": Command("compare.commands.verify", "verify"),
    "report": Command("compare.commands.report", "report"),
    "history": Command("compare.commands.history", "history"),
}

OPTIONAL = ("matplotlib", "torch")
"""Of the extras: what draws, and what computes."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; never a traceback for a user's mistake."""
    if argv is None:
        prepare_process()
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else "--help"
    if name in COMMANDS and COMPLETING not in os.environ:
        code = run(name, words[1:])
        if code == INTERRUPTED and argv is None:
            leave_at_once(code)
        sys.exit(code)
    sys.exit(_without_command(name))


def run(name: str, words: list[str]) -> int:
    """Run one subcommand and give its exit code."""
    try:
        code = _plainly(COMMANDS[name], words) if _is_plain(COMMANDS[name], words) else _parsed(name, words)
        finish()
        return code
    except InputError as error:
        from compare.render.text import clean

        print(clean(f"compare {name}: {error}"), file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        print(f"compare {name}: needs {error.name}; pip install 'trace-parity[all]' brings it", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        print(f"compare {name}: {error}; nothing was written whole", file=sys.stderr)
        abandon_output()
        return WRONG_USE
    except Terminated as signal:
        return signal.exit_code
    except Exception:
        import traceback

        traceback.print_exc()
        return PROGRAM_FAILED


def _is_plain(command: Command, words: Sequence[str]) -> bool:
    """Whether all words are files."""
    return bool(command.plain) and len(words) > 1 and all(word[:1] not in ("-", "") or word == "-" for word in words)


def _plainly(command: Command, words: Sequence[str]) -> int:
    code: int = import_module(command.plain).plainly(words)
    return code


def _parsed(name: str, words: list[str]) -> int:
    """With options."""
    import typer

    module = import_module(COMMANDS[name].module)
    prepare: Callable[[list[str]], list[str]] = getattr(module, "prepare", lambda given: given)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, context_settings=CONTEXT)
    app.command()(getattr(module, COMMANDS[name].function))
    return _status_of(app, prepare(words), f"compare {name}")


def _status_of(app: Callable[..., None], words: list[str], name: str) -> int:
    """Run the command to its end; the exit status that it asks for."""
    try:
        app(words, prog_name=name, standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else WRONG_USE
    return 0


def functions() -> dict[str, Callable[..., None]]:
    """Every subcommand, imported."""
    return {name: getattr(import_module(command.module), command.function) for name, command in COMMANDS.items()}


def _without_command(word: str) -> int:
    if word in FOR_ALL or COMPLETING in os.environ:
        from compare.commands.together import make_app

        return _status_of(make_app(functions(), CONTEXT), [word], "compare")
    if word == "--version":
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(version("trace-parity"))
        except PackageNotFoundError:
            print("not installed")
        return 0
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, 1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(COMMANDS)} was required"
    print(f"compare: no subcommand {word!r}; {hint}", file=sys.stderr)
    return WRONG_USE
