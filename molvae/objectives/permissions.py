"""Permissions: which code an objective file may run, decided by the user, not its author."""

from collections.abc import Callable
from dataclasses import dataclass

from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.function import FunctionMeasure
from molvae.objectives.program import ProgramMeasure


def _ignore(_line: str) -> None:
    return


@dataclass(frozen=True)
class Permissions:
    """The user's decisions about the code in an objective file."""

    no_code: bool = False
    """Whether components that are programs or Python functions are refused."""
    trusted: tuple[str, ...] = ()
    """Types that scikit-learn model files may contain besides those that skops trusts."""
    announce: Callable[[str], None] = _ignore
    """Called with a line for each program or function before it first runs."""

    def apply(self, config: ObjectiveConfig) -> ObjectiveConfig:
        """The objective with the trusted types added, after its code has been announced.

        Raises:
            ConfigError: it runs programs or functions although `no_code` is set.
        """
        code = [
            f"component {label!r} runs {measure.code()}"
            for label, measure in config.measures().items()
            if isinstance(measure, ProgramMeasure | FunctionMeasure)
        ]
        if code and self.no_code:
            raise ConfigError(f"`no_code` refuses this objective: {'; '.join(code)}")
        for line in code:
            self.announce(line)
        return config.trusting(self.trusted)
