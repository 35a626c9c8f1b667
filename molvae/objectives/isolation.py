"""Isolate the molecules for which external code fails, by asking again with smaller batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from molvae.chem.molecule import Molecule
from molvae.objectives.measure import Failed, Readings, readings_of


@dataclass(frozen=True, slots=True)
class FailedBatch:
    """A failed attempt to get answers for a batch, whose output is not used."""

    reason: str
    answered: int = 0
    """Number of answers before the failure; the next molecule probably caused it."""
    is_outage: bool = False
    """Whether the failure has nothing to do with the molecules, so that smaller batches fail."""


# object: external code may answer with anything.
Ask = Callable[[Sequence[str]], list[object] | FailedBatch]
"""Gives an answer for each SMILES of a batch, or the failure of the whole batch."""


def read_in_batches(
    molecules: Sequence[Molecule], ask: Ask, at_once: int, max_failures: int
) -> Readings:
    """The readings of the molecules; failed ones for those that cause a failure.

    Args:
        molecules: the molecules.
        ask: gives the answers for a batch.
        at_once: maximum number of molecules per batch.
        max_failures: number of failures within a batch after which its rest has no answer.
    """
    smiles = [molecule.smiles for molecule in molecules]
    batches = (smiles[i : i + at_once] for i in range(0, len(smiles), at_once))
    answers = (_answer_all(batch, ask, max_failures) for batch in batches)
    return readings_of(list(chain.from_iterable(answers)))


def _answer_all(smiles: Sequence[str], ask: Ask, max_failures: int) -> list[object]:
    """An answer for each SMILES; `Failed` for those that cause a failure."""
    answers: dict[int, object] = {}
    failures: list[FailedBatch] = []
    waiting = [range(len(smiles))]
    while waiting:
        rows = waiting.pop()
        if len(failures) > max_failures or (failures and failures[-1].is_outage):
            reason = f"not run: {len(failures)} runs had failed, the last one: "
            answers.update(dict.fromkeys(rows, Failed(reason + failures[-1].reason)))
            continue
        answer = ask([smiles[row] for row in rows])
        if not isinstance(answer, FailedBatch):
            answers.update(zip(rows, answer, strict=True))
            continue
        failures.append(answer)
        if len(rows) == 1 or answer.is_outage:
            answers.update(dict.fromkeys(rows, Failed(answer.reason)))
            continue
        # Smaller batches: the suspect and the rows before and after it, or two halves.
        suspect, size = answer.answered, len(rows)
        cuts = (0, suspect, suspect + 1, size) if 0 < suspect < size else (0, size // 2, size)
        waiting += [rows[start:end] for start, end in pairwise(cuts) if start < end][::-1]
    return [answers[row] for row in range(len(smiles))]
