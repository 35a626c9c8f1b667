"""`molvae prepare`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from molvae.cli.flags import ConfigFile, flags_of, settings_from, typed_settings
from molvae.cli.output import Output, OutputFlags
from molvae.cli.train import DATA_BY_FILE, StoreFolder
from molvae.dataset.corpus_config import CorpusConfig
from molvae.errors import ConfigError
from molvae.files import STANDARD_STREAM
from molvae.training.config import TrainingPlan


def prepare(
    *data: Path,
    flags: Annotated[CorpusConfig, flags_of("Data", hidden=DATA_BY_FILE)] = CorpusConfig(),
    store: StoreFolder = None,
    workers: Annotated[
        int | None,
        Parameter(validator=Number(gte=1), help="Processes that clean. Default: one per core."),
    ] = None,
    scheduler: Annotated[
        str | None,
        Parameter(
            help="Address of a Dask scheduler whose workers clean instead, as in tcp://head:8786."
        ),
    ] = None,
    config: ConfigFile = None,
    output: OutputFlags = Output(),
) -> None:
    """Clean files of molecules for a training, without training.

    `molvae train` with the same files and settings then starts at once. A preparation that was
    interrupted, by Ctrl-C or the loss of a cluster, continues where it stopped when the command is
    run again. `molvae help scale` tells how to use a cluster.

    Args:
        data: CSV, TSV, SMI, SDF or Parquet files, also compressed, or patterns such as
            'parts/*.csv'; they are read as one file.
    """
    if STANDARD_STREAM in data:
        raise ConfigError("standard input cannot be prepared; save it in a file")
    if not data and config is None:
        raise ConfigError("give files of molecules (CSV, TSV or SMI)")
    tables = {"data": data, "corpus": typed_settings(flags), "store": store}
    plan = settings_from(TrainingPlan, config, {name: v for name, v in tables.items() if v})
    with output.activity("loading PyTorch"):
        from molvae.dataset.preparation import prepare_corpus
        from molvae.training.plan import resolve_plan
    # Conditions and a start model decide too what a training reads.
    plan = resolve_plan(plan)
    corpus = prepare_corpus(
        plan.data_files,
        plan.corpus,
        plan.store,
        workers,
        scheduler=scheduler or plan.scheduler,
        progress=output.progress,
    )
    figures = {
        "rows": corpus.rows,
        "accepted": len(corpus),
        "refused": dict(corpus.refusals),
        "folder": str(corpus.folder),
    }
    output.show(figures, f"{corpus.summary()}\n{corpus.folder}")
