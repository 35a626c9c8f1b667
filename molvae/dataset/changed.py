"""One warning about the molecules that reading or cleaning changed."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from molvae.chem.reading import Change

_LONGEST_SHOWN = 60
_log = logging.getLogger("molvae")


class ChangeCount:
    """Counts changed molecules, and remembers the first."""

    def __init__(self) -> None:
        self._counts: Counter[Change] = Counter()
        self._molecules = 0
        self._first = ""

    def add(self, changes: Sequence[Change], source: str, text: str, smiles: str) -> None:
        """Count a molecule.

        Args:
            changes: changes that were made to it; a molecule without any is not counted.
            source: position of the molecule for the message, as in "on line 3".
            text: the molecule as it was written.
            smiles: its SMILES now.
        """
        if not changes:
            return
        if not self._molecules:
            before, after = _shorten(text), _shorten(smiles)
            self._first = f"{before!r}{f' {source}' if source else ''} became {after}"
        self._molecules += 1
        self._counts.update(changes)

    # Any: JSON values.
    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ChangeCount":
        """The counts that `to_json` described."""
        count = cls()
        count._counts.update({Change(name): n for name, n in value["counts"].items()})
        count._molecules, count._first = value["molecules"], value["first"]
        return count

    # Any: JSON values.
    def to_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {"counts": self._counts, "molecules": self._molecules, "first": self._first}

    def merge(self, other: "ChangeCount") -> None:
        """Add what another has counted."""
        if not self._molecules:
            self._first = other._first
        self._molecules += other._molecules
        self._counts.update(other._counts)

    def warn(self, source: str = "") -> None:
        """Log one line as a warning of `molvae`, if any molecule was changed.

        Args:
            source: name of the file or set, to tell it from others that are read.
        """
        if not self._molecules:
            return
        counts = "; ".join(f"{change}: {count:,}" for change, count in self._counts.items())
        count = "1 molecule was" if self._molecules == 1 else f"{self._molecules:,} molecules were"
        first = self._first if self._molecules == 1 else f"the first: {self._first}"
        title = f"{source}: " if source else ""
        _log.warning("%s%s changed (%s); %s", title, count, counts, first)


def warn_of_changes(changes: Sequence[Change], text: str, smiles: str) -> None:
    """Log a warning if a molecule that a user gave was changed when it was read."""
    count = ChangeCount()
    count.add(changes, "", text, smiles)
    count.warn()


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
