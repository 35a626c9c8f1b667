"""Exit statuses of `molvae`; 0 is success."""

ERROR = 1
WRONG_USAGE = 2
"""Flags, arguments or settings that are wrong."""
FEWER = 3
"""Fewer molecules than asked for; those that came are written."""
INTERRUPTED = 130
"""Stopped with Ctrl-C, as shells report it: 128 + SIGINT."""
