"""The MOSES benchmark (Polykovskiy et al. 2020): the metrics of 30,000 samples of a model."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from molvae.benchmarks.moses_config import MosesConfig
from molvae.chem.screening import JudgedSelfies, MoleculeFilter
from molvae.errors import DataError
from molvae.files import with_nan, without_nan
from molvae.metrics.cache import StatisticsCache
from molvae.metrics.chemnet import Gaussian
from molvae.metrics.config import EvaluateConfig
from molvae.metrics.evaluation import Metrics, evaluate_each
from molvae.metrics.samples import Samples, read_smiles
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores
from molvae.sampling import Sample, SampleStream, SamplingConfig

_ROWS = 1_024
_SETS = ("train", "test", "test_scaffolds")
_PUBLISHED = {"Test": 176_074, "TestSF": 176_225}
"""Molecules of MOSES' test sets."""
_MAX_SAMPLES = 50
"""Samples per accepted sample wanted, after which sampling gives up."""


@dataclass(frozen=True)
class Sampling:
    """Accepted samples in order, duplicates included, and fractions of all samples."""

    samples: Samples
    round_trips: float | None
    """Fraction of all samples that encoding and decoding gives back; None if that was not asked."""
    unrepaired: float
    """Fraction of those read that decode without repair."""
    canonical: float
    """Fraction of the latter whose SELFIES is canonical."""
    accepted: float
    """Fraction of all samples that is accepted."""

    @property
    def shares(self) -> dict[str, float]:
        """The fractions by the names they have in records."""
        shares = {
            "unrepaired before refusal": self.unrepaired,
            "canonical before refusal": self.canonical,
            "accepted": self.accepted,
        }
        return shares if self.round_trips is None else {"round trips": self.round_trips, **shares}


def benchmark_moses(
    model: MoleculeVAE,
    data: Path,
    config: MosesConfig,
    evaluation: EvaluateConfig,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Every metric of MOSES for each seed, with mean and standard deviation over the seeds.

    Args:
        model: a model trained on MOSES' train set only, or the comparison is not fair.
        data: folder with train.csv, test.csv and test_scaffolds.csv.
        config: what is sampled; where it gives no temperature, the one that `generate` takes.
        evaluation: which metrics are computed.
        progress: whether to show bars.

    Raises:
        DataError: a file is missing, or nearly all samples are refused.
        FileError: the cache cannot be read or written.
    """
    StatisticsCache(evaluation.cache).check()
    if model.prior_named(config.prior) != "normal":
        decoding = model.card.language_model_decoding(config.decoding)
        config = config.with_changes({"decoding": decoding})
    paths = {name: data / f"{name}.csv" for name in _SETS}
    for path in paths.values():
        if not path.is_file():
            raise DataError(f"no file {str(path)!r}; download the sets with `molvae data moses`")
    sets = {name: read_smiles(path) for name, path in paths.items()}
    references = {"Test": sets["test"], "TestSF": sets["test_scaffolds"]}
    sampled = [draw_samples(model, config, seed, progress=progress) for seed in config.seeds]
    measured = evaluate_each(
        [sampling.samples for sampling in sampled],
        references,
        sets["train"],
        evaluation,
        answers=chemnet_statistics(references),
        progress=progress,
    )
    return {
        "settings": config.model_dump(mode="json"),
        "evaluation": evaluation.model_dump(mode="json"),
        "model": model.card.origin,
        **_figures(config.seeds, sampled, measured),
    }


@cache
def reference_statistics() -> Mapping[str, Gaussian]:
    """ChemNet statistics of Test and TestSF that molsets 0.3.1 ships, behind published figures."""
    statistics: dict[str, Gaussian] = {}
    with np.load(Path(__file__).with_name("moses_chemnet.npz"), allow_pickle=False) as arrays:
        for name in ("Test", "TestSF"):
            mean, triangle = arrays[f"{name}_mean"], arrays[f"{name}_triangle"]
            covariance = np.zeros((len(mean), len(mean)))
            rows, columns = np.tril_indices(len(mean))
            covariance[rows, columns] = covariance[columns, rows] = triangle
            statistics[name] = Gaussian(mean.astype(np.float64), covariance)
    return statistics


def chemnet_statistics(references: Mapping[str, Sequence[str]]) -> Mapping[str, Gaussian]:
    """Published ChemNet statistics, for the reference sets whose size matches."""
    statistics = reference_statistics()
    return {name: statistics[name] for name, n in _PUBLISHED.items() if len(references[name]) == n}


def draw_samples(
    model: MoleculeVAE, config: MosesConfig, seed: int, *, progress: bool = False
) -> Sampling:
    """`config.n` accepted samples of a seed, in the order they were drawn.

    Raises:
        DataError: nearly all samples are refused.
    """
    is_learned = model.prior_named(config.prior) != "normal"
    molecule_filter = MoleculeFilter(
        strict=config.strict, canonical_only=config.round_trips and is_learned
    )
    workers = config.workers or available_cores()
    sampling = SamplingConfig(
        config.prior, config.decoding, config.round_trips, molecule_filter, seed, workers
    )
    sizes = repeat(_ROWS, math.ceil(_MAX_SAMPLES * config.n / _ROWS))
    wants_valid = molecule_filter.strict or molecule_filter.canonical_only
    accepted: list[JudgedSelfies] = []
    counts: Counter[str] = Counter()
    with tqdm(total=config.n, unit=" samples", desc=f"seed {seed}", disable=not progress) as bar:
        for batch in SampleStream(model, sampling, sizes):
            counts.update(_counts(batch))
            for judged in (sample.judged for sample in batch if sample.judged is not None):
                # Invalid molecules count unless the filter wants valid ones.
                is_counted = judged.smiles is None and not wants_valid
                if judged.refusal is None or is_counted:
                    accepted.append(judged)
            bar.n = min(len(accepted), config.n)
            bar.refresh()
            if len(accepted) >= config.n:
                break
    if len(accepted) < config.n:
        raise DataError(
            f"{len(accepted)} samples accepted of {counts['all']}, {config.n} wanted; "
            "train the model longer, or accept more samples: `round_trips=False`, `strict=False`"
        )
    rows = accepted[: config.n]
    return Sampling(
        Samples([judged.smiles or "" for judged in rows], [judged.selfies for judged in rows]),
        round_trips=counts["round trips"] / counts["all"] if config.round_trips else None,
        unrepaired=counts["unrepaired"] / counts["read"],
        canonical=counts["canonical"] / counts["unrepaired"] if counts["unrepaired"] else 0.0,
        accepted=len(accepted) / counts["all"],
    )


def _counts(batch: Sequence[Sample]) -> Counter[str]:
    """Number of samples of each kind."""
    judged = [sample.judged for sample in batch if sample.judged is not None]
    return Counter(
        {
            "all": len(batch),
            "round trips": sum(sample.round_trips is True for sample in batch),
            "read": len(judged),
            "unrepaired": sum(row.is_unrepaired for row in judged),
            "canonical": sum(row.is_canonical for row in judged),
        }
    )


# Any: values of a JSON record.
def _figures(
    seeds: Sequence[int], sampled: Sequence[Sampling], measured: Sequence[Metrics]
) -> dict[str, Any]:
    """The figures of each seed, the notes on them, and their mean and standard deviation."""
    rows: list[dict[str, Any]] = [
        {
            "seed": seed,
            "figures": without_nan({**sampling.shares, **metrics.values}),
            "counts": dict(metrics.counts),
        }
        for seed, sampling, metrics in zip(seeds, sampled, measured, strict=True)
    ]
    return {
        "seeds": rows,
        "notes": list(dict.fromkeys(note for metrics in measured for note in metrics.notes)),
        **_over_seeds([with_nan(row["figures"]) for row in rows]),
    }


def _over_seeds(figures: list[Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    """Mean and standard deviation of each figure; None if a seed lacks it."""
    names = list(figures[0])
    columns = {name: [row[name] for row in figures] for name in names}
    return {
        "mean": without_nan({name: float(np.mean(some)) for name, some in columns.items()}),
        "deviation": without_nan(
            {
                name: float(np.std(some, ddof=1)) if len(some) > 1 else 0.0
                for name, some in columns.items()
            }
        ),
    }
