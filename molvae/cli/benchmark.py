"""Measure a model by the rules of a published benchmark, and record it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from pydantic import Field, FiniteFloat, NonNegativeFloat, PositiveInt

from molvae.benchmarks import constrained as constrained_benchmark
from molvae.benchmarks import pmo as pmo_benchmark
from molvae.benchmarks.constrained import ConstrainedConfig, benchmark_constrained, figures_text
from molvae.benchmarks.latent import benchmark_latent, latent_text
from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.moses import benchmark_moses
from molvae.benchmarks.moses_config import MosesConfig
from molvae.benchmarks.pmo import PmoConfig, benchmark_pmo
from molvae.benchmarks.pmo_summary import summary_text
from molvae.benchmarks.reconstruction import benchmark_reconstruction
from molvae.benchmarks.reconstruction_config import ReconstructionConfig
from molvae.cli.flags import (
    OutFile,
    check_apart,
    flags_of,
    given,
    overlaid,
    parse_flags,
    split_at_commas,
)
from molvae.cli.model_choice import ChosenModel, DeviceName, ModelChoice, ModelPath, cleaning_for
from molvae.cli.output import Output, OutputFlags
from molvae.errors import ConfigError
from molvae.files import check_writable, write_json
from molvae.metrics.config import EvaluateConfig
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.constraints import ConstraintsConfig
from molvae.optimize.methods import SearchConfig
from molvae.runs import provenance

app = App(name="benchmark")


class _Unguarded(ConstraintsConfig):
    guardrails: bool = False
    """Refuse what breaks the limits below: molecules that score well and nobody wants."""


class _Flat(_Unguarded):
    flat: bool = True
    """Refuse stereochemistry and isotopes."""


class _Unbound(CombinedConfig):
    improbable: NonNegativeFloat = 0.0
    """Standard deviations by which a candidate may surprise the prior more than what the search
    began with does (see `LikelihoodFilter`); 0: nothing is too improbable."""


class _PmoSearch(SearchConfig):
    """The search with this benchmark's defaults, for the help; what is typed alone counts."""

    budget: PositiveInt = pmo_benchmark.BUDGET
    """Distinct molecules that are scored."""
    enough: FiniteFloat | None = 1.0
    """Mean of the ten best scores at which the search ends."""
    constraints: _Flat = Field(default_factory=_Flat)
    combined: _Unbound = Field(default_factory=_Unbound)


class _ConstrainedSearch(SearchConfig):
    """Likewise."""

    budget: PositiveInt = constrained_benchmark.BUDGET
    """Distinct molecules that are scored."""
    constraints: _Unguarded = Field(default_factory=_Unguarded)
    combined: _Unbound = Field(default_factory=_Unbound)


class _ConstrainedFlags(ConstrainedConfig):
    search: _ConstrainedSearch = Field(default_factory=_ConstrainedSearch)


Words = Annotated[tuple[str, ...], Parameter(negative_iterable=(), show_default=False)]


@dataclass(frozen=True)
class MosesChoice(ModelChoice):
    """As elsewhere, but the model that a row of MOSES' table is of where none is named."""

    model: ModelPath = Path("moses")


@app.command
def moses(
    *,
    data: Path,
    out: OutFile,
    model: Annotated[MosesChoice, Parameter(name="*")] = MosesChoice(),
    settings: Annotated[MosesConfig, flags_of("Settings")] = MosesConfig(),
    fcd: bool = True,
    cache: Path | None = None,
    output: OutputFlags = Output(),
) -> None:
    """Draw 30,000 samples for each of three seeds and take every metric of MOSES.

    Args:
        data: Folder with train.csv, test.csv, test_scaffolds.csv (molvae data moses).
        out: JSON file for the record.
        fcd: Take the Fréchet ChemNet Distance too (extra eval).
        cache: Folder in which statistics of the reference sets are kept.
    """
    check_writable(out)
    vae = model.open(output)
    evaluation = EvaluateConfig(fcd=fcd, cache=cache, workers=settings.workers)
    record = benchmark_moses(vae, data, settings, evaluation, progress=output.progress)
    _keep(record, out, settings.seeds[0])
    mean, deviation = record["mean"], record["deviation"]
    # None: not to be had of so few samples.
    width = max(map(len, mean))
    lines = [f"{name:{width}}  {_shown(mean[name])} ± {_shown(deviation[name])}" for name in mean]
    lines += [f"note: {note}" for note in record["notes"]]
    output.show(record, "\n".join([*lines, str(out)]))


@app.command
def reconstruction(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[ReconstructionConfig, flags_of("Settings")] = ReconstructionConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Count the molecules that come back from their codes, greedily and by JT-VAE's protocol.

    Args:
        source: File of held-out molecules: CSV, TSV or SMI, plain or gzip.
        out: JSON file for the record.
    """
    check_apart(source, out)
    check_writable(out)
    vae = model.open(output)
    cleaning = cleaning_for(vae, settings.cleaning)
    settings = settings.with_changes({"cleaning": cleaning.model_dump()})
    record = benchmark_reconstruction(vae, source, settings, progress=output.progress)
    _keep(record, out, settings.seed)
    greedy, sampled = record["greedy"], record["jtvae"]
    sentence = f"{out}: exact {greedy:.1%} greedily, {sampled:.1%} by JT-VAE's protocol"
    output.show(record, f"{sentence}, of {record['molecules']} molecules")


@app.command
def latent(
    model: Path,
    /,
    *,
    reference: Path,
    out: OutFile,
    test: Annotated[tuple[Path, ...], Parameter(negative_iterable=(), show_default=False)] = (),
    device: DeviceName = "auto",
    settings: Annotated[LatentConfig, flags_of("Settings")] = LatentConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure a model's latent space, with a control beside each figure.

    Exact reconstruction of test files, after graph edits and from other SELFIES of a molecule;
    ridge regression of properties; nearest and usable neighbors; samples of N(0, I); ELBO gap.

    Args:
        model: Folder of a model or of the run that trained it, or a shipped model.
        reference: File of molecules that the model was not trained on: CSV, TSV or SMI.
        out: JSON file for the record.
        test: File whose molecules are reconstructed, with and without stereo marks; repeat the
            flag for several files.
    """
    for source in (reference, *test):
        check_apart(source, out)
    check_writable(out)
    vae = ModelChoice(model, device).open(output)
    record = benchmark_latent(vae, reference, test, settings, progress=output.progress)
    _keep(record, out, settings.seed)
    output.show(record, f"{latent_text(record)}\n{out}")


@app.command
def pmo(
    *,
    out: OutFile,
    work: Path | None = None,
    tasks: Words = (),
    seeds: Words = (),
    model: ChosenModel = ModelChoice(),
    search: Annotated[_PmoSearch, flags_of("Search")] = _PmoSearch(),
    output: OutputFlags = Output(),
) -> None:
    """Search for the tasks of Practical Molecular Optimization, beside the published figures.

    Runs that are in OUT already are kept, and one that was cut off goes on, so the same words
    again finish what was begun. A search has 10,000 calls, no guardrails and no bound on what is
    improbable, scores only flat molecules, and ends when its ten best have 1 in the mean, unless
    --budget, --guardrails, --combined.improbable, --no-flat or --enough is given. --seeds replaces
    --seed.

    Args:
        out: Folder: runs/TASK_SEED.json has each run with its curve, summary.json the tables.
        work: Folder of the searches themselves; in OUT unless given.
        tasks: Names without pmo/, as in qed,median1; the 20 that need no download unless given.
        seeds: A run of each task under each of them; 0,1,2 unless given.
    """
    typed = given(search)
    if "seed" in typed:
        raise ConfigError("each run has a seed of its own; give --seeds in the place of --seed")
    named = {"tasks": split_at_commas(tasks), "seeds": split_at_commas(seeds)}
    words = {"search": {"budget": pmo_benchmark.BUDGET, **typed}, **_those_given(named)}
    plan = parse_flags(PmoConfig, words)
    vae = model.open(output)
    record = benchmark_pmo(vae, plan, out, work, progress=output.progress)
    record["card"] = vae.card
    _keep(record, out / "summary.json", plan.seeds[0])
    output.show(record, f"{summary_text(record)}\n{out / 'summary.json'}")


@app.command
def constrained(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[_ConstrainedFlags, flags_of("Settings")] = _ConstrainedFlags(),
    output: OutputFlags = Output(),
) -> None:
    """Raise the penalised logP of leads by molecules that are like them (Jin et al. 2018).

    A search has 200 calls and no guardrails unless --budget or --guardrails is given. What was cut
    off goes on under the same words: OUT is rewritten after each lead.

    Args:
        source: File of leads, the SMILES first in each line.
        out: JSON file for the record.
    """
    check_apart(source, out)
    check_writable(out)
    words = overlaid({"search": {"budget": constrained_benchmark.BUDGET}}, given(settings))
    plan = parse_flags(ConstrainedConfig, words)
    vae = model.open(output)
    record = benchmark_constrained(vae, source, plan, out, progress=output.progress)
    record["card"] = vae.card
    _keep(record, out, plan.search.seed)
    output.show(record, f"{figures_text(record)}\n{out}")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _those_given(words: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: some for name, some in words.items() if some}


# Any: JSON values.
def _keep(record: dict[str, Any], out: Path, seed: int) -> None:
    record["provenance"] = provenance(seed)
    write_json(out, record)
