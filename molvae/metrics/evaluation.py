"""Evaluation of samples against reference sets and training molecules by the metrics of MOSES.

Names and formulae are those of MOSES (Polykovskiy et al. 2020) as molsets 0.3.1 computes them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import nan
from typing import Any

import numpy as np
from jaxtyping import UInt8

from molvae.chem.notation import repair
from molvae.chem.refusal import result_or_refusal
from molvae.dataset.changed import ChangeCount
from molvae.errors import DataError, MissingExtraError, MoleculeError
from molvae.files import without_nan
from molvae.metrics.add_carbon import add_carbon
from molvae.metrics.cache import StatisticsCache
from molvae.metrics.chemnet import ChemNet, Gaussian, frechet_distance
from molvae.metrics.config import EvaluateConfig
from molvae.metrics.description import (
    Description,
    PackedBits,
    Work,
    concatenate_sets,
    count_passing,
    describe,
    fingerprint_chunk,
    read_chunk,
)
from molvae.metrics.distributions import cosine_similarity, wasserstein_distance
from molvae.metrics.samples import Samples
from molvae.metrics.similarity import NEAR, internal_diversity, nearest_similarities
from molvae.parallel import available_cores

_UNIQUE_AT = (1_000, 10_000)
_PROPERTY_NAMES = {"logp": "logP", "sa": "SA", "qed": "QED", "weight": "weight"}
_CHUNKS_AT_ONCE = 8


@dataclass(frozen=True)
class Metrics:
    """Metrics of a set of samples."""

    values: Mapping[str, float]
    """Values by the names of MOSES; NaN if the samples are too few.

    Beyond MOSES, `strict` is the fraction whose SELFIES decodes without repair to a valid molecule,
    and `near_training` the fraction with a training molecule at Tanimoto similarity 0.9 or above;
    `near_training/NAME` is that of the reference set.
    """
    repairs: Mapping[str, float]
    """Fraction of samples by first repair that decoding made; empty without their SELFIES."""
    control: Mapping[str, float]
    """Metrics of the AddCarbon control; empty if it was not asked for."""
    counts: Mapping[str, int]
    """Number of molecules behind the values."""
    notes: Sequence[str]
    """Caveats for the reader, one line for each."""
    config: EvaluateConfig

    # Any: JSON values.
    def to_json(self) -> dict[str, Any]:
        """The metrics as JSON values; NaN becomes None."""
        return {
            "metrics": without_nan(self.values),
            "repairs": dict(self.repairs),
            "control": without_nan(self.control),
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "settings": self.config.model_dump(mode="json"),
        }


def evaluate(
    samples: Samples,
    references: Mapping[str, Sequence[str]],
    training: Sequence[str],
    config: EvaluateConfig = EvaluateConfig(),  # noqa: B008 - frozen
    *,
    answers: Mapping[str, Gaussian] | None = None,
    progress: bool = False,
) -> Metrics:
    """Compute the metrics of samples.

    Args:
        samples: samples of a generator, including invalid ones and duplicates.
        references: SMILES of held-out sets by name, such as Test and TestSF; distributions of
            properties are compared with the first.
        training: SMILES of the molecules that the generator was trained on.
        config: settings.
        answers: known ChemNet statistics of reference sets, by name.
        progress: whether to show bars.

    Raises:
        DataError: a reference set or the training set holds no molecule.
        FileError: the cache cannot be read or written.
    """
    return evaluate_each(
        [samples], references, training, config, answers=answers, progress=progress
    )[0]


def evaluate_each(
    several: Sequence[Samples],
    references: Mapping[str, Sequence[str]],
    training: Sequence[str],
    config: EvaluateConfig = EvaluateConfig(),  # noqa: B008 - frozen
    *,
    answers: Mapping[str, Gaussian] | None = None,
    progress: bool = False,
) -> list[Metrics]:
    """Compute the metrics of several samples, reading the real molecules once; see `evaluate`."""
    evaluation = _Evaluation.prepare(config, progress, answers or {})
    return evaluation.measure(several, references, training)


@dataclass(frozen=True)
class _Reference:
    name: str
    description: Description
    chemnet: Gaussian | None


@dataclass(frozen=True)
class _Generated:
    """Valid samples; their SMILES are read twice, as canonical SMILES are not always stable."""

    total: int
    valid: list[str]
    description: Description
    chemnet: Gaussian | None

    @property
    def smiles(self) -> list[str]:
        return self.description.molecules.smiles


@dataclass(frozen=True)
class _Evaluation:
    config: EvaluateConfig
    work: Work
    cache: StatisticsCache
    chemnet: ChemNet | None
    answers: Mapping[str, Gaussian] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def prepare(
        cls, config: EvaluateConfig, progress: bool, answers: Mapping[str, Gaussian]
    ) -> "_Evaluation":
        work = Work(config.workers or available_cores(), progress)
        cache = StatisticsCache(config.cache)
        cache.check()
        if not config.fcd:
            return cls(config, work, cache, None)
        try:
            return cls(config, work, cache, ChemNet.load(), answers)
        except MissingExtraError as error:
            return cls(config, work, cache, None, notes=[f"FCD is left out: {error}"])

    def measure(
        self,
        several: Sequence[Samples],
        references: Mapping[str, Sequence[str]],
        training: Sequence[str],
    ) -> list[Metrics]:
        sets = [self._read_samples(samples.smiles, "samples") for samples in several]
        held_out = [self._reference(name, texts) for name, texts in references.items()]
        drawn = [self._choose(generated.description.molecules.bits) for generated in sets]
        compared = self._choose(held_out[0].description.molecules.bits) if held_out else None
        queries = drawn if compared is None else [*drawn, compared]
        known, nearest = self._training(training, np.concatenate(queries))
        *near, near_held_out = np.split(nearest, np.cumsum([len(bits) for bits in drawn]))
        control = self._control(training, known, held_out)
        metrics = []
        for samples, generated, mine in zip(several, sets, near, strict=True):
            strict, repairs = _strictness(samples)
            plain, quadratic = internal_diversity(generated.description.molecules.bits)
            counted = self.work.map_chunks(count_passing, generated.valid, "samples: filters")
            passing = sum(counted) / len(generated.valid) if generated.valid else nan
            values = {
                **_basics(generated, known),
                **strict,
                **self._against(generated, held_out),
                "IntDiv": plain,
                "IntDiv2": quadratic,
                "Filters": passing,
            }
            if len(mine) + len(near_held_out):
                # Fractions with a near training molecule.
                values["near_training"] = _mean((mine >= NEAR).astype(np.float64))
                theirs = _mean((near_held_out >= NEAR).astype(np.float64))
                values |= {f"near_training/{row.name}": theirs for row in held_out[:1]}
            counts = {
                "samples": len(samples.smiles),
                "valid": len(generated.valid),
                "training": len(known),
                "compared_with_training": len(mine),
                **{row.name: len(row.description.molecules.smiles) for row in held_out},
            }
            notes = list(self.notes)
            if len(generated.smiles) < max(_UNIQUE_AT):
                note = f"{len(generated.smiles)} valid samples; unique@{max(_UNIQUE_AT)} needs more"
                notes = [note, *notes]
            metrics.append(Metrics(values, repairs, control, counts, tuple(notes), self.config))
        return metrics

    def _read_samples(self, texts: Sequence[str], title: str) -> _Generated:
        changed, valid = ChangeCount(), list[str]()
        for chunk in self.work.map_chunks(read_chunk, texts, f"{title}: reading"):
            valid += [smiles for smiles in chunk.smiles if smiles is not None]
            changed.merge(chunk.changed)
        changed.warn(title)
        description = describe(valid, self.work, title)
        chemnet = self._gaussian(description.molecules.smiles, title)
        return _Generated(len(texts), valid, description, chemnet)

    def _reference(self, name: str, texts: Sequence[str]) -> _Reference:
        description = self.cache.description(texts, lambda some: describe(some, self.work, name))
        smiles = description.molecules.smiles
        if not smiles:
            raise DataError(f"the reference set {name} holds no molecule")
        description.molecules.changed.warn(name)
        if len(smiles) < len(texts):
            self.notes.append(f"{len(texts) - len(smiles)} rows of {name} are no molecules")
        if self.chemnet is None:
            return _Reference(name, description, None)
        if name in self.answers:
            return _Reference(name, description, self.answers[name])
        chemnet = self.cache.gaussian(smiles, lambda some: self._gaussian(some, name))
        return _Reference(name, description, chemnet)

    def _gaussian(self, smiles: Sequence[str], title: str) -> Gaussian | None:
        if self.chemnet is None:
            return None
        return self.chemnet.gaussian(smiles, title=f"{title}: ChemNet", progress=self.work.progress)

    def _choose(self, bits: PackedBits) -> UInt8[np.ndarray, "query byte"]:
        """Random rows to compare with all training molecules."""
        count = min(self.config.neighbors, len(bits))
        return bits[np.random.default_rng(self.config.seed).permutation(len(bits))[:count]]

    def _training(self, texts: Sequence[str], queries: PackedBits) -> tuple[set[str], np.ndarray]:
        """Canonical SMILES of the training set, and each query's similarity to its nearest."""
        known: set[str] = set()
        changed = ChangeCount()
        best = np.zeros(len(queries), dtype=np.float32)
        answers = self.work.map_chunks(fingerprint_chunk, texts, "training")
        while batch := list(islice(answers, _CHUNKS_AT_ONCE)):
            molecules = concatenate_sets(batch)
            changed.merge(molecules.changed)
            known.update(molecules.smiles)
            np.maximum(best, nearest_similarities(queries, molecules.bits), out=best)
        if not known:
            raise DataError("the training set holds no molecule")
        changed.warn("training")
        return known, best

    def _against(self, generated: _Generated, references: list[_Reference]) -> dict[str, float]:
        """Metrics that compare with the reference sets."""
        values = {}
        mine = generated.description
        for reference in references:
            if self.chemnet is not None:
                values[f"FCD/{reference.name}"] = frechet_distance(
                    generated.chemnet, reference.chemnet
                )
            values[f"SNN/{reference.name}"] = _mean(
                nearest_similarities(
                    mine.molecules.bits,
                    reference.description.molecules.bits,
                    title=f"SNN/{reference.name}",
                    progress=self.work.progress,
                )
            )
            theirs = reference.description
            values[f"Frag/{reference.name}"] = cosine_similarity(mine.fragments, theirs.fragments)
            values[f"Scaf/{reference.name}"] = cosine_similarity(mine.scaffolds, theirs.scaffolds)
        for reference in references[:1]:
            for key, name in _PROPERTY_NAMES.items():
                held_out = reference.description.values[key]
                values[name] = wasserstein_distance(mine.values[key], held_out)
        return values

    def _control(
        self, training: Sequence[str], known: set[str], references: list[_Reference]
    ) -> dict[str, float]:
        if not self.config.control:
            return {}
        generator = np.random.default_rng(self.config.seed)
        texts = add_carbon(training, known, self.config.control, generator)
        generated = self._read_samples(texts, "control")
        distances = {
            f"FCD/{reference.name}": frechet_distance(generated.chemnet, reference.chemnet)
            for reference in references
            if self.chemnet is not None
        }
        return {**_basics(generated, known), **distances}


def _basics(generated: _Generated, known: set[str]) -> dict[str, float]:
    """Validity, uniqueness and novelty."""
    values = {"valid": len(generated.valid) / generated.total}
    for count in _UNIQUE_AT:
        first = generated.smiles[:count]
        values[f"unique@{count}"] = len(set(first)) / len(first) if first else nan
    distinct = set(generated.smiles)
    values["Novelty"] = len(distinct - known) / len(distinct) if distinct else nan
    return values


def _strictness(samples: Samples) -> tuple[dict[str, float], dict[str, float]]:
    """The strict fraction and that of each repair; both empty without the samples' SELFIES."""
    if samples.selfies_rows is None:
        return {}, {}
    outcomes: Counter[str] = Counter()
    for selfies, smiles in zip(samples.selfies_rows, samples.smiles, strict=True):
        # The first repair, or the reason why there is no molecule; None if there is neither.
        first = result_or_refusal(repair, selfies)
        if isinstance(first, MoleculeError):
            outcomes[first.reason] += 1
        elif first is not None:
            outcomes[first] += 1
        else:
            outcomes["" if read_chunk([smiles]).smiles[0] else "invalid SMILES"] += 1
    shares = {str(outcome): count / len(samples.smiles) for outcome, count in outcomes.items()}
    return {"strict": shares.pop("", 0.0)}, shares


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else nan
