from itertools import pairwise

import pytest
import torch

from molvae.model.decoding import decode, next_ids, ranked_ids, sample
from molvae.model.decoding_config import DecodingConfig
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.model.token_decoder import TokenDecoder
from molvae.special_ids import END, PAD, START

CONFIG = ModelConfig(
    embedding_size=8, encoder_size=10, decoder_size=14, latent_size=6, decoder="separate"
)
N_IDS = 9


@pytest.fixture(scope="module")
def network():
    torch.random.manual_seed(3)
    return SequenceVAE(CONFIG, N_IDS)


def latents(n=40):
    return 3 * torch.randn(n, 6, generator=torch.Generator().manual_seed(1))


def test_greedy_decoding_takes_the_likeliest_symbol_at_each_position(network):
    written = decode(network.decoder, latents(), DecodingConfig(temperature=0.0, max_symbols=12))
    assert len({tuple(row) for row in written.tolist()}) > 3
    for row, z in zip(written.tolist(), latents(), strict=True):
        length = row.index(END) + 1 if END in row else len(row)
        seen = torch.tensor([[START, *row[: length - 1]]]).t()
        logits = network.decoder._teacher_forced(seen, z[None])
        logits[:, :END] = -torch.inf
        assert logits.argmax(1).tolist() == row[:length]
        assert all(index == PAD for index in row[length:])


@pytest.mark.parametrize("temperature", [0.0, 1.0, 1.5])
def test_what_is_written_comes_with_how_likely_the_decoder_takes_it_to_be(network, temperature):
    config = DecodingConfig(temperature=temperature, max_symbols=12)
    source, other = (torch.Generator().manual_seed(0) for _ in range(2))
    written = sample(network.decoder, latents(), config, source)
    assert torch.equal(written.ids, decode(network.decoder, latents(), config, other))
    lengths = (written.ids != PAD).sum(1)
    assert len(set(lengths.tolist())) > 1
    with torch.no_grad():
        expected = network.decoder.nll(written.ids, lengths, latents())
    torch.testing.assert_close(written.nll, expected, atol=1e-4, rtol=1e-4)
    first, *others = written.split(15)
    assert torch.equal(first.ids, written.ids[:15])
    assert torch.equal(torch.cat([one.nll for one in (first, *others)]), written.nll)


def test_a_row_does_not_depend_on_its_neighbors(network):
    together = decode(
        network.decoder, latents(), DecodingConfig(temperature=0.0, max_symbols=12)
    ).tolist()
    for place, z in enumerate(latents()):
        alone = decode(network.decoder, z[None], DecodingConfig(temperature=0.0, max_symbols=12))
        row = alone[0].tolist()
        assert together[place][: len(row)] == row


def test_a_row_has_the_temperature_that_is_its_own(network):
    config, cold = DecodingConfig(max_symbols=12), DecodingConfig(temperature=0.0, max_symbols=12)
    temperatures = torch.tensor([0.0, 1.0]).repeat(20)

    def drawn(seed):
        source = torch.Generator().manual_seed(seed)
        return decode(network.decoder, latents(), config, source, temperatures).tolist()

    greedy, first, second = decode(network.decoder, latents(), cold).tolist(), drawn(1), drawn(2)
    for place in range(40):
        # Rows are as wide as the longest needs.
        width = min(len(rows[place]) for rows in (greedy, first, second))
        one, other = first[place][:width], second[place][:width]
        assert place % 2 or one == other == greedy[place][:width]
    assert sum(first[place] != second[place] for place in range(1, 40, 2)) > 10


def test_temperatures_of_rows_are_those_of_the_softmax():
    rows = torch.tensor([LOGITS]).expand(8000, -1).clone()
    temperatures = torch.tensor([2.0, 0.5]).repeat(4000)
    ids = next_ids(rows, DecodingConfig(), torch.Generator().manual_seed(0), temperatures)
    for place, temperature in enumerate((2.0, 0.5)):
        shares = torch.bincount(ids[place::2], minlength=len(LOGITS)) / 4000
        expected = torch.softmax(torch.tensor(LOGITS[2:]) / temperature, 0)
        torch.testing.assert_close(shares[2:], expected, atol=0.03, rtol=0)


def test_same_seed_same_symbols(network):
    def draw(seed):
        source = torch.Generator().manual_seed(seed)
        return decode(network.decoder, latents(), DecodingConfig(max_symbols=12), source).tolist()

    assert draw(5) == draw(5) != draw(6)


def chosen(logits, **settings):
    source = torch.Generator().manual_seed(0)
    rows = torch.tensor([logits]).expand(4000, -1)
    ids = next_ids(rows.clone(), DecodingConfig(**settings), source)
    return torch.bincount(ids, minlength=len(logits)) / 4000


LOGITS = [9.0, 9.0, 0.0, 2.0, 1.0, -1.0]


def test_padding_and_start_are_never_written():
    assert chosen(LOGITS)[:END].tolist() == [0.0, 0.0]


def test_draws_follow_the_softmax_at_the_temperature():
    expected = torch.softmax(torch.tensor(LOGITS[2:]) / 2.0, 0)
    torch.testing.assert_close(chosen(LOGITS, temperature=2.0)[2:], expected, atol=0.03, rtol=0)


@pytest.mark.parametrize(("share", "symbol"), [(0.0, 4), (1.0 - 2.0**-24, 2)])
def test_the_ends_of_the_distribution_belong_to_symbols_that_have_a_share(
    monkeypatch, share, symbol
):
    # What `torch.rand` gives at its least and at its most.
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.full(size, share))
    assert chosen(LOGITS, top_k=3)[symbol] == 1.0


def test_top_k_draws_from_the_k_likeliest():
    expected = torch.softmax(torch.tensor([2.0, 1.0]), 0)
    shares = chosen(LOGITS, top_k=2)
    torch.testing.assert_close(shares[3:5], expected, atol=0.03, rtol=0)
    assert shares[[2, 5]].sum() == 0


def test_top_p_draws_from_the_fewest_symbols_that_hold_the_share():
    # Softmax of 2, 1, 0, -1 is 0.64, 0.24, 0.09, 0.03: three are needed for 0.9.
    shares = chosen(LOGITS, top_p=0.9)
    assert shares[5] == 0
    assert (shares[2:5] > 0).all()
    assert chosen(LOGITS, top_p=0.5)[3] == 1.0


def test_a_spelling_ends_at_the_limit(network):
    written = decode(network.decoder, latents(), DecodingConfig(max_symbols=3))
    assert written.shape[1] <= 3


def test_a_language_model_makes_no_product_over_no_numbers(monkeypatch):
    # PyTorch on Apple GPUs ends the process there.
    usual = torch.nn.functional.linear

    def linear(inputs, weight, bias=None):
        assert 0 not in weight.shape
        return usual(inputs, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", linear)
    language_model = TokenDecoder(n_ids=9, embedding_size=4, hidden_size=8, layers=1)
    assert len(decode(language_model, language_model.empty_context(5))) == 5


class AlternatingRows:
    """Rows in which no token follows itself, and which end after an even number of tokens."""

    def __init__(self, n):
        self.rows = [[] for _ in range(n)]
        self.released = []

    def accept(self, row, token):
        written = self.rows[row]
        if row in self.released:
            return True
        if token == END and len(written) % 2 == 0:
            self.release(row)
            return True
        if token == END or (written and written[-1] == token):
            return False
        written.append(token)
        return True

    def accept_first(self, row, tokens):
        return next((token for token in tokens if self.accept(row, token)), None)

    def release(self, row):
        self.released.append(row)


class Alternating:
    def begin(self, n):
        return AlternatingRows(n)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("per_row", [False, True])
def test_a_grammar_is_obeyed_by_every_choice(network, temperature, per_row):
    config = DecodingConfig(temperature=temperature, max_symbols=12, grammar=True)
    temperatures = torch.full((40,), temperature) if per_row else None
    source = torch.Generator().manual_seed(0)
    written = decode(
        network.decoder, latents(), config, source, temperatures, Alternating()
    ).tolist()
    ended = 0
    for row in written:
        tokens = row[: row.index(END)] if END in row else [id_ for id_ in row if id_ != PAD]
        ended += END in row
        assert all(left != right for left, right in pairwise(tokens))
        assert END not in row or len(tokens) % 2 == 0
    assert ended


def test_choices_that_obey_the_grammar_stay_the_same(network):
    class Anything(Alternating):
        def begin(self, n):
            rows = AlternatingRows(n)
            rows.released = range(n)
            return rows

    config = DecodingConfig(max_symbols=12)
    free, bound = (
        decode(network.decoder, latents(), config, torch.Generator().manual_seed(0), None, grammar)
        for grammar in (None, Anything())
    )
    assert torch.equal(free, bound)


def test_a_row_that_no_token_may_follow_is_written_freely(network):
    class Nothing(AlternatingRows):
        def accept(self, row, token):
            return row in self.released

    class Impossible:
        def begin(self, n):
            return Nothing(n)

    config = DecodingConfig(temperature=0.0, max_symbols=12)
    free = decode(network.decoder, latents(), config)
    assert torch.equal(free, decode(network.decoder, latents(), config, grammar=Impossible()))


def test_ranks_are_samples_without_replacement_that_end_with_what_is_left_out():
    rows = torch.tensor([LOGITS]).expand(4000, -1).clone()
    source = torch.Generator().manual_seed(0)
    ids = ranked_ids(rows, DecodingConfig(top_k=2), source)
    assert set(ids[:, 0].tolist()) == set(ids[:, 1].tolist()) == {3, 4}
    assert set(ids[:, 2:4].flatten().tolist()) == {2, 5}
    assert (ids[:, 4:] == PAD).all()
    shares = torch.bincount(ids[:, 0], minlength=6)[3:5] / 4000
    expected = torch.softmax(torch.tensor(LOGITS[3:5]), 0)
    torch.testing.assert_close(shares, expected, atol=0.03, rtol=0)
    assert ranked_ids(rows[:1], DecodingConfig(temperature=0.0), None)[0, :4].tolist() == [
        3,
        4,
        2,
        5,
    ]
