"""Interrupt: Ctrl-C asks a training to end at the next update; a second one ends it at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """Whether the user has asked to end."""

    def __init__(self) -> None:
        self.is_requested = False

    @contextmanager
    def catch_signals(self, listen: bool) -> Iterator[None]:
        """Catch the first Ctrl-C or SIGTERM within the block; only the main thread can.

        Where another process is the one that listens, this one hears of it by that.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def note(number: int, _frame: object) -> None:
            self.is_requested = True
            signal.signal(number, earlier[signal.Signals(number)])

        for number in earlier:
            signal.signal(number, note if listen else signal.SIG_IGN)
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
