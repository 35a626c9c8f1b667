"""Ranking: the scored molecules of a search, best first, beside its lead."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path

from molvae.chem.depiction import depiction
from molvae.chem.molecule import Molecule
from molvae.optimize.constraints import similarities
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.result import best_first, value_labels
from molvae.report.page import Card, Picture, Section
from molvae.report.page_molecules import MAX_MOLECULES, Cells, PageMolecules
from molvae.report.views import projections_of


@dataclass(frozen=True)
class Ranking:
    """Scored molecules, best first, with their similarity to the lead."""

    evaluations: tuple[Evaluation, ...]
    molecules: tuple[Molecule, ...]
    lead: Molecule | None
    similarities: tuple[float, ...]
    """Tanimoto similarities to the lead, as the search measures them; NaN without a lead."""
    total: int
    """Number of molecules scored, of which a page shows a limited number."""

    @classmethod
    def of(
        cls, candidates: Sequence[Evaluation], lead: str | None, limit: int = MAX_MOLECULES
    ) -> "Ranking":
        """The ranking of scored molecules.

        Args:
            candidates: scored molecules.
            lead: SMILES of the lead; None: a molecule whose source is `lead`, if there is one.
            limit: number of the best molecules to keep; the lead is kept in any case.
        """
        by_source = [row.smiles for row in candidates if row.source == "lead"]
        smiles = lead or next(iter(by_source), None)
        parent = None if smiles is None else Molecule.parse(smiles)
        ranked = best_first(candidates)
        cut = [row for row in ranked[limit:] if parent and row.smiles == parent.smiles]
        evaluations = (*ranked[:limit], *cut)
        molecules = tuple(Molecule.parse(evaluation.smiles) for evaluation in evaluations)
        similar = (nan,) * len(molecules)
        if parent is not None:
            similar = tuple(similarities(parent, molecules).tolist())
        return cls(evaluations, molecules, parent, similar, len(candidates))

    def cards(self, n: int) -> Section:
        """The lead, if there is one, and the `n` best other molecules with a score."""
        rows = range(len(self.evaluations))
        leads = [row for row in rows if self.molecules[row] == self.lead]
        best = [row for row in rows if row not in leads and not isnan(self.evaluations[row].score)]
        cards = tuple(self._card(row) for row in (*leads, *best[:n]))
        text = ""
        if self.lead is not None:
            text = "Aligned to the lead; atoms that the lead does not have are highlighted."
        return Section("Best molecules", text, cards=cards)

    def page_molecules(self, name: str, model: Path | None) -> PageMolecules:
        """The molecules with scores, measured values, calls and sources.

        Args:
            name: name for downloads.
            model: model of the latent space that is drawn as a map; None for no map.

        Raises:
            ModelError: the model is damaged, or not there.
        """
        rows = self.evaluations
        names = dict.fromkeys(name for row in rows for name in row.values)
        columns: dict[str, Cells] = {"score": [row.score for row in rows]}
        if self.lead is not None:
            columns["similarity_to_lead"] = self.similarities
        labels = value_labels(names, ())
        for label, key in zip(labels, names, strict=True):
            columns[label] = [row.values.get(key, nan) for row in rows]
        columns |= {"call": [row.call for row in rows], "source": [str(row.source) for row in rows]}
        maps = projections_of(model, self.molecules)
        return PageMolecules(name, self.molecules, columns, projections=maps, is_table=True)

    def about(self) -> str:
        """How many molecules are shown, where these are not all."""
        if len(self.evaluations) == self.total:
            return ""
        lead = "" if self.lead is None else ", with the lead"
        return f"The {len(self.evaluations):,} best of {self.total:,} molecules{lead}."

    def _card(self, row: int) -> Card:
        evaluation, molecule = self.evaluations[row], self.molecules[row]
        is_lead = molecule == self.lead
        score = "no score" if isnan(evaluation.score) else f"{evaluation.score:.4f}"
        values = ", ".join(
            f"{key} {value:.4g}" for key, value in evaluation.values.items() if not isnan(value)
        )
        origin = f"call {evaluation.call:,}, {evaluation.source}"
        if self.lead is not None and not is_lead:
            origin = f"similarity {self.similarities[row]:.2f}, {origin}"
        picture = Picture(depiction(molecule, reference=self.lead), evaluation.smiles)
        return Card(
            picture, (f"{'lead: ' if is_lead else ''}{score}", values, origin), molecule.smiles
        )
