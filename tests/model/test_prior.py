from collections import Counter

import pytest
import torch
from torch.distributions import Normal

from molvae.errors import ModelError
from molvae.model.acceptance import Acceptance, DrawFeatures, Resampler
from molvae.model.decoding import decode, sample
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.model.prior import Draws, NormalPrior, Prior, PushForwardPrior
from molvae.special_ids import END, PAD

N_IDS = 7
SHORT = DecodingConfig(max_symbols=30)


@pytest.fixture(scope="module")
def network():
    torch.random.manual_seed(2)
    config = ModelConfig(
        decoder="separate",
        embedding_size=8,
        encoder_size=10,
        decoder_size=14,
        latent_size=6,
        prior_size=12,
    )
    return SequenceVAE(config, N_IDS)


def source(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def resampler(network):
    """By how often each symbol is there, and how surprising the whole is."""
    torch.random.manual_seed(4)
    acceptance = Acceptance(N_IDS).eval().requires_grad_(False)
    for parameter in acceptance.parameters():
        parameter.data.mul_(3.0)
    drawn = PushForwardPrior(network).draw(500, SHORT, source()).ids
    acceptance.standardise(symbol_counts(drawn))
    seen = features_of(network, drawn)
    acceptance.nll_floor.copy_(seen.nll.median())
    acceptance.calibrate(seen, 0.9)
    return Resampler(acceptance, count_features)


@torch.no_grad()
def features_of(network, ids):
    nll = network.prior_nll(ids, (ids != PAD).sum(1))
    return DrawFeatures(symbol_counts(ids), nll)


def count_features(batches):
    return ((item, symbol_counts(ids)) for item, ids in batches)


def symbol_counts(ids):
    return torch.nn.functional.one_hot(ids, N_IDS).sum(1).to(torch.uint8)


@pytest.fixture(params=["normal", "push-forward", "resampled"])
def prior(request, network, resampler):
    return {
        "normal": NormalPrior(6),
        "push-forward": PushForwardPrior(network),
        "resampled": PushForwardPrior(network, resampler),
    }[request.param]


def test_every_prior_draws_points_and_knows_their_density(prior):
    assert isinstance(prior, Prior)
    latents = prior.sample(9, source())
    assert latents.shape == (9, 6)
    assert torch.equal(latents, prior.sample(9, source()))
    assert not torch.equal(latents, prior.sample(9, source(1)))
    density = prior.log_density(latents)
    assert density.shape == (9,)
    assert density.isfinite().all()


def test_log_density_is_that_of_torch_distributions():
    z = torch.randn(4, 3)
    torch.testing.assert_close(NormalPrior(3).log_density(z), Normal(0.0, 1.0).log_prob(z).sum(1))


def test_normal_draws_are_standard_normal():
    draws = NormalPrior(4).sample(5_000, source())
    torch.testing.assert_close(draws.mean(0), torch.zeros(4), atol=0.05, rtol=0)
    torch.testing.assert_close(draws.std(0), torch.ones(4), atol=0.05, rtol=0)


def test_a_drawn_code_is_the_posterior_mean_of_what_was_written(network):
    draws = PushForwardPrior(network).draw(20, SHORT, source())
    lengths = torch.tensor([row.index(PAD) if PAD in row else len(row) for row in rows(draws.ids)])
    torch.testing.assert_close(draws.latents, network.encode(draws.ids, lengths).mean)
    assert rows(draws.decoded) == rows(
        network.decode(draws.latents, GREEDY.with_changes({"max_symbols": 30}))
    )


@pytest.mark.parametrize("is_half", [False, True])
def test_spellings_come_as_often_as_the_language_model_says(network, is_half, monkeypatch):
    monkeypatch.setattr("molvae.model.network.writes_in_bfloat16", lambda _: is_half)
    drawn = rows(PushForwardPrior(network).draw(4_000, SHORT, source()).ids)
    for row in ([3, END], [END]):
        nats = network.prior_nll(torch.tensor([row]), torch.tensor([len(row)]))
        often = sum(other[: len(row)] == row for other in drawn) / 4_000
        assert often == pytest.approx(allowed_share(network, row, nats), abs=0.02)
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def allowed_share(network, row, nats):
    """Probability of a row when PAD and START, which decoding never writes, are left out."""
    writer = network.language_model
    states, last, kept = writer.start(writer.empty_context(1)), 1, 1.0
    for symbol in row:
        logits, states = writer.step(writer.token_gates()[last][None], states)
        kept *= 1.0 - float(torch.softmax(logits, 1)[0, :END].sum().detach())
        last = symbol
    return float(torch.exp(-nats).detach()) / kept


def test_the_bound_is_the_term_of_the_spelling_that_the_point_decodes_to(network):
    z = torch.randn(5, 6, generator=source())
    bound = PushForwardPrior(network).log_density(z)
    for place, row in enumerate(rows(network.decode(z))):
        ids = torch.tensor([row[: row.index(END) + 1] if END in row else row])
        lengths = torch.tensor([ids.shape[1]])
        posterior = network.encode(ids, lengths)
        density = Normal(posterior.mean, torch.exp(0.5 * posterior.log_variance)).log_prob(z[place])
        expected = density.sum() - network.prior_nll(ids, lengths)[0]
        assert bound[place].item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_resampled_prior_gives_spellings_as_often_as_its_acceptance_takes_them(
    network, resampler
):
    n = 4_000
    proposed = PushForwardPrior(network).draw(n, SHORT, source())
    resampled = PushForwardPrior(network, resampler).draw(n, SHORT, source(1))
    assert len(resampled.ids) == len(resampled.latents) == n
    shares = resampler.acceptance.log_acceptance_prob(features_of(network, proposed.ids)).exp()
    share = float(shares.mean())
    assert 0.1 < share < 0.9
    often = Counter(map(tuple, rows(proposed.ids))).most_common(5)
    for row, _ in often:
        same = [place for place, other in enumerate(rows(proposed.ids)) if tuple(other) == row]
        expected = float(shares[same].sum()) / share / n
        found = sum(other[: len(row)] == list(row) for other in padded(resampled.ids, len(row)))
        assert found / n == pytest.approx(expected, abs=0.025)


def padded(ids, width):
    return [[*row, *[PAD] * (width - len(row))] for row in rows(ids)]


def test_a_resampled_prior_is_denser_where_its_acceptance_is_larger(network, resampler):
    z = 9 * torch.randn(30, 6, generator=source())
    plain, resampled = (PushForwardPrior(network, one).log_density(z) for one in (None, resampler))
    ids = network.decode(z)
    gain = resampler.log_correction(ids, features_of(network, ids).nll)
    assert len(set(gain.tolist())) > 1
    torch.testing.assert_close(resampled - plain, gain, atol=1e-4, rtol=1e-4)


def test_a_draw_is_kept_when_its_code_decodes_to_the_same_symbols():
    ids = torch.tensor([[3, 4, END], [3, END, PAD], [3, 4, 5]])
    decoded = torch.tensor([[3, 4, END, PAD], [3, 4, END, PAD], [3, 4, 5, END]])
    draws = Draws(ids, torch.zeros(3, 2), decoded)
    assert draws.round_trips.tolist() == [True, False, False]


def test_a_network_without_a_language_model_has_no_learned_prior():
    config = ModelConfig(
        decoder="separate",
        embedding_size=4,
        encoder_size=4,
        decoder_size=4,
        latent_size=2,
        prior_size=0,
    )
    with pytest.raises(ModelError, match="no learned prior"):
        PushForwardPrior(SequenceVAE(config, N_IDS))


def test_no_spelling_is_longer_than_the_prior_is_told(network, monkeypatch):
    longest = []

    def watched(wrapped):
        def called(decoder, context, config, *others, **settings):
            longest.append(config.max_symbols)
            return wrapped(decoder, context, config, *others, **settings)

        return called

    monkeypatch.setattr("molvae.model.network.decode", watched(decode))
    monkeypatch.setattr("molvae.model.network.sample", watched(sample))
    prior = PushForwardPrior(network, max_symbols=12)
    prior.log_density(prior.sample(3, source()))
    assert longest == [12, 12]


def test_hardly_more_is_written_than_has_to_be(network, resampler, monkeypatch):
    written = []

    def watched(decoder, context, *others, **settings):
        written.append(len(context))
        return sample(decoder, context, *others, **settings)

    monkeypatch.setattr("molvae.model.network.sample", watched)
    eager = Resampler(resampler.acceptance, lambda batches: iter([*count_features(batches)]))
    PushForwardPrior(network, eager).draw(1_000, SHORT, source())
    assert sum(written) < 1.3 * 1_000 / resampler.acceptance_rate
    assert max(written) <= 512


@pytest.mark.parametrize("n", [0, 1, 700, 1_024])
def test_as_many_are_drawn_as_were_asked_for(network, resampler, n):
    for chosen in (None, resampler):
        draws = PushForwardPrior(network, chosen).draw(n, SHORT, source())
        assert len(draws.ids) == len(draws.latents) == len(draws.decoded) == n


def rows(ids):
    return [list(row) for row in ids.tolist()]


def test_samples_are_encoded_and_compared_as_the_vocabulary_splits_them(network):
    canonical = torch.tensor([[3, 4, END]])
    prior = PushForwardPrior(network, retokenize=lambda ids: canonical.expand(len(ids), -1))
    draws = prior.draw(5, SHORT, source())
    assert draws.round_trips.all()
    expected = network.encode(canonical, torch.tensor([3])).mean.expand(5, -1)
    torch.testing.assert_close(draws.latents, expected)
