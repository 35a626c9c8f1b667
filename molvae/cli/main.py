"""`molvae`: finds the command, and tells what went wrong in one line.

Commands are imported when they are called: `molvae --help` must not wait for torch.
"""

import ast
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter

from molvae import __version__
from molvae.cli.flags import flag_name, shown
from molvae.errors import MolvaeError

_COMMANDS = (
    "train",
    "generate",
    "optimize",
    "reconstruct",
    "encode",
    "decode",
    "interpolate",
    "neighbors",
    "likelihood",
    "score",
    "objectives",
    "evaluate",
    "diagnose",
    "report",
    "benchmark",
    "models",
    "data",
)
_GROUPS = frozenset({"benchmark", "data"})
"""Commands that have commands of their own."""
_INTERRUPTED = 130
"""What shells take for ended by Ctrl-C: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status, 0 when all went well.

    Args:
        arguments: the words after `molvae`; None takes those of this process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _escape_what_is_no_text()
    try:
        status = _app()(words, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _failed(_mistake(error))
    except MolvaeError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        _failed("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # Who read the output has left; the interpreter must not try to flush it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        return _failed(
            "there is not enough memory; give a smaller --batch-size, a smaller model or --n, or "
            f"another --device ({str(error).partition(chr(10))[0]})"
        )
    except OSError as error:
        place = f"{error.filename!r}: " if error.filename else ""
        return _failed(f"{place}{error.strerror or error}")
    return status if isinstance(status, int) else 0


def run() -> None:
    """The `molvae` of the shell."""
    sys.exit(main())


def _escape_what_is_no_text() -> None:
    """Let stdout take any name of a file, as stderr does."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _app() -> App:
    app = App(
        name="molvae",
        help="Molecules in a latent space: train, generate, optimise.",
        version=__version__,
        default_parameter=Parameter(show_default=shown),
        suppress_keyboard_interrupt=False,
    )
    for name in _COMMANDS:
        target = "app" if name in _GROUPS else name
        app.command(f"molvae.cli.{name}:{target}", name=name, help=_docstring(name))
    return app


def _docstring(command: str) -> str:
    """The command's own help, read without importing all that the command needs."""
    source = Path(__file__).with_name(f"{command}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return ast.get_docstring(functions.get(command, tree)) or ""


def _is_out_of_memory(error: Exception) -> bool:
    """As PyTorch says it for a GPU, and for the processor; it is not imported for that."""
    told = type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)
    return isinstance(error, MemoryError) or told or "can't allocate memory" in str(error)


def _failed(problem: str) -> int:
    print(f"molvae: {' '.join(problem.split())}", file=sys.stderr)
    return 1


def _mistake(error: CycloptsError) -> str:
    """What is wrong with the words that were typed."""
    from pydantic import ValidationError

    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return str(error)
    return "; ".join(
        f"{_flag(detail['loc'])} {detail['input']}: {detail['msg'].removeprefix('Value error, ')}"
        for detail in cause.errors()
    )


def _flag(place: tuple[str | int, ...]) -> str:
    names = [flag_name(part) for part in place if isinstance(part, str)]
    return "--" + ".".join(name for name in names if name != "*")
