from itertools import islice, repeat

import numpy as np
import pytest

from molvae.chem.notation import from_selfies
from molvae.chem.refusal import Refusal
from molvae.chem.screening import MoleculeFilter
from molvae.generation import GenerateConfig, generate
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.sampling import NOT_ROUND_TRIP, SampleStream, SamplingConfig

SHORT = DecodingConfig(max_symbols=25)


def config(**changes):
    return SamplingConfig(**{"decoding": SHORT, **changes})


def samples(model, sizes, **changes):
    stream = SampleStream(model, config(**changes), sizes)
    return [sample for batch in stream for sample in batch]


def contents(rows):
    latents = [None if row.z is None else row.z.tolist() for row in rows]
    return [(row.selfies, row.round_trips, row.judged) for row in rows], latents


def test_samples_are_those_that_the_language_model_writes_in_their_order(tiny_model):
    rows = samples(tiny_model, [20, 30], seed=4)
    generator = np.random.default_rng(4)
    written = [tiny_model.write(size, generator, SHORT) for size in (20, 30)]
    assert [row.selfies for row in rows] == [*written[0], *written[1]]
    assert all(row.z is None and row.round_trips is None for row in rows)


@pytest.mark.parametrize("changes", [{"round_trips": True}, {"prior": "normal"}])
def test_samples_are_those_that_the_model_draws_in_their_order(tiny_model, changes):
    rows = samples(tiny_model, [20, 30], seed=4, **changes)
    generator = np.random.default_rng(4)
    prior = changes.get("prior")
    drawn = [tiny_model.draw(size, generator, SHORT, prior) for size in (20, 30)]
    assert [row.selfies for row in rows] == [*drawn[0].selfies_rows, *drawn[1].selfies_rows]
    np.testing.assert_array_equal(rows[20].z, drawn[1].latents[0])


def test_samples_do_not_depend_on_the_number_of_workers(tiny_model):
    alone, together = (samples(tiny_model, [20, 30], workers=n) for n in (1, 2))
    assert contents(alone) == contents(together)


def test_each_sample_is_judged(tiny_model):
    for sample in samples(tiny_model, [60], prior="normal"):
        assert sample.judged.selfies == sample.selfies
        if sample.judged.smiles is not None:
            assert from_selfies(sample.selfies).smiles == sample.judged.smiles


def test_samples_that_do_not_round_trip_are_refused_unread(tiny_model):
    rows = samples(tiny_model, [200], round_trips=True)
    assert any(row.refusal == NOT_ROUND_TRIP for row in rows)
    assert all((row.judged is None) is not row.round_trips for row in rows)


def test_the_filter_gives_the_reason(tiny_model):
    strict = MoleculeFilter(strict=True)
    rows = samples(tiny_model, [100], prior="normal", molecule_filter=strict)
    repaired = [row for row in rows if row.refusal == Refusal.REPAIRED]
    assert repaired
    assert all(row.judged.repair is not None for row in repaired)


def test_batches_are_drawn_lazily(tiny_model):
    endless = SampleStream(tiny_model, config(), repeat(5))
    assert [len(batch) for batch in islice(endless, 3)] == [5, 5, 5]


@pytest.mark.parametrize("n", [30, 150])
def test_generation_takes_the_accepted_samples_of_the_stream(n):
    model = MoleculeVAE.from_pretrained("moses", "cpu")
    generated = generate(model, GenerateConfig(n=n, prior="push-forward", properties=(), seed=2))
    molecule_filter = MoleculeFilter(strict=True, allow_radicals=False)
    decoding = DecodingConfig(max_symbols=model.card.max_symbols)
    sampling = SamplingConfig(
        prior="push-forward", decoding=decoding, molecule_filter=molecule_filter, seed=2
    )
    rows = [s for batch in SampleStream(model, sampling, [64, 128, 256]) for s in batch]
    accepted = [row.judged.smiles for row in rows if row.refusal is None]
    distinct = list(dict.fromkeys(accepted))
    assert [molecule.smiles for molecule in generated.molecules] == distinct[:n]
