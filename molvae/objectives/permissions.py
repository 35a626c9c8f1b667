"""Permissions: code that an objective file may run, and servers to which it may send molecules.

The user of a file decides about them, not its author.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.measure import Restricted


@dataclass(frozen=True)
class Permissions:
    """The user's decisions about the code and the servers that an objective file names."""

    no_code: bool = False
    """Whether components that are programs, Python functions or servers are refused.

    A server runs no code here, but learns the molecules of a search, and a file from elsewhere may
    name any server, also one of the local network."""
    trusted: tuple[str, ...] = ()
    """Types that scikit-learn model files may contain besides those that skops trusts."""
    announce: Callable[[str], None] = field(default=lambda _: None)
    """Called with a line for each program, function or server before its first use."""

    def apply(self, config: ObjectiveConfig) -> ObjectiveConfig:
        """The objective with the trusted types added, after its actions have been announced.

        Raises:
            ConfigError: it uses programs, functions or servers although `no_code` is set.
        """
        actions = [
            f"component {label!r} {measure.action()}"
            for label, measure in config.measures().items()
            if isinstance(measure, Restricted)
        ]
        if actions and self.no_code:
            raise ConfigError(f"`no_code` refuses this objective: {'; '.join(actions)}")
        for line in actions:
            self.announce(line)
        return config.trusting(self.trusted)
