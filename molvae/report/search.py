"""The report of a search: the best molecules, the curves, and what was left out."""

from collections import Counter
from collections.abc import Sequence
from math import isnan

import numpy as np

from molvae.optimize.curves import curve_of_best, mean_of_best
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.journal import Journal
from molvae.optimize.result import Front, best_first
from molvae.report.charts import Series, curves, scatter, shares
from molvae.report.config import ReportConfig
from molvae.report.origin import origin_sections
from molvae.report.page import Page, Picture, Section, Table
from molvae.report.ranking import Ranking
from molvae.report.records import Lead, SearchSummary, read_record
from molvae.report.search_course import READINGS, components_of_best, source_shares
from molvae.report.views import molecule_sections
from molvae.runs import RunDirectory

_BEST = 100
"""Number of best molecules whose sources are counted separately."""


def search_page(run: RunDirectory, config: ReportConfig) -> Page:
    """The page of a search that has ended, was interrupted or is in progress.

    Args:
        run: its folder.
        config: what is drawn.

    Raises:
        RunError: the journal cannot be read.
        FileError: another file of the run is damaged.
        ModelError: the model of the map is damaged, or not there.
    """
    with Journal.read_only(run.journal) as journal:
        candidates = journal.evaluations()
    summary = read_record(SearchSummary, run.summary) if run.summary.is_file() else None
    if summary is not None and summary.calls < len(candidates):
        summary = None  # It was written before the search was resumed.
    further = (*_exclusions(summary), *origin_sections(run))
    sections = [_outcome(candidates, summary)]
    molecules = None
    if any(not isnan(evaluation.score) for evaluation in candidates):
        ranking = Ranking.of(candidates, summary.lead.smiles if summary and summary.lead else None)
        sections += [ranking.cards(config.molecules), _course(candidates)]
        if summary and summary.front and summary.front.molecules:
            sections.append(_front(candidates))
        sections.append(_sources(candidates))
        molecules = ranking.page_molecules(f"{run.path.resolve().name}_molecules", config.model)
        sections += molecule_sections("All molecules", molecules, ranking.about())
    return Page(
        f"Search {run.path.resolve().name}",
        "Each call scored one distinct molecule; higher scores are better.",
        (*sections, *further),
        molecules,
    )


def _outcome(candidates: Sequence[Evaluation], summary: SearchSummary | None) -> Section:
    facts = {"state": "in progress or interrupted" if summary is None else f"ended: {summary.stop}"}
    if summary is not None:
        facts["advice"] = summary.advice
    facts["calls"] = f"{len(candidates):,}"
    if unscored := sum(isnan(evaluation.score) for evaluation in candidates):
        facts["calls"] += f", {unscored:,} without a score"
    best = best_first(candidates)[:1]
    if best and not isnan(best[0].score):
        facts |= {
            "best": f"{best[0].score:.4f}, at call {best[0].call:,}",
            "mean of the top 10": f"{mean_of_best(_scores(candidates)):.4f}",
        }
    if summary is not None and summary.lead:
        facts |= _lead_facts(summary.lead)
    return Section("Outcome", facts=facts)


def _lead_facts(lead: Lead) -> dict[str, str]:
    facts = {"lead": lead.smiles}
    if lead.score is not None:
        facts["score of the lead"] = f"{lead.score:.4f}"
    if lead.violation:
        facts["the lead itself does not meet the conditions"] = lead.violation
    if lead.improvement is not None and lead.similarity is not None:
        better = f"{lead.improvement:+.4f} at similarity {lead.similarity:.2f}"
        facts["improvement over the lead"] = better
    return facts


def _course(candidates: Sequence[Evaluation]) -> Section:
    by_source: dict[str, list[Evaluation]] = {}
    for evaluation in candidates:
        if not isnan(evaluation.score):
            by_source.setdefault(evaluation.source, []).append(evaluation)
    dots = [
        Series(
            source,
            [evaluation.call for evaluation in group],
            [evaluation.score for evaluation in group],
        )
        for source, group in by_source.items()
    ]
    scores = _scores(candidates)
    lines = [_best_so_far("mean of the top 10", scores, 10), _best_so_far("best", scores, 1)]
    about = "Score of each molecule in the order of the calls, by its source."
    pictures = [Picture(scatter(dots, lines, "call", "score"), about)]
    components = components_of_best(candidates)
    if len(components) > 1:
        chart = curves(components, "call", "desirability", share=True)
        about = "Components of the objective: means over the ten best molecules so far."
        pictures.append(Picture(chart, about))
    about = "Share of each source in the calls, from the first to the last."
    pictures.append(Picture(shares(*source_shares(candidates), "call"), about))
    return Section("Course", pictures=tuple(pictures))


def _best_so_far(label: str, scores: np.ndarray, k: int) -> Series:
    """Mean of the `k` best scores, from the first call with a score."""
    calls, heights = curve_of_best(scores, k, max(1, len(scores) // READINGS))
    first = 1 + int(np.flatnonzero(~np.isnan(scores))[0])
    return Series(label, calls[calls >= first].tolist(), heights[calls >= first].tolist())


def _front(candidates: Sequence[Evaluation]) -> Section:
    front = Front.of(candidates)
    calls, volumes = zip(*front.curve, strict=True)
    chart = curves([Series("hypervolume", calls, volumes)], "call", "share of the space")
    pictures = [
        Picture(chart, "Hypervolume: share of the space of goals that the front dominates.")
    ]
    goals = list(front.evaluations[0].desirabilities)
    if len(goals) == 2:
        kinds = (("all", candidates), ("front", front.evaluations))
        dots = [
            Series(
                label,
                *([evaluation.desirabilities[goal] for evaluation in group] for goal in goals),
            )
            for label, group in kinds
        ]
        pictures.append(Picture(scatter(dots, [], *goals), "Both goals of each molecule."))
    rows = tuple(
        (*(f"{evaluation.desirabilities[goal]:.3f}" for goal in goals), evaluation.smiles)
        for evaluation in front.evaluations
    )
    text = f"{len(rows):,} molecules; no other is at least as good in every goal."
    table = Table((*goals, "smiles"), rows)
    return Section("Pareto front", text, pictures=tuple(pictures), table=table)


def _sources(candidates: Sequence[Evaluation]) -> Section:
    best = [evaluation for evaluation in best_first(candidates) if not isnan(evaluation.score)][
        :_BEST
    ]
    best_by_source = Counter(evaluation.source for evaluation in best)
    calls = Counter(evaluation.source for evaluation in candidates).most_common()
    rows = tuple((source, f"{count:,}", str(best_by_source[source])) for source, count in calls)
    headings = ("source", "calls", f"of the {len(best)} best")
    return Section("Sources", table=Table(headings, rows))


def _exclusions(summary: SearchSummary | None) -> tuple[Section, ...]:
    if summary is None:
        return ()
    facts = {reason: f"{count:,}" for reason, count in summary.rejected.items()}
    facts |= {
        "duplicate": f"{summary.repeats:,}",
        "decodes to no molecule": f"{summary.undecodable:,}",
    }
    text = f"Of {summary.proposed:,} proposals. Molecules that were left out cost no call."
    return (Section("Left out", text, facts=facts),)


def _scores(candidates: Sequence[Evaluation]) -> np.ndarray:
    return np.array([evaluation.score for evaluation in candidates], dtype=np.float64)
