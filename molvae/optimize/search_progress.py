"""SearchProgress: sums over the finished rounds of a search, and when to give up."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from molvae.optimize.oracle import RoundResult
from molvae.optimize.result import StopReason


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
