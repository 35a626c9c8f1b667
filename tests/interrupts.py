"""For tests that press Ctrl-C."""

import signal


def heed_ctrl_c():
    """What a shell starts in the background is told to ignore it, and so is all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
