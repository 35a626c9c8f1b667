import pytest
import torch

from molvae.model.decoding_config import DecodingConfig
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.model.refinement import Refinement
from molvae.special_ids import END, PAD

N_IDS = 9
LATENT = 6
GREEDY = DecodingConfig(temperature=0.0, max_symbols=12)


def make_network(**changes):
    torch.random.manual_seed(3)
    sizes = {"embedding_size": 8, "encoder_size": 10, "decoder_size": 14, "latent_size": LATENT}
    network = SequenceVAE(ModelConfig(**{"decoder": "separate", **sizes, **changes}), N_IDS)
    # Sharper than at random, so that different latent vectors decode to different rows.
    with torch.no_grad():
        network.decoder.to_state.weight *= 4
        network.decoder.to_logits.weight *= 4
    return network.eval()


def sample_latents(n, seed):
    return 2 * torch.randn(n, LATENT, generator=torch.Generator().manual_seed(seed))


def decode(network, z):
    ids = network.decode(z, GREEDY)
    return ids, (ids != PAD).sum(1)


def equal_rows(a, b):
    width = max(a.shape[1], b.shape[1])
    pad = [torch.nn.functional.pad(rows, (0, width - rows.shape[1]), value=PAD) for rows in (a, b)]
    return (pad[0] == pad[1]).all(1)


def complete(ids):
    """Rows that end, and hold no PAD or START before."""
    return (ids == END).any(1)


@pytest.mark.parametrize(
    ("changes", "distance"),
    [({}, 0.08), ({"latent_input": "every"}, 0.15), ({"decoder": "shared", "prior_size": 0}, 0.1)],
)
def test_refined_vectors_decode_to_the_ids(changes, distance):
    network = make_network(**changes)
    z = sample_latents(60, 1)
    ids, lengths = decode(network, z)
    rows = complete(ids)
    ids, lengths = ids[rows], lengths[rows]
    start = z[rows] + distance * sample_latents(int(rows.sum()), 2)
    is_right = equal_rows(network.decode(start, GREEDY), ids)
    refined = network.refine(ids, lengths, start)
    before, after = (
        equal_rows(network.decode(latents, GREEDY), ids).float().mean()
        for latents in (start, refined)
    )
    assert 0 < before < 0.95
    assert after > 0.5 * (1 + before)
    torch.testing.assert_close(refined[is_right], start[is_right])


def test_vectors_that_decode_to_the_ids_stay_as_they_are():
    network = make_network()
    z = sample_latents(60, 1)
    ids, lengths = decode(network, z)
    rows = complete(ids)
    torch.testing.assert_close(network.refine(ids[rows], lengths[rows], z[rows]), z[rows])


def test_a_row_is_refined_as_if_it_were_alone():
    network = make_network()
    ids, lengths = decode(network, sample_latents(20, 1))
    rows = complete(ids)
    ids, lengths = ids[rows], lengths[rows]
    start = sample_latents(len(ids), 2)
    together = network.refine(ids, lengths, start)
    for row in range(len(ids)):
        at = slice(row, row + 1)
        alone = network.refine(ids[at], lengths[at], start[at])
        torch.testing.assert_close(together[at], alone, atol=1e-3, rtol=1e-3)


def test_refinement_leaves_the_network_and_the_start_alone():
    network = make_network()
    ids, lengths = decode(network, sample_latents(20, 1))
    rows = complete(ids)
    start = sample_latents(int(rows.sum()), 2)
    copy = start.clone()
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    network.refine(ids[rows], lengths[rows], start)
    assert torch.equal(start, copy)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())
    assert all(weight.requires_grad and weight.grad is None for weight in network.parameters())


def test_the_weight_of_the_prior_keeps_vectors_close_to_the_origin():
    network = make_network()
    ids, lengths = decode(network, sample_latents(60, 1))
    rows = complete(ids)
    start = sample_latents(int(rows.sum()), 2)
    lengths_by_weight = [
        network.refine(ids[rows], lengths[rows], start, Refinement(prior_weight=weight)).norm(dim=1)
        for weight in (0.0, 2.0)
    ]
    assert lengths_by_weight[1].mean() < lengths_by_weight[0].mean()


def test_no_steps_change_nothing():
    network = make_network()
    ids, lengths = decode(network, sample_latents(20, 1))
    start = sample_latents(20, 2)
    assert torch.equal(network.refine(ids, lengths, start, Refinement(steps=0)), start)


def test_the_margin_tells_what_greedy_decoding_gives():
    network = make_network()
    z = sample_latents(60, 1)
    ids, lengths = decode(network, z)
    rows = complete(ids)
    ids, lengths = ids[rows], lengths[rows]
    others = sample_latents(len(ids), 4)
    for latents in (z[rows], others):
        nll, margin = network.decoder.nll_and_margin(ids, lengths, latents)
        torch.testing.assert_close(nll, network.reconstruction_nll(ids, lengths, latents))
        assert torch.equal(margin > 0, equal_rows(network.decode(latents, GREEDY), ids))
