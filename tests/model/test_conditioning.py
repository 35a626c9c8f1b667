import pytest
import torch

from molvae.errors import ModelError
from molvae.model.conditioning import ConditionFeatures
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig

N_IDS = 12
NAN = float("nan")
CONFIG = ModelConfig(embedding_size=8, encoder_size=10, decoder_size=14, latent_size=6)
DECODERS = pytest.mark.parametrize("decoder", ["shared", "separate"])
IDS = torch.tensor([[3, 4, 5, 2], [6, 7, 2, 0]])
LENGTHS = torch.tensor([4, 3])


def network(**changes):
    torch.random.manual_seed(0)
    return SequenceVAE(ModelConfig(**{**CONFIG.model_dump(), **changes}), N_IDS).eval()


def test_features_are_standardized_values_and_marks_of_the_known():
    features = ConditionFeatures(2)
    assert not features.is_fitted
    features.fit(torch.tensor([[1.0, 5.0], [3.0, NAN], [5.0, 5.0]]))
    # 4 - 3 over sqrt(8 / 3); the second column has no spread, so that 7 - 5 stays 2.
    expected = [[(8 / 3) ** -0.5, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 1.0]]
    given = torch.tensor([[4.0, NAN], [NAN, 7.0]])
    torch.testing.assert_close(features(given), torch.tensor(expected))
    assert features.is_fitted
    assert (features.low.tolist(), features.high.tolist()) == ([1.0, 5.0], [5.0, 5.0])


def test_a_network_without_conditions_has_no_weights_for_them():
    names = network().state_dict().keys()
    assert not any("condition" in name for name in names)
    with pytest.raises(ModelError, match="condition_on"):
        network().prior_nll(IDS, LENGTHS, torch.zeros(2, 1))


@DECODERS
@torch.no_grad()
def test_conditions_change_what_decoders_write_and_not_what_the_encoder_reads(decoder):
    model = network(decoder=decoder, condition_on=("logp",))
    known = torch.tensor([[4.0], [-4.0]])
    z = torch.zeros(2, 6)
    for nll in (
        lambda values: model.prior_nll(IDS, LENGTHS, values),
        lambda values: model.reconstruction_nll(IDS, LENGTHS, z, conditions=values),
    ):
        assert (nll(known) - nll(None)).abs().min() > 1e-4
        torch.testing.assert_close(nll(torch.full((2, 1), NAN)), nll(None), rtol=0, atol=0)
    for name in ("to_posterior.weight", "embedding.weight"):
        shape = network(decoder=decoder).state_dict()[name].shape
        assert model.state_dict()[name].shape == shape


@DECODERS
@torch.no_grad()
def test_conditions_that_are_added_to_a_network_begin_without_effect(decoder):
    small, large = network(decoder=decoder), network(decoder=decoder, condition_on=("logp", "ic50"))
    large.load_from_smaller(small, with_head=False)
    known = torch.tensor([[4.0, NAN], [-4.0, 1.0]])
    torch.testing.assert_close(large.prior_nll(IDS, LENGTHS, known), small.prior_nll(IDS, LENGTHS))
    z = torch.ones(2, 6)
    assert torch.equal(large.decode(z, GREEDY, conditions=known), small.decode(z, GREEDY))


@DECODERS
def test_samples_of_the_prior_depend_on_the_conditions(decoder):
    model = network(decoder=decoder, condition_on=("logp",))

    def sample(values):
        source = torch.Generator().manual_seed(1)
        batches = model.sample_prior(8, DecodingConfig(max_symbols=9), source, values)
        return torch.cat([batch.nll for batch in batches])

    low, high, unknown = sample(torch.tensor([-9.0])), sample(torch.tensor([9.0])), sample(None)
    assert not torch.equal(low, high)
    assert torch.equal(sample(torch.tensor([NAN])), unknown)
