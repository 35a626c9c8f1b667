"""`molvae optimize`."""

from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.cli.flags import (
    ConfigFile,
    Resume,
    flags_of,
    given,
    overlaid,
    parse_flags,
    settings_from,
)
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags
from molvae.cli.scoring import ChosenScorers, Scorers
from molvae.cli.search_flags import SEARCH_BY_FILE
from molvae.errors import ConfigError
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.methods import SearchConfig
from molvae.optimize.result import LeadOutcome, SearchResult
from molvae.optimize.search import earlier_settings, search
from molvae.runs import RunDirectory

_SHOWN = 10


@dataclass(frozen=True)
class Start:
    """Whether a search is new, and what it begins with."""

    config: ConfigFile = None
    resume: Resume = False
    cache: Path | None = None
    """File of scores that runs share: what one has paid for is not asked of the objective again."""


def optimize(
    objective: str,
    /,
    *,
    out: Annotated[Path, Parameter(name="--out", alias="-o")],
    model: ChosenModel = ModelChoice(),
    settings: Annotated[SearchConfig, flags_of("Settings", hidden=SEARCH_BY_FILE)] = SearchConfig(),
    start: Annotated[Start, Parameter(name="*")] = Start(),
    scorers: ChosenScorers = Scorers(),
    output: OutputFlags = Output(),
) -> None:
    """Search the latent space for molecules of high score.

    OUT gets candidates.csv (every scored molecule, best first), summary.json and journal.sqlite,
    in which scores are kept before more are asked for: with --resume only what was with the
    objective when the search was cut off is scored again (one molecule with --at-once 1), and
    --budget may be larger than before. What a program or function of yours could not score stands
    in failures.csv, with the reason.

    Calls are spent only on molecules that may be scored: those like enough to the --lead, with
    what is to --keep, without what is to --avoid, and within the guardrails, which keep out what
    scores well and nobody wants. What was refused is counted by reason in summary.json.

    Args:
        objective: TOML file, or a name that `molvae objectives` lists.
        out: Folder of the run, new unless it is resumed.
    """
    typed = given(settings)
    with scorers.objective(objective) as wanted:
        if start.resume:
            run = RunDirectory.existing(out)
            plan = _as_before(run, start.config, typed)
            HardConstraints.of(plan.constraints)
            vae = model.open(output)
        else:
            plan = settings_from(SearchConfig, start.config, typed)
            HardConstraints.of(plan.constraints)
            vae = model.open(output)
            run = RunDirectory.create(out)
        result = search(
            vae,
            wanted,
            plan,
            run,
            resume=start.resume,
            cache=start.cache,
            progress=output.progress,
        )
    output.show(result.summary(), _table(result, run))


# Any: settings as they were typed.
def _as_before(run: RunDirectory, config: Path | None, typed: dict[str, Any]) -> SearchConfig:
    """The settings that the run was started with, under those that are given now."""
    if config is not None:
        raise ConfigError("--resume takes the settings of the run; leave out --config")
    earlier = earlier_settings(run)
    return parse_flags(SearchConfig, overlaid(given(earlier), typed))


def _table(result: SearchResult, run: RunDirectory) -> str:
    """The best candidates and how the search ended, for the screen."""
    best = result.candidates[:_SHOWN]
    names = list(best[0].values) if best else []
    rows = [["score", *names, "smiles"]]
    rows += [
        [f"{one.score:.4f}", *(f"{one.values[name]:.4g}" for name in names), one.smiles]
        for one in best
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False))
        + f"  {row[-1]}"
        for row in rows
    ]
    lines += _story(result)
    lines.append(f"all of them, best first: {run.candidates}")
    if result.front is not None:
        front = result.front.summary()
        lines.append(
            f"Pareto front: {front['molecules']} molecules, "
            f"hypervolume {front['hypervolume']:.4f}: {run.front}"
        )
    if run.failures.exists():
        lines.append(f"what could not be scored, and why: {run.failures}")
    return "\n".join(lines)


def _story(result: SearchResult) -> list[str]:
    """How the search ended, what came of the lead, and what was kept from being scored."""
    lines = [f"{result.calls} molecules scored; {result.stop}: {result.advice}"]
    if result.lead is not None:
        lines.append(_of_lead(result.lead))
    refused = ", ".join(f"{count} {reason}" for reason, count in result.refused.items())
    lines.append(f"refused before scoring, at no cost: {refused or 'none'}")
    guardrails = (
        "none" if result.guardrails is None else f"{result.guardrails} (--no-guardrails lifts them)"
    )
    return [*lines, f"guardrails: {guardrails}"]


def _of_lead(lead: LeadOutcome) -> str:
    objection = f"; by itself it would be refused: {lead.objection}" if lead.objection else ""
    score = "no score" if isnan(lead.score) else f"{lead.score:.4f}"
    if lead.best is None:
        return f"the lead has {score}, and no other molecule has one{objection}"
    better = "" if lead.improvement is None else f" ({lead.improvement:+.4f})"
    found = f"the best but it {lead.best.score:.4f}{better} at similarity {lead.similarity:.2f}"
    return f"the lead has {score}, {found}{objection}"
