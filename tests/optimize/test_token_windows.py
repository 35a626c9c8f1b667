from pathlib import Path

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.combined.sources import SourceName, build_sources
from molvae.optimize.combined.sources.source import NetworkJob, Parent, SourceContext
from molvae.optimize.combined.token_windows import rewrite_tokens


@pytest.fixture(scope="module")
def smiles(few_molecules: Path):
    return [line.split(",")[0] for line in few_molecules.read_text().splitlines()[1:41]]


@pytest.fixture(scope="module")
def model_with_shared_decoder(tiny_model):
    """An untrained model with a shared decoder and the vocabulary of the tiny one."""
    config = tiny_model.network.config.with_changes({"decoder": "shared", "prior_size": 0})
    return MoleculeVAE.untrained(tiny_model.vocabulary, config)


def parents_of(model, smiles):
    codes = PosteriorCache(model).encode(smiles)
    return [code for code in codes if code]


def test_replacements_change_one_token_and_follow_the_seed(tiny_model, smiles):
    parents = parents_of(tiny_model, smiles)
    sizes = [(1, 1)] * len(parents)
    first, again, changed = (
        rewrite_tokens(tiny_model, seed, parents=parents, sizes=sizes) for seed in (1, 1, 2)
    )
    assert first == again != changed
    for parent, child in zip(parents, first, strict=True):
        differing = [a != b for a, b in zip(parent.selfies, child, strict=True)]
        assert sum(differing) == 1


def test_proposed_tokens_are_likelier_than_random_ones(tiny_model, smiles):
    parents = parents_of(tiny_model, smiles)
    children = rewrite_tokens(tiny_model, 0, parents=parents, sizes=[(1, 1)] * len(parents))
    generator = np.random.default_rng(0)
    uniform = []
    for parent in parents:
        row = list(parent.selfies)
        row[generator.integers(len(row))] = str(generator.choice(tiny_model.vocabulary.symbols))
        uniform.append(tuple(row))
    assert tiny_model.nll(children).mean() < tiny_model.nll(uniform).mean() - 5.0


@pytest.mark.parametrize("noise_level", [0.0, 0.5, 1.0])
def test_shared_decoders_propose_tokens_at_any_noise_level(
    model_with_shared_decoder, smiles, noise_level
):
    parents = parents_of(model_with_shared_decoder, smiles)
    sizes = [(3, 2)] * len(parents)
    children = rewrite_tokens(
        model_with_shared_decoder, 0, parents=parents, sizes=sizes, noise_level=noise_level
    )
    assert [len(child) for child in children] == [len(row.selfies) - 1 for row in parents]


def test_something_is_left_of_a_molecule_of_one_token(tiny_model):
    [methane] = parents_of(tiny_model, ["C"])
    for sizes in ((1, 0), (6, 0), (6, 5), (0, 1)):
        [child] = rewrite_tokens(tiny_model, 0, parents=[methane], sizes=[sizes])
        assert len(child) == max(sizes[1] + (not sizes[0]), 1)


@pytest.mark.parametrize("source", [SourceName.TOKEN_EDITS, SourceName.WINDOWS])
def test_children_of_the_sources_are_similar_to_their_parents(tiny_model, smiles, source):
    context = SourceContext(CombinedConfig().cleaning, tiny_model.vocabulary.symbols)
    codes = PosteriorCache(tiny_model).encode(smiles)
    parents = [Parent(name, 1.0, code) for name, code in zip(smiles, codes, strict=True) if code]
    [job] = build_sources(context)[source].jobs(len(parents), [parents], np.random.default_rng(0))
    assert isinstance(job, NetworkJob)
    children = job.work(tiny_model, 0)
    assert len(children) == len(job.templates) == len(parents)
    for template, child in zip(job.templates, children, strict=True):
        assert template.source == source
        assert template.parent is not None
        mine = to_selfies(Molecule.parse(template.parent))
        shortest = min(len(mine), len(child))
        at_start = [a == b for a, b in zip(mine, child, strict=False)]
        at_end = [a == b for a, b in zip(mine[::-1], child[::-1], strict=False)]
        kept = sum(np.cumprod(at_start)) + sum(np.cumprod(at_end))
        assert kept >= shortest - 7
