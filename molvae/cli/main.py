"""`molvae`: finds the command, runs it, and reports an error in one line.

Commands are imported when they are called, and import heavy libraries when they start to work:
help must not wait for torch.
"""

import ast
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter
from pydantic import ValidationError

from molvae import __version__
from molvae.cli.exit_status import ERROR, INTERRUPTED, WRONG_USAGE
from molvae.cli.flags import default_text
from molvae.cli.messages import validation_text, with_flags
from molvae.cli.output import Output, log
from molvae.errors import ConfigError, MolvaeError
from molvae.files import escape_control_characters

COMMANDS = (
    "train",
    "prepare",
    "generate",
    "complete",
    "optimize",
    "reconstruct",
    "denoise",
    "encode",
    "decode",
    "interpolate",
    "neighbors",
    "traverse",
    "likelihood",
    "predict",
    "score",
    "objectives",
    "evaluate",
    "diagnose",
    "report",
    "benchmark",
    "models",
    "data",
    "config",
    "schema",
    "completion",
    "docs",
    "help",
)
_GROUPS = frozenset({"benchmark", "data"})
"""Commands that have commands of their own."""
_OUT_OF_MEMORY = ("not enough memory", "can't allocate memory")
"""Words of PyTorch's error when the processor's memory is full."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    0: success. 1: an error. 2: wrong usage (flags, arguments, settings). 3: fewer molecules than
    asked for, written to the file. 130: stopped with Ctrl-C.

    Args:
        arguments: the words after `molvae`; None takes those of this process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # cyclopts takes a single hyphen for an option; `./-` is the same path.
    words = ["./-" if word == "-" else word for word in words]
    # Let stdout print any file name, as stderr does.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(words)
    except CycloptsError as error:
        cause = error.__cause__
        problem = validation_text(cause) if isinstance(cause, ValidationError) else str(error)
        return _fail(problem, WRONG_USAGE)
    except BrokenPipeError:
        # Whoever read the output has left; the interpreter must not try to flush it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR


def run() -> None:
    """The `molvae` of the shell."""
    sys.exit(main())


def _run(words: list[str]) -> int:
    command, bound, _ = application().parse_args(words, exit_on_error=False, print_error=False)
    chosen = [value for value in bound.arguments.values() if isinstance(value, Output)]
    with (chosen or [Output()])[0].logging():
        try:
            status = command(*bound.args, **bound.kwargs)
            sys.stdout.flush()
        except (MolvaeError, KeyboardInterrupt, MemoryError, RuntimeError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            return _report(error)
    return status if isinstance(status, int) else 0


def _report(error: BaseException) -> int:
    """Print what went wrong in one line; an error that no user can mend is raised again."""
    log.debug("where the error came from:", exc_info=error)
    if isinstance(error, MolvaeError):
        return _fail(str(error), WRONG_USAGE if isinstance(error, ConfigError) else ERROR)
    if isinstance(error, KeyboardInterrupt):
        return _fail("interrupted", INTERRUPTED)
    if isinstance(error, OSError):
        file = f"{error.filename!r}: " if error.filename else ""
        return _fail(f"{file}{error.strerror or error}", ERROR)
    # Python's own error, or PyTorch's for a GPU or for the processor.
    is_of_gpu = type(error).__name__ == "OutOfMemoryError"
    is_of_processor = any(words in str(error) for words in _OUT_OF_MEMORY)
    if not (isinstance(error, MemoryError) or is_of_gpu or is_of_processor):
        raise error
    return _fail(
        "not enough memory; use a smaller --batch-size, model or --n, or another --device "
        f"({str(error).partition(chr(10))[0]})",
        ERROR,
    )


def application() -> App:
    """The command line with all its commands."""
    app = App(
        name="molvae",
        help="Train a VAE on molecules, generate new ones, and optimize them.",
        version=__version__,
        version_flags=("--version", "-V"),
        default_parameter=Parameter(show_default=default_text),
        suppress_keyboard_interrupt=False,
    )
    for name in COMMANDS:
        target = "app" if name in _GROUPS else name
        # The help is read without importing the module.
        source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        help_text = ast.get_docstring(functions.get(name, tree)) or ""
        app.command(f"molvae.cli.{name}:{target}", name=name, help=help_text)
    app.register_install_completion_command(help="Install completion for the current shell.")
    return app


def _fail(problem: str, status: int) -> int:
    # The path that stands for standard input, see `main`, is shown as it was typed.
    line = " ".join(with_flags(problem).split()).replace("'./-'", "'-'")
    print(f"molvae: {escape_control_characters(line)}", file=sys.stderr)
    return status
