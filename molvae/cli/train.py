"""`molvae train`."""

import sys
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
    settings_from,
)
from molvae.cli.resumption import check_resumable
from molvae.dataset.corpus_config import CorpusConfig
from molvae.errors import ConfigError
from molvae.files import read_json
from molvae.model.network_config import ModelConfig
from molvae.runs import RunDirectory
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.fit import TrainingResult
from molvae.training.fit import resume as resume_training
from molvae.training.fit import train as train_model
from molvae.training.process_group import torchrun_rank
from molvae.training.session import StopReason

_INTERRUPTED = 130


@dataclass(frozen=True)
class TrainFlags:
    """The tables of a training's settings, each as flags."""

    training: Annotated[TrainConfig, flags_of("Training")] = TrainConfig()
    data: Annotated[CorpusConfig, flags_of("Data")] = CorpusConfig()
    network: Annotated[ModelConfig, flags_of("Network")] = ModelConfig()
    preset: Annotated[
        str | None,
        Parameter(group="Network", help="Size: small (trains in minutes) or base."),
    ] = None
    start: Annotated[
        Path | None,
        Parameter(
            name="--from",
            group="Network",
            help="Model to train further, or the run of one; new symbols are added to it.",
        ),
    ] = None
    tokens: Annotated[
        Path | None,
        Parameter(group="Data", help="Folder for the cleaned data; else it lies beside the data."),
    ] = None

    # Any: settings as they were typed.
    def typed(self) -> dict[str, Any]:
        """What was typed, by the names that `TrainingPlan` has for it."""
        corpus, model = given(self.data), given(self.network)
        if self.preset is not None:
            # All of it: a preset wins over a file of settings, whatever the defaults are.
            model = ModelConfig.preset(self.preset).model_dump() | model
        tables = {
            "corpus": corpus,
            "model": model,
            "train": given(self.training),
            "start": self.start,
            "tokens": self.tokens,
        }
        return {name: value for name, value in tables.items() if value}


def train(
    data: Path | None = None,
    /,
    *,
    out: Path,
    flags: Annotated[TrainFlags, Parameter(name="*")] = TrainFlags(),
    config: ConfigFile = None,
    resume: Resume = False,
    screen: OnScreen = Screen(),
) -> int:
    """Train a model on a file of molecules.

    OUT gets model/ (the best by validation), last_model/, progress.jsonl, refused.csv and all that
    --resume needs. Exit status 130 when Ctrl-C ended it; it can be resumed then.

    Args:
        data: CSV, TSV or SMI file, plain or gzip; with --resume it may be left out.
        out: Folder of the run, new unless it is resumed.
    """
    earlier = RunDirectory.existing(out) if resume else None
    plan = settings_from(TrainingPlan, config, _data(data, earlier, config) | flags.typed())
    say, bar = (None, False) if torchrun_rank() else (_say, screen.progress)
    if earlier:
        check_resumable(earlier, given(plan))
        result = resume_training(out, **_means(plan.train), notify=say, progress=bar)
    else:
        _check_start(plan)
        result = train_model(plan, out, notify=say, progress=bar)
    if not torchrun_rank():
        screen.tell(read_json(RunDirectory(out).summary), _sentences(result, RunDirectory(out)))
    return _INTERRUPTED if result.stop is StopReason.INTERRUPTED else 0


# Any: settings of any type, here and below.
def _data(typed: Path | None, earlier: RunDirectory | None, config: Path | None) -> dict[str, Any]:
    """The file of molecules, or that of the run to be resumed; a file of settings may name it."""
    if typed is not None:
        return {"data": typed.resolve()}
    if earlier is not None:
        return {"data": TrainingPlan.of_run(earlier).data}
    if config is None:
        raise ConfigError("give a file of molecules (CSV, TSV or SMI); --resume needs none")
    return {}


def _means(typed: TrainConfig) -> dict[str, Any]:
    """What a run may be given for its next sitting."""
    names = ("max_minutes", "device", "processes")
    return {name: value for name, value in given(typed).items() if name in names}


def _check_start(plan: TrainingPlan) -> None:
    """See that nothing is asked of the network of a model that is there already."""
    if plan.start is not None and "model" in plan.model_fields_set:
        raise ConfigError(
            "--from keeps the network of its model; leave out --preset and the network's settings"
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _sentences(result: TrainingResult, run: RunDirectory) -> str:
    lines = [
        f"{result.stop} after {result.steps} updates, {result.seconds / 60:.1f} minutes",
        f"last weights: {result.validation}",
        f"best model: {run.best_model}",
    ]
    return "\n".join(lines)
