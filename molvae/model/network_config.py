"""ModelConfig and its presets: widths and depths of the network. Needs no torch."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from molvae.errors import ConfigError
from molvae.settings import Settings, split_words, suggestion

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]+)?")


def check_device(name: str) -> str:
    """The name itself, if a device can have it.

    Raises:
        ValueError: no device has such a name.
    """
    if not _DEVICE.fullmatch(name):
        raise ValueError(f"expected a device (auto, cpu, cuda, cuda:1 or mps), got {name!r}")
    return name


Device = Annotated[str, AfterValidator(check_device)]
"""`auto` (cuda if there is one, else mps, else cpu) or the name of a device, as in `cuda:1`."""
Layers = Annotated[int, Field(ge=1, le=64)]
Width = Annotated[int, Field(ge=1, le=65_536)]


ContextInput = Literal["first", "every"]
"""Give a context to the hidden state before the first token only, or to every position too."""


class ModelConfig(Settings):
    """Widths and depths of the network."""

    tokens: Annotated[int, Field(ge=0, le=50_000)] = 400
    """Byte-pair merges of SELFIES symbols that are added to the vocabulary; 0 keeps to symbols.

    Merged tokens make sequences about three times shorter, and training that much faster.
    """
    embedding_size: Width = 128
    """Dimensions of the embedding of a symbol."""
    encoder_size: Width = 384
    """Hidden units of the encoder GRU, in each direction."""
    encoder_layers: Layers = 1
    decoder_size: Width = 640
    """Hidden units of the decoder GRU."""
    decoder_layers: Layers = 1
    latent_size: Width = 128
    """Dimensions of the latent space."""
    latent_input: ContextInput = "first"
    """Give z to the decoder as its first hidden state only, or at every position too."""
    decoder: Literal["separate", "shared"] = "shared"
    """Use separate networks for decoding and for the learned prior, or a shared one.

    A shared decoder is told how noisy its z is: without noise it decodes, with nothing but noise
    it is the language model of the learned prior, and in between it proposes similar molecules.
    """
    prior_size: Annotated[int, Field(ge=0, le=65_536)] = 512
    """Hidden units of the separate language model of the learned prior, where the decoder is not
    shared; 0 means no learned prior."""
    prior_layers: Layers = 1
    # A flag gives names that are separated by commas.
    condition_on: Annotated[
        tuple[str, ...],
        Field(max_length=100),
        BeforeValidator(
            lambda names: split_words(names) if isinstance(names, list | tuple) else names
        ),
    ] = ()
    """Properties that the decoders are given, so that `generate` can ask for values of them.

    Each is a property of molvae, such as logp, or a column of the file, which may have empty cells.
    """

    @classmethod
    def preset(cls, name: str) -> "ModelConfig":
        """The settings of a named size; `small` trains in minutes on a laptop.

        Raises:
            ConfigError: no preset has that name.
        """
        if name not in PRESETS:
            raise ConfigError(f"no preset {name!r}{suggestion(name, list(PRESETS))}")
        return PRESETS[name]


PRESETS = {
    "small": ModelConfig(embedding_size=64, encoder_size=128, decoder_size=256, latent_size=64),
    "base": ModelConfig(),
}
