"""Figures on completing scaffolds and linking fragments, against waiting for a sample."""

from collections.abc import Iterator, Sequence

import numpy as np

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_reference import Figure
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies
from molvae.chem.refusal import none_if_refused
from molvae.chem.screening import MoleculeFilter, judge_selfies
from molvae.chem.similarity import morgan_bits
from molvae.diagnosis.figures import mean_of
from molvae.metrics.similarity import internal_diversity
from molvae.molecule_vae import MoleculeVAE
from molvae.scaffold_completion import Completion, complete
from molvae.scaffold_completion_config import CompleteConfig

SCAFFOLDS = (
    "[*:1]c1c[nH]c2ccccc12",
    "[*:1]c1ccc2ncccc2c1",
    "[*:1]c1ncnc2ccccc12",
    "[*:1]N1CCN(c2ccccc2)CC1",
    "[*:1]c1nc2ccccc2[nH]1",
    "[*:1]C1=NCC(=O)Nc2ccccc21",
    "[*:1]N1CCC(c2ccccc2)CC1",
    "[*:1]c1ccc(S(N)(=O)=O)cc1",
    "[*:1]c1cnn(C)c1",
    "[*:1]C(=O)N1CCOCC1",
    "[*:1]c1ccc2c(c1)OCO2",
    "[*:1]N1c2ccccc2Sc2ccccc21",
    "[*:1]c1cc(=O)c2ccccc2o1",
    "[*:1]c1csc(N)n1",
    "[*:1]Nc1ncnc2[nH]cnc12",
    "[*:1]c1ccc(-c2ccccc2)cc1",
    "[*:1]N1C(=O)c2ccccc2C1=O",
    "[*:1]c1ccnc(N)n1",
    "[*:1]c1noc(C)n1",
    "[*:1]c1ccc(C(F)(F)F)cc1",
)
"""Ring systems of approved drugs, each with an attachment point."""
_OFFSET = 7
"""Distance in `SCAFFOLDS` of the two fragments that are linked."""
_MOST_DRAWS = 10.0


def completion(model: MoleculeVAE, config: ExploreConfig, notes: list[str]) -> Iterator[Figure]:
    """Yield and diversity of completions.

    The control of the yield is the share of samples of the language model that contain the scaffold
    or both fragments; that of the diversity is the diversity of these samples.

    Args:
        model: model with a learned prior.
        config: sizes and seed.
        notes: receives a line for each kind of pattern of which some could not be completed.
    """
    chosen = SCAFFOLDS[: config.scaffolds]
    partners = [SCAFFOLDS[(row + _OFFSET) % len(SCAFFOLDS)] for row in range(len(chosen))]
    pairs = [
        f"{scaffold}.{partner.replace('[*:1]', '[*:2]')}"
        for scaffold, partner in zip(chosen, partners, strict=True)
    ]
    samples = model.write(config.prior_samples, np.random.default_rng([config.seed, 24]))
    judged = judge_selfies(samples)
    control_diversity = _diversity([sample.smiles for sample in judged if sample.smiles][:100])
    settings = CompleteConfig(n=config.completions, most_draws=_MOST_DRAWS, seed=config.seed)
    for kind, patterns in {"scaffold": chosen, "fragment pair": pairs}.items():
        # None if no SELFIES of the scaffold can be continued at its attachment point.
        results = [none_if_refused(complete, model, pattern, settings) for pattern in patterns]
        outcomes = list(zip(patterns, results, strict=True))
        failed = [pattern for pattern, result in outcomes if result is None]
        empty = [pattern for pattern, result in outcomes if result and not result.molecules]
        if failed:
            notes.append(f"{kind}: no SELFIES ends at an attachment point of {', '.join(failed)}")
        if empty:
            notes.append(f"{kind}: no molecule for {', '.join(empty)}")
        yield from _yields(kind, patterns, results, samples)
        completions = [result.molecules for result in results if result is not None]
        diversities = [_diversity([row.smiles for row in molecules]) for molecules in completions]
        diversity = float("nan") if np.isnan(diversities).all() else float(np.nanmean(diversities))
        name = f"completion, {kind}: diversity"
        yield Figure(name, diversity, control_diversity, "samples", len(patterns))


def _yields(
    kind: str,
    patterns: Sequence[str],
    results: Sequence[Completion | None],
    samples: Sequence[Selfies],
) -> Iterator[Figure]:
    """Mean and lowest yield of the patterns, beside the share of samples that contain each."""
    yields = [len(result.molecules) / result.drawn if result else 0.0 for result in results]
    hits = []
    for pattern in patterns:
        judged = judge_selfies(samples, MoleculeFilter(keep=(pattern,)))
        hits.append(mean_of(np.array([sample.refusal is None for sample in judged])))
    means = float(np.mean(yields)), float(np.mean(hits))
    control, n = "samples that contain it", len(patterns)
    yield Figure(f"completion, {kind}: new molecules per sample", *means, control, n)
    yield Figure(f"completion, {kind}: lowest of these", min(yields), min(hits), control, n)


def _diversity(smiles: Sequence[str]) -> float:
    """IntDiv_1 of MOSES; NaN for fewer than two molecules."""
    if len(smiles) < 2:
        return float("nan")
    bits = morgan_bits([Molecule.parse(text) for text in smiles])
    return internal_diversity(np.packbits(bits, axis=1))[0]
