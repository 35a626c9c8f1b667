"""The report of a search: what it found, how it got there, what it left out."""

from collections import Counter
from collections.abc import Sequence
from math import isnan

import numpy as np

from molvae.chem.depiction import depiction
from molvae.chem.molecule import Molecule
from molvae.optimize.curves import curve_of_best, mean_of_best
from molvae.optimize.journal import Journal
from molvae.optimize.result import Evaluation, Front, best_first
from molvae.report.charts import Series, clouds, curves
from molvae.report.origin import origin_sections
from molvae.report.page import Card, Page, Picture, Section, Table
from molvae.report.records import Lead, SearchSummary, read_record
from molvae.runs import RunDirectory

_BEST = 100
"""Molecules whose sources are counted apart."""
_READINGS = 100
"""Places at which the curve of the best is read, about."""


def search_page(run: RunDirectory, molecules: int) -> Page:
    """The page of a search that has ended, was cut off or still goes on.

    Args:
        run: its folder.
        molecules: how many of the best are drawn.

    Raises:
        RunError: the journal cannot be read.
        FileError: another file of the run is damaged.
    """
    with Journal.reading(run.journal) as journal:
        candidates = journal.candidates()
    summary = read_record(SearchSummary, run.summary) if run.summary.is_file() else None
    if summary is not None and summary.calls < len(candidates):
        summary = None  # It tells of the search before it was resumed.
    sections = [_outcome(candidates, summary)]
    if any(not isnan(one.score) for one in candidates):
        sections += [_best(candidates, summary, molecules), _course(candidates)]
        if summary and summary.front and summary.front.molecules:
            sections.append(_front(candidates))
        sections.append(_sources(candidates))
    return Page(
        f"Search {run.path.resolve().name}",
        "Each call scored one distinct molecule; high scores are good.",
        (*sections, *_left_out(summary), *origin_sections(run)),
    )


def _outcome(candidates: Sequence[Evaluation], summary: SearchSummary | None) -> Section:
    facts = {"state": "not ended" if summary is None else f"ended: {summary.stop}"}
    if summary is not None:
        facts["what may be done"] = summary.advice
    facts["calls"] = f"{len(candidates):,}"
    if unscored := sum(isnan(one.score) for one in candidates):
        facts["calls"] += f", {unscored:,} without a score"
    best = best_first(candidates)[:1]
    if best and not isnan(best[0].score):
        facts |= {
            "best": f"{best[0].score:.4f}, at call {best[0].call:,}",
            "mean of the ten best": f"{mean_of_best(_scores(candidates)):.4f}",
        }
    if summary is not None and summary.lead:
        facts |= _of_lead(summary.lead)
    return Section("Outcome", facts=facts)


def _of_lead(lead: Lead) -> dict[str, str]:
    facts = {"lead": lead.smiles}
    if lead.score is not None:
        facts["score of the lead"] = f"{lead.score:.4f}"
    if lead.objection:
        facts["the lead itself would be refused"] = lead.objection
    if lead.improvement is not None and lead.similarity is not None:
        better = f"{lead.improvement:+.4f} at similarity {lead.similarity:.2f}"
        facts["best against the lead"] = better
    return facts


def _best(
    candidates: Sequence[Evaluation], summary: SearchSummary | None, molecules: int
) -> Section:
    lead = summary.lead.smiles if summary and summary.lead else None
    scored = [one for one in best_first(candidates) if not isnan(one.score)]
    chosen = [one for one in scored if one.smiles != lead][:molecules]
    first = [one for one in candidates if one.smiles == lead]
    cards = [_card(one, "lead: ") for one in first] + [_card(one) for one in chosen]
    return Section("Best molecules", cards=tuple(cards))


def _card(one: Evaluation, name: str = "") -> Card:
    values = tuple(f"{key} {value:.4g}" for key, value in one.values.items() if not isnan(value))
    drawn = Picture(depiction(Molecule.parse(one.smiles)), one.smiles)
    score = "no score" if isnan(one.score) else f"{one.score:.4f}"
    found = f"call {one.call:,}, {one.source}"
    return Card(drawn, (f"{name}{score}", ", ".join(values), one.smiles, found))


def _course(candidates: Sequence[Evaluation]) -> Section:
    by_source: dict[str, list[Evaluation]] = {}
    for one in candidates:
        if not isnan(one.score):
            by_source.setdefault(one.source, []).append(one)
    dots = [
        Series(source, [one.call for one in found], [one.score for one in found])
        for source, found in by_source.items()
    ]
    scores = _scores(candidates)
    lines = [_best_so_far("mean of the ten best", scores, 10), _best_so_far("best", scores, 1)]
    about = "Score of each molecule in the order of the calls, by what made it up."
    return Section("Course", pictures=(Picture(clouds(dots, lines, "call", "score"), about),))


def _best_so_far(label: str, scores: np.ndarray, k: int) -> Series:
    """The mean of the `k` best at the calls from that on which gave the first score."""
    calls, heights = curve_of_best(scores, k, max(1, len(scores) // _READINGS))
    first = 1 + int(np.flatnonzero(~np.isnan(scores))[0])
    return Series(label, calls[calls >= first].tolist(), heights[calls >= first].tolist())


def _front(candidates: Sequence[Evaluation]) -> Section:
    front = Front.of(candidates)
    calls, volumes = zip(*front.curve, strict=True)
    drawn = curves([Series("hypervolume", calls, volumes)], "call", "share of the goals' space")
    pictures = [Picture(drawn, "Hypervolume: what share of all goals the front reaches.")]
    goals = list(front.candidates[0].desirabilities)
    if len(goals) == 2:
        kinds = (("all", candidates), ("front", front.candidates))
        dots = [
            Series(label, *([one.desirabilities[goal] for one in some] for goal in goals))
            for label, some in kinds
        ]
        pictures.append(Picture(clouds(dots, [], *goals), "Both goals of each molecule."))
    rows = tuple(
        (*(f"{one.desirabilities[goal]:.3f}" for goal in goals), one.smiles)
        for one in front.candidates
    )
    told = f"{len(rows):,} molecules that no other beats in every goal."
    table = Table((*goals, "smiles"), rows)
    return Section("Pareto front", told, pictures=tuple(pictures), table=table)


def _sources(candidates: Sequence[Evaluation]) -> Section:
    best = [one for one in best_first(candidates) if not isnan(one.score)][:_BEST]
    among = Counter(one.source for one in best)
    calls = Counter(one.source for one in candidates).most_common()
    rows = tuple((source, f"{count:,}", str(among[source])) for source, count in calls)
    headings = ("source", "calls", f"of the {len(best)} best")
    return Section("Where they came from", table=Table(headings, rows))


def _left_out(summary: SearchSummary | None) -> tuple[Section, ...]:
    if summary is None:
        return ()
    facts = {reason: f"{count:,}" for reason, count in summary.refused.items()}
    facts |= {
        "met before": f"{summary.repeats:,}",
        "no molecule": f"{summary.undecodable:,}",
    }
    told = f"Of {summary.proposed:,} proposals; what was left out cost no call."
    return (Section("Left out", told, facts=facts),)


def _scores(candidates: Sequence[Evaluation]) -> np.ndarray:
    return np.array([one.score for one in candidates], dtype=np.float64)
