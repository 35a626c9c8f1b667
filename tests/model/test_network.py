import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from molvae.errors import ConfigError
from molvae.model.decoding_config import DecodingConfig
from molvae.model.device import pick_device
from molvae.model.latents import Posterior, add_noise
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.special_ids import END, PAD

N_IDS = 12
CONFIG = ModelConfig(
    embedding_size=8, encoder_size=10, decoder_size=14, latent_size=6, decoder="separate"
)


def network(**changes):
    torch.random.manual_seed(0)
    return SequenceVAE(ModelConfig(**{**CONFIG.model_dump(), **changes}), N_IDS)


def padded(rows, extra=0):
    lengths = torch.tensor([len(row) + 1 for row in rows])
    ids = torch.full((len(rows), int(lengths.max()) + extra), PAD)
    for place, row in enumerate(rows):
        ids[place, : len(row) + 1] = torch.tensor([*row, END])
    return ids, lengths


symbols = st.lists(st.integers(3, N_IDS - 1), min_size=1, max_size=9)


@settings(deadline=None, max_examples=25)
@given(st.lists(symbols, min_size=1, max_size=6), st.integers(0, 4), st.booleans())
@torch.no_grad()
def test_a_molecule_has_one_posterior_whatever_batch_it_sits_in(rows, extra, deep):
    model = network(encoder_layers=1 + deep, decoder_layers=1 + deep)
    together = model.encode(*padded(rows, extra))
    for place, row in enumerate(rows):
        alone = model.encode(*padded([row]))
        torch.testing.assert_close(together.mean[place], alone.mean[0])
        torch.testing.assert_close(together.log_variance[place], alone.log_variance[0])


@settings(deadline=None, max_examples=25)
@given(st.lists(symbols, min_size=1, max_size=6), st.integers(0, 4))
def test_the_posterior_is_the_same_with_gradient_and_without(rows, extra):
    model = network()
    followed = model.encode(*padded(rows, extra))
    with torch.no_grad():
        plain = model.encode(*padded(rows, extra))
    assert followed.mean.requires_grad
    torch.testing.assert_close(plain.mean, followed.mean.detach())
    torch.testing.assert_close(plain.log_variance, followed.log_variance.detach())


@settings(deadline=None, max_examples=25)
@given(st.lists(symbols, min_size=1, max_size=6), st.integers(0, 4))
def test_a_molecule_has_one_elbo_whatever_batch_it_sits_in(rows, extra):
    model = network()
    noise = torch.randn(len(rows), 6)
    together, _ = model.elbo(*padded(rows, extra), noise)
    for place, row in enumerate(rows):
        alone, _ = model.elbo(*padded([row]), noise[place : place + 1])
        torch.testing.assert_close(together.reconstruction[place], alone.reconstruction[0])
        torch.testing.assert_close(together.kl[place], alone.kl[0])


def test_reconstruction_is_the_sum_of_the_surprise_of_each_symbol():
    model = network()
    row, noise = [4, 7, 3], torch.zeros(1, 6)
    elbo, posterior = model.elbo(*padded([row]), noise)
    z = posterior.mean
    states, latent = model.decoder.start(z), model.decoder.context_gates(z)
    nats, last = 0.0, 1
    for symbol in [*row, END]:
        logits, states = model.decoder.step(
            model.decoder.token_gates()[last][None] + latent, states
        )
        nats -= float(torch.log_softmax(logits, 1)[0, symbol].detach())
        last = symbol
    assert elbo.reconstruction.item() == pytest.approx(nats, rel=1e-5)


def test_a_decoder_that_may_not_see_a_symbol_does_not_depend_on_it():
    model = network()
    noise = torch.zeros(1, 6)
    hidden = torch.tensor([[False, True, False]])
    ids, lengths = padded([[4, 5]])
    z = model.encode(ids, lengths).mean
    with_hidden, _ = model.elbo(ids, lengths, noise, hidden)
    without, _ = model.elbo(ids, lengths, noise)
    assert with_hidden.reconstruction.item() != without.reconstruction.item()
    seen = model.decoder._teacher_forced(torch.tensor([[1], [PAD], [5]]), z)
    expected = torch.nn.functional.cross_entropy(seen, ids[0], reduction="sum")
    torch.testing.assert_close(with_hidden.reconstruction[0], expected)


def test_kl_is_that_of_torch_distributions():
    posterior = Posterior(torch.randn(5, 4), torch.randn(5, 4))
    normal = Normal(posterior.mean, torch.exp(0.5 * posterior.log_variance))
    torch.testing.assert_close(posterior.kl(), kl_divergence(normal, Normal(0.0, 1.0)))


def test_draws_have_the_mean_and_deviation_of_the_posterior():
    posterior = Posterior(torch.tensor([[2.0]]).expand(20_000, 1), torch.zeros(20_000, 1))
    draws = posterior.sample(torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0)))
    assert draws.mean().item() == pytest.approx(2.0, abs=0.03)
    assert draws.std().item() == pytest.approx(1.0, abs=0.03)


def test_overfits_eight_molecules():
    torch.random.manual_seed(1)
    model = SequenceVAE(CONFIG.with_changes({"decoder_size": 48, "encoder_size": 32}), N_IDS)
    source = torch.Generator().manual_seed(0)
    ids, lengths = padded(
        [torch.randint(3, N_IDS, (7,), generator=source).tolist() for _ in "12345678"]
    )
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(120):
        elbo, _ = model.elbo(ids, lengths, torch.zeros(8, 6))
        optimizer.zero_grad()
        elbo.reconstruction.mean().backward()
        optimizer.step()
    assert elbo.reconstruction.max().item() < 0.1


def test_an_unknown_preset_is_refused_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        ModelConfig.preset("smal")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="no device cuda"):
        pick_device("cuda:0")


def test_the_language_model_adds_up_the_surprise_of_each_symbol():
    model = network(prior_layers=2)
    row, nats, last = [4, 7, 3], 0.0, 1
    writer = model.language_model
    states = writer.start(writer.empty_context(1))
    for symbol in [*row, END]:
        logits, states = writer.step(writer.token_gates()[last][None], states)
        nats -= float(torch.log_softmax(logits, 1)[0, symbol].detach())
        last = symbol
    found = model.prior_nll(*padded([[5], row]))
    assert found[1].item() == pytest.approx(nats, rel=1e-5)


def test_a_network_without_a_language_model_has_no_surprise():
    model = network(prior_size=0)
    assert model.language_model is None
    assert model.prior_nll(*padded([[5], [4, 7]])).tolist() == [0.0, 0.0]


VARIANTS = [
    {"latent_input": latent_input, "decoder": decoder, "decoder_layers": layers}
    for latent_input in ("first", "every")
    for decoder in ("separate", "shared")
    for layers in (1, 2)
]


@pytest.mark.parametrize("changes", VARIANTS)
class TestEveryDecoder:
    def test_padding_changes_nothing(self, changes):
        model = network(**changes)
        z = torch.randn(2, 6)
        rows = [[4, 7, 3], [5]]
        for nll in (
            lambda *batch: model.reconstruction_nll(*batch, z),
            lambda *batch: model.prior_nll(*batch),
        ):
            torch.testing.assert_close(nll(*padded(rows)), nll(*padded(rows, 3)))

    def test_sampled_sequences_carry_their_nll(self, changes):
        model = network(**changes)
        source = torch.Generator().manual_seed(0)
        config = DecodingConfig(max_symbols=6)
        for batch in model.sample_prior(5, config, source):
            ended = (batch.ids == END).any(1)
            ids = batch.ids[ended]
            expected = model.prior_nll(ids, (ids != PAD).sum(1))
            torch.testing.assert_close(batch.nll[ended], expected, rtol=2e-2, atol=2e-2)

    def test_the_prior_does_not_depend_on_z(self, changes):
        model = network(**changes)
        loss = model.prior_nll(*padded([[4, 7, 3]])).sum()
        loss.backward()
        assert model.to_posterior.weight.grad is None

    def test_its_losses_are_those_of_decoder_and_prior(self, changes):
        model = network(**changes)
        batch, z = padded([[4, 7, 3], [5]]), torch.randn(2, 6)
        total = sum(loss() for loss in model.decoder_losses(*batch, z))
        expected = model.reconstruction_nll(*batch, z).mean() + model.prior_nll(*batch).mean()
        torch.testing.assert_close(total, expected)

    def test_its_parameters_are_all_but_those_of_the_encoder(self, changes):
        model = network(**changes)
        named = {id(parameter) for parameter in model.decoder_parameters().values()}
        encoder = [model.embedding, model.forwards, model.backwards, model.to_posterior]
        others = {id(parameter) for module in encoder for parameter in module.parameters()}
        assert named | others == {id(parameter) for parameter in model.parameters()}
        assert not named & others


def test_noise_levels_run_from_z_to_nothing():
    z, noise = torch.randn(3, 6), torch.randn(3, 6)
    mixed = add_noise(z, torch.tensor([0.0, 0.5, 1.0]), noise)
    torch.testing.assert_close(mixed[0], z[0])
    torch.testing.assert_close(mixed[1], (z[1] + noise[1]) / 2**0.5)
    assert not mixed[2].any()


def test_a_shared_decoder_is_told_the_noise_level():
    model, z = network(decoder="shared"), torch.randn(1, 6)
    batch = padded([[4, 7, 3]])
    clean = model.reconstruction_nll(*batch, z)
    torch.testing.assert_close(clean, model.reconstruction_nll(*batch, z, None, torch.zeros(1)))
    assert clean.item() != model.reconstruction_nll(*batch, z, None, torch.full((1,), 0.5)).item()
