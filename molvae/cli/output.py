"""Output: what a command prints on the screen while it works and when it ends."""

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.cli.messages import with_flags
from molvae.files import STANDARD_STREAM, escape_control_characters

log = logging.getLogger("molvae")

_PATIENCE_SECONDS = 1.0
"""Time after which a silent step of a command says what it does."""


@dataclass(frozen=True)
class Output:
    """Flags for the output: progress and notes go to stderr, the result to stdout."""

    quiet: Annotated[
        bool, Parameter(alias="-q", negative=(), help="Show no progress, only warnings.")
    ] = False
    verbose: Annotated[
        bool, Parameter(alias="-v", negative=(), help="Show details, and where an error came from.")
    ] = False
    json: Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")] = False

    @property
    def progress(self) -> bool:
        """Whether progress bars are shown."""
        return not self.quiet

    # Any: JSON values.
    def show(self, result: Mapping[str, Any], text: str, *, to_stderr: bool = False) -> None:
        """Print the result as JSON or as text; to stderr where stdout holds a table."""
        stream = sys.stderr if to_stderr else sys.stdout
        line = escape_control_characters(with_flags(text))
        print(json.dumps(result) if self.json else line, file=stream)

    # Any: JSON values.
    def show_written(self, result: Mapping[str, Any], text: str, out: Path) -> None:
        """Show a result that was written to OUT; on standard output it is not repeated."""
        if out != STANDARD_STREAM:
            self.show(result, f"{text}\n{out}")
        elif not self.json:
            self.show(result, text, to_stderr=True)

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Show what the library logs on stderr, while the block runs."""
        handler = _Handler()
        log.addHandler(handler)
        usual = logging.WARNING if self.quiet else logging.INFO
        log.setLevel(logging.DEBUG if self.verbose else usual)
        try:
            yield
        finally:
            log.removeHandler(handler)
            log.setLevel(logging.NOTSET)

    @contextmanager
    def activity(self, text: str) -> Iterator[None]:
        """Show `text` and the seconds on a terminal while the block runs, if that takes long."""
        if self.quiet or not sys.stderr.isatty():
            yield
            return
        done = threading.Event()
        thread = threading.Thread(target=_count_seconds, args=(text, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


OutputFlags = Annotated[Output, Parameter(name="*")]


class _Handler(logging.Handler):
    """Writes each record above the progress bar, if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        line = escape_control_characters(with_flags(self.format(record)))
        # Whatever shows a bar has imported tqdm.
        bars = sys.modules.get("tqdm")
        if bars is None:
            print(line, file=sys.stderr)
        else:
            bars.tqdm.write(line, file=sys.stderr)


def _count_seconds(text: str, done: threading.Event) -> None:
    start = time.monotonic()
    while not done.wait(_PATIENCE_SECONDS):
        sys.stderr.write(f"\r{text} ... {time.monotonic() - start:.0f} s")
        sys.stderr.flush()
    if time.monotonic() - start > _PATIENCE_SECONDS:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
