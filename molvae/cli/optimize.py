"""`molvae optimize`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.cli.flags import (
    ConfigFile,
    OnScreen,
    Resume,
    Screen,
    flags_of,
    given,
    overlaid,
    settings_from,
)
from molvae.cli.models import ChosenModel, ModelChoice
from molvae.cli.scoring import ChosenScorers, Scorers
from molvae.errors import ConfigError
from molvae.optimize.methods import SearchConfig
from molvae.optimize.result import SearchResult
from molvae.optimize.search import earlier_settings, search
from molvae.runs import RunDirectory

_SHOWN = 10


@dataclass(frozen=True)
class Start:
    """Whether a search is new, and what it begins with."""

    config: ConfigFile = None
    resume: Resume = False


def optimize(
    objective: str,
    /,
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[SearchConfig, flags_of("Settings")] = SearchConfig(),
    start: Annotated[Start, Parameter(name="*")] = Start(),
    scorers: ChosenScorers = Scorers(),
    screen: OnScreen = Screen(),
) -> None:
    """Search the latent space for molecules of high score.

    OUT gets candidates.csv (every scored molecule, best first), summary.json and journal.sqlite,
    in which each score is kept before the next is asked for: with --resume nothing is scored
    twice, and --budget may be larger than before. What a program or function of yours could not
    score stands in failures.csv, with the reason.

    Args:
        objective: TOML file, or a name that `molvae objectives` lists.
        out: Folder of the run, new unless it is resumed.
    """
    typed = given(settings)
    with scorers.objective(objective) as wanted:
        if start.resume:
            run = RunDirectory.existing(out)
            plan = _as_before(run, start.config, typed)
            vae = model.open()
        else:
            plan = settings_from(SearchConfig, start.config, typed)
            vae = model.open()
            run = RunDirectory.create(out)
        result = search(vae, wanted, plan, run, resume=start.resume, progress=screen.progress)
    screen.tell(result.summary(), _table(result, run))


# Any: settings as they were typed.
def _as_before(run: RunDirectory, config: Path | None, typed: dict[str, Any]) -> SearchConfig:
    """The settings that the run was started with, under those that are given now."""
    if config is not None:
        raise ConfigError("--resume takes the settings of the run; leave out --config")
    earlier = earlier_settings(run)
    return SearchConfig.parse(overlaid(given(earlier), typed), "flags")


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
    lines.append(f"{result.calls} molecules scored; {result.stop}: {result.stop.advice}")
    lines.append(f"all of them, best first: {run.candidates}")
    if run.failures.exists():
        lines.append(f"what could not be scored, and why: {run.failures}")
    return "\n".join(lines)
