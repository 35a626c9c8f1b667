"""EarlyStopping: the best validation loss so far, and whether a training still improves."""

from dataclasses import dataclass, replace

_MIN_IMPROVEMENT = 1e-3
"""Fraction of the loss by which it must fall to count as an improvement."""


@dataclass(frozen=True)
class EarlyStopping:
    """The losses of a training's validations, as far as early stopping needs them.

    While beta rises, each validation counts as the best one: later weights are better whatever
    their loss.

    Example:
        >>> stopping = EarlyStopping(patience=2)
        >>> for loss in (5.0, 4.0, 6.0, 4.1):
        ...     stopping = stopping.update(loss, after_warmup=True)
        >>> stopping.best_loss, stopping.is_exhausted
        (4.0, True)
    """

    patience: int
    """Validations without improvement that end the training; 0 for no early stopping."""
    best_loss: float | None = None
    """Lowest loss so far; None before the first validation."""
    best_is_after_warmup: bool = False
    """Whether `best_loss` was measured with beta at its full value; only such losses compare."""
    reference_loss: float | None = None
    """Loss that the next ones must clearly improve on."""
    bad_validations: int = 0
    """Validations since the last clear improvement."""

    @property
    def is_exhausted(self) -> bool:
        """Whether the patience is exhausted (also right after a resume)."""
        return 0 < self.patience <= self.bad_validations

    def is_best(self, loss: float, *, after_warmup: bool) -> bool:
        """Whether weights of this loss replace the best ones."""
        # A resumed training that is given more time is in the warm-up of beta again. Its losses
        # compare with those after the first warm-up nevertheless.
        comparable = after_warmup or self.best_is_after_warmup
        return self.best_loss is None or not comparable or loss < self.best_loss

    def update(self, loss: float, *, after_warmup: bool) -> "EarlyStopping":
        """The value after a further validation."""
        after_warmup = after_warmup or self.best_is_after_warmup
        reference = self.reference_loss
        improves = (
            reference is None
            or not after_warmup
            or loss < reference - _MIN_IMPROVEMENT * abs(reference)
        )
        return replace(
            self,
            best_loss=loss if self.is_best(loss, after_warmup=after_warmup) else self.best_loss,
            best_is_after_warmup=after_warmup,
            reference_loss=loss if improves else reference,
            bad_validations=0 if improves else self.bad_validations + 1,
        )
