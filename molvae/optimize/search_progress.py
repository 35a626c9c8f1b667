"""SearchProgress: sums over the finished rounds of a search, and when to give up."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from molvae.optimize.oracle import RoundResult
from molvae.optimize.result import StopReason


@dataclass(frozen=True)
class SearchRound:
    """Figures of a search after one of its rounds."""

    round: int
    """1-based number of the round."""
    calls: int
    """Distinct molecules scored so far, those of earlier sessions included."""
    best: float
    """Best score so far; NaN if no molecule has a score."""
    mean_of_top_10: float
    """Mean of the ten best scores so far; NaN if there is none."""
    rejected: int
    """Candidates rejected so far by the constraints, at no cost."""

    @property
    def number(self) -> int:
        """Molecules scored, the axis of search curves."""
        return self.calls

    def values(self) -> Mapping[str, float]:
        """Figures by name."""
        return {name: float(value) for name, value in asdict(self).items()}


SearchCallback = Callable[[SearchRound], None]
"""Called after each round of a search."""


@dataclass(frozen=True)
class SearchProgress:
    """Sums over the finished rounds; rejections are counted by `HardConstraints`."""

    rounds: int = 0
    proposed: int = 0
    undecodable: int = 0
    repeats: int = 0
    without_molecule: int = 0
    """Consecutive latest rounds in which nothing decoded."""
    without_admitted: int = 0
    """Consecutive latest rounds in which no molecule met the constraints."""
    without_new: int = 0
    """Consecutive latest rounds without a new molecule."""
    without_score: int = 0
    """Consecutive latest rounds in which no new molecule had a score."""

    def after(self, result: RoundResult, rejected: int, unproposed: int) -> "SearchProgress":
        """The sums after another finished round.

        Args:
            result: of the round's candidates, without a molecule where one was rejected.
            rejected: candidates rejected in this round, by the method itself or by the search.
            unproposed: those of them that the method rejected, so that it did not propose them.
        """
        proposed, admitted = len(result.scores) + unproposed, result.decoded
        decoded = admitted + rejected
        return SearchProgress(
            rounds=self.rounds + 1,
            proposed=self.proposed + proposed,
            undecodable=self.undecodable + proposed - decoded,
            repeats=self.repeats + admitted - result.new,
            # Where nothing is proposed, nothing is new, and the other counts say nothing.
            without_molecule=0 if decoded or not proposed else self.without_molecule + 1,
            without_admitted=0 if admitted or not proposed else self.without_admitted + 1,
            without_new=0 if result.new else self.without_new + 1,
            without_score=0 if result.scored else self.without_score + 1,
        )

    def with_cut_round(
        self, result: RoundResult, rejected: int, unproposed: int
    ) -> "SearchProgress":
        """These sums with what was proposed in a round that the budget cut, which is unfinished."""
        whole = self.after(result, rejected, unproposed)
        return replace(
            self,
            undecodable=whole.undecodable,
            proposed=whole.proposed - result.unaffordable,
            repeats=whole.repeats - result.unaffordable,
        )

    def stop_reason(self, patience: int) -> StopReason | None:
        """Why the search should end after this many rounds in vain; None: it should not."""
        if self.without_molecule >= patience:
            return StopReason.NOTHING_DECODES
        if self.without_admitted >= patience:
            return StopReason.NOTHING_ADMITTED
        if self.without_new >= patience:
            return StopReason.NOTHING_NEW
        return StopReason.NOTHING_SCORED if self.without_score >= patience else None

    def to_json(self) -> dict[str, int]:
        """The sums as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: Mapping[str, int]) -> "SearchProgress":
        """The sums of an earlier part of the search.

        Rounds without a score are counted anew: the scorer may have been repaired in between.
        """
        return cls(**{**saved, "without_score": 0})
