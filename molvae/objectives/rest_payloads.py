"""Formats in which scoring servers expect SMILES and answer with numbers."""

from collections.abc import Sequence
from enum import StrEnum

from molvae.errors import ObjectiveError


class Payload(StrEnum):
    """Format of the JSON that a scoring server receives and returns."""

    SMILES = "smiles"
    """{"smiles": ["CCO"]}, answered by {"scores": [0.5]}."""
    MOLSCORE = "molscore"
    """{"smiles": ["CCO"]}, answered by [{"smiles": "CCO", "pred": 0.5}] (MolScore's servers)."""
    REINVENT = "reinvent"
    """[{"input_string": "CCO", "query_id": "0"}], answered by {"output": {"successes_list":
    [{"query_id": "0", "output_value": 0.5}]}} (the REST component of REINVENT 4)."""

    # object: JSON, whose recursive type the checks of the tests do not follow.
    def content(self, smiles: Sequence[str]) -> object:
        """JSON that asks for the scores of some molecules."""
        if self is Payload.REINVENT:
            return [
                {"input_string": text, "query_id": str(number)}
                for number, text in enumerate(smiles)
            ]
        return {"smiles": list(smiles)}

    def read(self, answer: object, key: str | None, count: int) -> list[object]:
        """The answer for each of `count` molecules.

        Args:
            answer: JSON from the server.
            key: place of the numbers; see `RestMeasure.key`.
            count: number of molecules that the server was asked about.

        Raises:
            ObjectiveError: the JSON has another form, or too few or too many numbers.
        """
        if self is Payload.REINVENT:
            return _read_successes(answer, count)
        if self is Payload.MOLSCORE:
            rows = _list(answer, "the answer")
            _check_count(len(rows), count)
            return [_member(row, key or "", "an item of the answer") for row in rows]
        for name in (key or "scores").split("."):
            answer = _member(answer, name, "the answer")
        scores = _list(answer, f"{key or 'scores'!r}")
        _check_count(len(scores), count)
        return list(scores)


def _read_successes(answer: object, count: int) -> list[object]:
    """Values by query id; molecules without a success have None."""
    output = _member(answer, "output", "the answer")
    successes = _list(_member(output, "successes_list", "'output'"), "'successes_list'")
    values: dict[str, object] = {
        str(_member(row, "query_id", "a success")): _member(row, "output_value", "a success")
        for row in successes
    }
    unknown = sorted(values.keys() - {str(number) for number in range(count)})
    if unknown:
        raise ObjectiveError(f"there is no query {unknown[0]!r}")
    return [values.get(str(number)) for number in range(count)]


def _member(value: object, name: str, where: str) -> object:
    if not isinstance(value, dict):
        raise ObjectiveError(f"{where} is no object with {name!r}: {_excerpt(value)}")
    if name not in value:
        raise ObjectiveError(f"{where} has no {name!r}; it has {', '.join(value) or 'nothing'}")
    return value[name]


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise ObjectiveError(f"{where} is no list: {_excerpt(value)}")
    return value


def _check_count(numbers: int, molecules: int) -> None:
    if numbers != molecules:
        raise ObjectiveError(f"it has {numbers} numbers for {molecules} molecules")


def _excerpt(value: object) -> str:
    return repr(str(value)[:60])
