"""Interrupt: the first Ctrl-C ends a training after the current update, the second at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """Whether the user has asked to end the training."""

    def __init__(self) -> None:
        self.is_requested = False

    @contextmanager
    def catch_signals(self, is_main: bool) -> Iterator[None]:
        """Treat the first Ctrl-C or SIGTERM during the block as a request to end.

        Only the main thread can catch signals. Processes other than the main one ignore them, as
        the main process tells them when to end.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def request(number: int, _frame: object) -> None:
            self.is_requested = True
            signal.signal(number, earlier[signal.Signals(number)])

        for number in earlier:
            signal.signal(number, request if is_main else signal.SIG_IGN)
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
