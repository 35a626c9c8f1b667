"""Measure a model by the rules of a published benchmark, and record it."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App

from molvae.benchmarks.moses import MosesConfig, benchmark_moses
from molvae.benchmarks.reconstruction import ReconstructionConfig, benchmark_reconstruction
from molvae.cli.flags import OnScreen, Screen, check_apart, flags_of
from molvae.cli.models import ChosenModel, ModelChoice
from molvae.files import write_json
from molvae.metrics import EvaluateConfig
from molvae.runs import provenance

app = App(name="benchmark")


@app.command
def moses(
    *,
    data: Path,
    out: Path,
    model: ChosenModel = ModelChoice(Path("moses")),
    settings: Annotated[MosesConfig, flags_of("Settings")] = MosesConfig(),
    fcd: bool = True,
    cache: Path | None = None,
    screen: OnScreen = Screen(),
) -> None:
    """Draw 30,000 samples for each of three seeds and take every metric of MOSES.

    Args:
        data: Folder with train.csv, test.csv, test_scaffolds.csv (molvae data moses).
        out: JSON file for the record.
        fcd: Take the Fréchet ChemNet Distance too (extra eval).
        cache: Folder in which statistics of the reference sets are kept.
    """
    vae = model.open()
    evaluation = EvaluateConfig(fcd=fcd, cache=cache, workers=settings.workers)
    record = benchmark_moses(vae, data, settings, evaluation, progress=screen.progress)
    _keep(record, out, settings.seeds[0])
    mean, deviation = record["mean"], record["deviation"]
    width = max(map(len, mean))
    lines = [f"{name:{width}}  {mean[name]:.4f} ± {deviation[name]:.4f}" for name in mean]
    screen.tell(record, "\n".join([*lines, str(out)]))


@app.command
def reconstruction(
    source: Path,
    /,
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[ReconstructionConfig, flags_of("Settings")] = ReconstructionConfig(),
    screen: OnScreen = Screen(),
) -> None:
    """Count the molecules that come back from their codes, greedily and by JT-VAE's protocol.

    Args:
        source: File of held-out molecules: CSV, TSV or SMI, plain or gzip.
        out: JSON file for the record.
    """
    check_apart(source, out)
    vae = model.open()
    record = benchmark_reconstruction(vae, source, settings, progress=screen.progress)
    _keep(record, out, settings.seed)
    greedy, sampled = record["greedy"], record["jtvae"]
    sentence = f"{out}: exact {greedy:.1%} greedily, {sampled:.1%} by JT-VAE's protocol"
    screen.tell(record, f"{sentence}, of {record['molecules']} molecules")


# Any: JSON values.
def _keep(record: dict[str, Any], out: Path, seed: int) -> None:
    record["provenance"] = provenance(seed)
    write_json(out, record)
