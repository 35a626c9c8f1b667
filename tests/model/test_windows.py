import pytest
import torch

from molvae.model.batching import pad_ids
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.model.windows import Windows, WindowSampler

N_IDS = 12
SEQUENCES = [[4, 7, 3, 9, 5], [3, 3, 8], [11, 10, 4, 6]]


def network(**changes):
    torch.random.manual_seed(0)
    config = ModelConfig(
        embedding_size=8, encoder_size=10, decoder_size=14, latent_size=6, prior_size=9
    )
    return SequenceVAE(ModelConfig(**{**config.model_dump(), **changes}), N_IDS).eval()


def windows(*rows):
    return Windows(*torch.tensor(rows).t())


def generator_of(seed=0):
    return torch.Generator().manual_seed(seed)


MODELS = [
    pytest.param(
        lambda: network(decoder="shared").unconditional_decoder(3), id="shared language model"
    ),
    pytest.param(
        lambda: network(decoder="shared").conditional_decoder(torch.ones(3, 6), 0.5),
        id="shared decoder",
    ),
    pytest.param(
        lambda: network(decoder="separate", prior_layers=2).unconditional_decoder(3),
        id="language model of two layers",
    ),
    pytest.param(
        lambda: network(decoder="separate", latent_input="every").conditional_decoder(
            torch.randn(3, 6)
        ),
        id="z at every position",
    ),
]


@pytest.mark.parametrize("build", MODELS)
def test_the_nll_is_that_of_the_whole_rewritten_sequence(build):
    decoder, context = build()
    chosen = windows(
        (0, 1, 2, 3), (0, 0, 5, 1), (1, 3, 0, 2), (2, 3, 1, 0), (1, 0, 1, 1), (2, 0, 0, 1)
    )
    sampler = WindowSampler(decoder, SEQUENCES, context)
    rewritten = sampler.sample(chosen, generator_of())
    with torch.no_grad():
        expected = decoder.nll(*pad_ids(rewritten), context[chosen.rows])
    torch.testing.assert_close(sampler.nll(chosen, rewritten), expected)


@pytest.mark.parametrize("build", MODELS)
def test_tokens_before_and_after_a_window_stay(build):
    decoder, context = build()
    replaced, inserted, deleted, window = WindowSampler(decoder, SEQUENCES, context).sample(
        windows((0, 1, 1, 1), (1, 3, 0, 1), (2, 0, 1, 0), (0, 1, 3, 2)), generator_of()
    )
    assert replaced[:1] + replaced[2:] == [4, 3, 9, 5]
    assert replaced[1] not in (0, 1, 2, 7)
    assert inserted[:3] == [3, 3, 8]
    assert len(inserted) == 4
    assert deleted == [10, 4, 6]
    assert window[:1] + window[3:] == [4, 5]
    assert len(window) == 4
    assert window[1] != 7


def test_tokens_are_sampled_from_the_model_given_the_tokens_before():
    decoder, context = network(decoder="separate").unconditional_decoder(1)
    n = 4000
    insertions = windows(*[(0, 2, 0, 1)] * n)
    rows = WindowSampler(decoder, [[4, 7, 3]], context).sample(insertions, generator_of())
    observed = torch.bincount(torch.tensor([row[2] for row in rows]), minlength=N_IDS) / n
    prefixes = [[4, 7, token, 5] for token in range(3, N_IDS)]
    ids, _ = pad_ids(prefixes)
    with torch.no_grad():
        # p(4, 7, token) by the NLL of the first three tokens.
        nll = decoder.nll(ids[:, :3], torch.full((len(ids),), 3), decoder.empty_context(len(ids)))
    torch.testing.assert_close(observed[3:], torch.softmax(-nll, 0), atol=0.03, rtol=0)
    assert not observed[:3].any()


def test_the_same_seed_gives_the_same_windows():
    decoder, context = network(decoder="shared").unconditional_decoder(3)
    chosen = windows(*[(row, 0, 2, 3) for row in (0, 1, 2)])
    sampler = WindowSampler(decoder, SEQUENCES, context)
    first, again, changed = (sampler.sample(chosen, generator_of(seed)) for seed in (0, 0, 1))
    assert first == again != changed
