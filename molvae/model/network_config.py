"""ModelConfig and its presets: widths and depths of the network. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.errors import ConfigError
from molvae.settings import Settings, suggestion

Layers = Annotated[int, Field(ge=1, le=64)]


class ModelConfig(Settings):
    """Widths and depths of the network."""

    embedding_size: PositiveInt = 128
    """Length of the vector that stands for a symbol."""
    encoder_size: PositiveInt = 256
    """Hidden units of the encoder, in each of its two directions."""
    encoder_layers: Layers = 1
    decoder_size: PositiveInt = 512
    """Hidden units of the decoder."""
    decoder_layers: Layers = 1
    latent_size: PositiveInt = 128
    """Dimensions of the latent space."""
    prior_size: NonNegativeInt = 512
    """Hidden units of the language model behind the learned prior; 0 means no learned prior."""
    prior_layers: Layers = 1

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
    "small": ModelConfig(
        embedding_size=64, encoder_size=128, decoder_size=256, latent_size=64, prior_size=256
    ),
    "base": ModelConfig(),
}


Device = Literal["auto", "cpu", "cuda", "mps"]
