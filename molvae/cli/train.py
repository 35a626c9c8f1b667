"""`molvae train`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.cli.exit_status import INTERRUPTED
from molvae.cli.flags import (
    ConfigFile,
    OutFolder,
    Resume,
    flags_of,
    settings_from,
    typed_settings,
)
from molvae.cli.output import Output, OutputFlags, log
from molvae.cli.resumption import check_resumable
from molvae.cli.tracking import Track, tracking
from molvae.dataset.containers import save_standard_input
from molvae.dataset.corpus_config import CorpusConfig
from molvae.errors import ConfigError
from molvae.files import STANDARD_STREAM, read_json
from molvae.model.network_config import ModelConfig
from molvae.runs import RunDirectory
from molvae.training.config import TrainConfig, TrainingPlan

# Settings that few users change have no flag; `molvae config train` prints them with the rest.
_TRAINING_BY_FILE = (
    "warmup",
    "beta_warmup",
    "flatten",
    "respell",
    "fingerprint_weight",
    "free_bits",
    "condition_dropout",
    "patience",
    "property_weight",
    "validate_every",
    "checkpoint_minutes",
    # The flag --track does the same, and more.
    "tensorboard",
)
_RESOURCES = ("max_minutes", "device", "processes")
"""Settings of training that may change when a run is resumed."""
DATA_BY_FILE = (
    "allow_radicals",
    "largest_fragment",
    "max_symbols",
    "min_heavy_atoms",
    "unlabelled_files",
)
StoreFolder = Annotated[
    Path | None,
    Parameter(group="Data", help="Folder for the cleaned data. Default: next to the data."),
]
_NETWORK_BY_FILE = (
    "embedding_size",
    "encoder_size",
    "encoder_layers",
    "decoder_size",
    "decoder_layers",
    "latent_input",
    "prior_size",
    "prior_layers",
)


@dataclass(frozen=True)
class TrainFlags:
    """The groups of settings of a training, as flags."""

    training: Annotated[TrainConfig, flags_of("Training", hidden=_TRAINING_BY_FILE)] = TrainConfig()
    data: Annotated[CorpusConfig, flags_of("Data", hidden=DATA_BY_FILE)] = CorpusConfig()
    network: Annotated[ModelConfig, flags_of("Network", hidden=_NETWORK_BY_FILE)] = ModelConfig()
    preset: Annotated[
        str | None,
        Parameter(group="Network", help="Size: small (trains in minutes) or base."),
    ] = None
    start: Annotated[
        Path | None,
        Parameter(
            name="--from",
            group="Network",
            help="Model or training run to start from; symbols new to it are added.",
        ),
    ] = None
    store: StoreFolder = None

    # Any: settings as they were typed.
    def settings(self) -> dict[str, Any]:
        """The settings that were typed, in the groups of `TrainingPlan`."""
        corpus, model = typed_settings(self.data), typed_settings(self.network)
        if self.preset is not None:
            # All of it: a preset takes precedence over a file of settings.
            model = ModelConfig.preset(self.preset).model_dump() | model
        tables = {
            "corpus": corpus,
            "model": model,
            "train": typed_settings(self.training),
            "start": self.start,
            "store": self.store,
        }
        return {name: value for name, value in tables.items() if value}


def train(
    *data: Path,
    out: OutFolder,
    flags: Annotated[TrainFlags, Parameter(name="*")] = TrainFlags(),
    config: ConfigFile = None,
    resume: Resume = False,
    track: Track = None,
    output: OutputFlags = Output(),
) -> int:
    """Train a model on one or more files of molecules.

    OUT gets model/ (the best model by validation), last_model/, progress.jsonl, refused.csv and
    what --resume needs. Exit status 130 after Ctrl-C; the run can be resumed. Settings without a
    flag, such as the sizes of the layers, are set in a file: see `molvae config train`.

    Args:
        data: CSV, TSV, SMI, SDF or Parquet files, also compressed, or patterns such as
            'parts/*.csv'; they are read as one file. `-` reads standard input. Not needed with
            --resume.
        out: Folder of the run: a new one, or with --resume an existing one.
    """
    earlier = RunDirectory.existing(out) if resume else None
    plan = settings_from(TrainingPlan, config, _data(data, out, earlier, config) | flags.settings())
    with output.activity("loading PyTorch"):
        from molvae.training.process_group import torchrun_rank
        from molvae.training.run import resume as resume_training
        from molvae.training.run import train as train_model
        from molvae.training.session import StopReason
    bar = output.progress and not torchrun_rank()
    if earlier:
        check_resumable(earlier, typed_settings(plan))
    # Conditions can be added to a network that exists already.
    elif plan.start is not None and plan.model.model_fields_set - {"condition_on"}:
        raise ConfigError(
            "--from keeps the network of its model; leave out --preset and settings of the network"
        )
    # The other processes that torchrun started have no figures.
    with tracking(None if torchrun_rank() else track, out) as callback:
        if earlier:
            resources = {
                name: v for name, v in typed_settings(plan.train).items() if name in _RESOURCES
            }
            result = resume_training(out, **resources, progress=bar, callback=callback)
        else:
            result = train_model(plan, out, progress=bar, callback=callback)
    if not torchrun_rank():
        run = RunDirectory(out)
        text = (
            f"{result.stop} after {result.steps} updates, {result.seconds / 60:.1f} minutes\n"
            f"last weights: {result.validation}\nbest model: {run.best_model}"
        )
        output.show(read_json(run.summary), text)
    return INTERRUPTED if result.stop is StopReason.INTERRUPTED else 0


# Any: settings of any type, here and below.
def _data(
    typed: tuple[Path, ...], out: Path, earlier: RunDirectory | None, config: Path | None
) -> dict[str, Any]:
    """The files of molecules: typed, or of the run to resume; a file of settings may name them."""
    if STANDARD_STREAM in typed:
        if len(typed) > 1:
            raise ConfigError("standard input cannot be combined with files; give one of them")
        # A run can be resumed, so that its data must last.
        saved = save_standard_input(out.with_name(f"{out.name}.input"))
        log.info(f"standard input was saved as {saved}")
        return {"data": saved.resolve()}
    if typed:
        return {"data": typed}
    if earlier is not None:
        return {"data": TrainingPlan.of_run(earlier).data}
    if config is None:
        raise ConfigError("give a file of molecules (CSV, TSV or SMI), or --resume a run")
    return {}
