"""`molvae optimize`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from molvae.cli.flags import (
    ConfigFile,
    OutFolder,
    Resume,
    flags_of,
    overlay,
    parse_flags,
    settings_from,
    typed_settings,
)
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags, log
from molvae.cli.scoring import ChosenScorers, Scorers
from molvae.cli.search_flags import SEARCH_BY_FILE
from molvae.cli.tracking import Track, tracking
from molvae.errors import ConfigError, ObjectiveError
from molvae.optimize.methods import SearchConfig
from molvae.runs import RunDirectory

if TYPE_CHECKING:
    import molvae.chem.molecule
    import molvae.molecule_vae
    import molvae.optimize.result

_SHOWN = 10


@dataclass(frozen=True)
class Start:
    """Whether a search is new, what it starts from, and where its figures go."""

    config: ConfigFile = None
    resume: Resume = False
    cache: Path | None = None
    """File of scores shared by several runs, so that no score is paid for twice."""
    track: Track = None

    def resolve(
        self, out: Path, typed: Mapping[str, object]
    ) -> tuple[RunDirectory | None, SearchConfig]:
        """The run that is resumed, None for a new search, and the settings of the search."""
        if not self.resume:
            return None, settings_from(SearchConfig, self.config, typed)
        from molvae.optimize.search import earlier_settings

        run = RunDirectory.existing(out)
        if self.config is not None:
            raise ConfigError("--resume uses the settings of the run; leave out --config")
        return run, parse_flags(SearchConfig, overlay(typed_settings(earlier_settings(run)), typed))


def optimize(
    objective: str,
    /,
    *,
    out: OutFolder,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[SearchConfig, flags_of("Settings", hidden=SEARCH_BY_FILE)] = SearchConfig(),
    start: Annotated[Start, Parameter(name="*")] = Start(),
    scorers: ChosenScorers = Scorers(),
    output: OutputFlags = Output(),
) -> None:
    """Search the latent space for molecules of high score.

    OUT gets candidates.csv (all scored molecules, best first), summary.json and journal.sqlite.
    The journal keeps each batch of scores before the next one is computed, so a search can be
    interrupted at any moment: --resume continues it, also with a larger --budget. Molecules that a
    scorer failed on are listed in failures.csv with the reason, and asked for again by --resume.
    The exit status is 1 if no molecule has a score.

    A molecule is scored only if it meets all constraints: similarity to the --lead, the patterns of
    --keep and --avoid, the guardrails (limits that exclude molecules which score well but nobody
    wants), and the conditions of the objective that need no scorer. Rejected molecules cost no
    call; summary.json counts them by reason.

    Args:
        objective: TOML file, or a name listed by `molvae objectives`.
        out: Folder of the run; must be new unless --resume is given.
    """
    # Imported here: the help must not wait for torch and RDKit.
    with output.activity("starting"):
        from molvae.optimize.constraints import HardConstraints
        from molvae.optimize.search import search

    with scorers.objective(objective) as wanted:
        run, plan = start.resolve(out, typed_settings(settings))
        # Before the model is loaded, which takes seconds.
        constraints = HardConstraints.parse(plan.constraints)
        vae = model.open(output)
        if constraints.lead is not None:
            _check_lead(vae, constraints.lead, str(plan.constraints.lead))
        run = run or RunDirectory.create(out)
        with tracking(start.track, out) as callback:
            result = search(
                vae,
                wanted,
                plan,
                run,
                resume=start.resume,
                cache=start.cache,
                progress=output.progress,
                callback=callback,
            )
    output.show(result.summary(), _table(result, run))
    if all(isnan(row.score) for row in result.evaluations):
        raise ObjectiveError(f"no molecule has a score; see {str(out)!r} for the reasons")


def _check_lead(
    vae: "molvae.molecule_vae.MoleculeVAE", lead: "molvae.chem.molecule.Molecule", typed: str
) -> None:
    """Warn if the lead is not the molecule that was typed, or the model does not give it back."""
    from molvae.dataset.changed import warn_of_changes
    from molvae.optimize.lead import reconstruct

    warn_of_changes(lead.changes, typed, lead.smiles)
    decoded = reconstruct(vae, lead)
    if not decoded.is_exact:
        log.warning("%s", decoded)


def _table(result: "molvae.optimize.result.SearchResult", run: RunDirectory) -> str:
    """The best molecules and how the search ended, for the screen."""
    best = result.evaluations[:_SHOWN]
    names = list(best[0].values) if best else []
    rows = [["score", *names, "smiles"]]
    rows += [
        [f"{row.score:.4f}", *(f"{row.values[name]:.4g}" for name in names), row.smiles]
        for row in best
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # A terminal would break long rows inside the SMILES, which then cannot be copied.
    is_wide = sys.stdout.isatty() and sum(widths) + 2 * len(widths) > get_terminal_size().columns
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False))
        + ("\n    " if is_wide else "  ")
        + row[-1]
        for row in rows
    ]
    lines += _outcome(result)
    lines.append(f"all scored molecules, best first: {run.candidates}")
    if result.front is not None:
        front = result.front.summary()
        lines.append(
            f"Pareto front: {front['molecules']} molecules, "
            f"hypervolume {front['hypervolume']:.4f}: {run.front}"
        )
    if run.failures.exists():
        lines.append(f"molecules that could not be scored, with reasons: {run.failures}")
    return "\n".join(lines)


def _outcome(result: "molvae.optimize.result.SearchResult") -> list[str]:
    """How the search ended, what became of the lead, and what was rejected."""
    lines = [f"{result.calls} molecules scored; {result.stop}: {result.advice}"]
    if result.lead is not None:
        lines.append(_lead_line(result.lead))
    rejected = ", ".join(f"{reason} ({count})" for reason, count in result.rejected.items())
    lines.append(f"rejected before scoring, at no cost: {rejected or 'none'}")
    if result.guardrails is None:
        return [*lines, "guardrails: none"]
    return [*lines, f"guardrails: {result.guardrails} (--no-guardrails lifts them)"]


def _lead_line(lead: "molvae.optimize.result.LeadOutcome") -> str:
    violation = f"; it violates a constraint itself: {lead.violation}" if lead.violation else ""
    score = "no score" if isnan(lead.score) else f"score {lead.score:.4f}"
    if lead.best is None:
        return f"the lead has {score}, and no other molecule has one{violation}"
    change = "" if lead.improvement is None else f" ({lead.improvement:+.4f})"
    best = f"the best other molecule {lead.best.score:.4f}{change}"
    return f"the lead has {score}, {best} at similarity {lead.similarity:.2f}{violation}"
