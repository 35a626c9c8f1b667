"""Isolate the molecules for which external code fails, by asking again with smaller batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

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
def answer_all(
    count: int, ask: Callable[[range], list[object] | FailedBatch], max_failures: int
) -> list[object]:
    """An answer for each of `count` molecules; `Failed` for those that cause a failure.

    Args:
        count: number of molecules.
        ask: gives the answers for some rows, or the failure of the whole batch.
        max_failures: number of failed batches after which the rest has no answer.
    """
    answers: dict[int, object] = {}
    failures: list[FailedBatch] = []
    waiting = [range(count)]
    while waiting:
        rows = waiting.pop()
        if len(failures) > max_failures or (failures and failures[-1].is_outage):
            reason = f"not run: {len(failures)} runs had failed, the last one: "
            answers.update(dict.fromkeys(rows, Failed(reason + failures[-1].reason)))
            continue
        answer = ask(rows)
        if not isinstance(answer, FailedBatch):
            answers.update(zip(rows, answer, strict=True))
            continue
        failures.append(answer)
        if len(rows) == 1 or answer.is_outage:
            answers.update(dict.fromkeys(rows, Failed(answer.reason)))
        else:
            waiting += reversed(_divide(rows, answer.answered))
    return [answers[row] for row in range(count)]


def _divide(rows: range, answered: int) -> list[range]:
    """Smaller batches: the suspect and the rows before and after it, or two halves."""
    if 0 < answered < len(rows):
        batches = [rows[:answered], rows[answered : answered + 1], rows[answered + 1 :]]
        return [batch for batch in batches if batch]
    half = len(rows) // 2
    return [rows[:half], rows[half:]]


def read_in_batches(
    molecules: Sequence[Molecule],
    at_once: int,
    answers: Callable[[Sequence[str]], list[object]],
) -> Readings:
    """The readings of the molecules, from the answers for batches of their SMILES.

    Args:
        molecules: the molecules.
        at_once: maximum number of molecules per batch.
        answers: returns an answer for each SMILES of a batch.
    """
    smiles = [molecule.smiles for molecule in molecules]
    batches = (smiles[i : i + at_once] for i in range(0, len(smiles), at_once))
    return readings_of(list(chain.from_iterable(map(answers, batches))))
