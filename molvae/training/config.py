"""TrainConfig and TrainingPlan: everything that decides how a training goes."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from molvae.dataset.corpus_config import CorpusConfig
from molvae.files import read_json, write_json
from molvae.model.network_config import Device, ModelConfig
from molvae.runs import RunDirectory
from molvae.settings import Settings

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class TrainConfig(Settings):
    """How the weights are fitted."""

    only: Literal["prior"] | None = None
    """Train the learned prior alone; latent vectors and what they decode to stay as they are."""
    epochs: PositiveInt = 20
    """Passes over the training molecules."""
    max_minutes: PositiveFloat | None = None
    """Ends training after this time, earlier sittings included; the learning rate falls by then."""
    batch_size: PositiveInt = 256
    """Molecules in an update, over all processes."""
    learning_rate: PositiveFloat = 3e-3
    """Largest step of AdamW, after its warm-up; a cosine takes it to a hundredth of this."""
    warmup_steps: NonNegativeInt = 200
    """Updates over which the learning rate rises from 0."""
    weight_decay: NonNegativeFloat = 1e-4
    clip_norm: PositiveFloat = 5.0
    """Longest gradient, in nats per molecule and unit of the weights."""
    beta: NonNegativeFloat = 0.01
    """Weight of the KL term; 1 is the true bound, which sequence models answer by collapse.

    The larger it is, the more molecules fill the space round N(0, I), and the fewer come back.
    """
    beta_schedule: Literal["linear", "cyclical"] = "linear"
    """Rise once, or rise anew in each cycle (Fu et al. 2019)."""
    beta_warmup: Share = 0.2
    """Share of the training (linear) or of each cycle (cyclical) over which beta rises from 0."""
    beta_cycles: PositiveInt = 4
    free_bits: NonNegativeFloat = 0.0
    """Nats of KL in each dimension that cost nothing."""
    word_dropout: Share = 0.0
    """Share of the symbols that the decoder must continue from without having seen them.

    It makes the decoder ask more of z, and learn more slowly.
    """
    property_weight: NonNegativeFloat = 1.0
    """Weight of the property head's squared error (in standard deviations) beside the ELBO."""
    acceptance_draws: NonNegativeInt = 20_000
    """Draws of the learned prior to which, after training, its acceptance is fitted: the share of
    them that it takes, kind by kind, so that they come closer to the data. 0 takes all. Only a
    model that gives back half or more of the molecules held out gets one."""
    held_out: PositiveInt = 2_000
    """Molecules kept out of training for validation; a tenth of the data at most."""
    validate_every: PositiveInt | None = None
    """Updates between validations; None means an epoch, 2,000 updates at most."""
    patience: NonNegativeInt = 10
    """Validations without improvement, after the warm-up of beta, that end training; 0: never."""
    checkpoint_minutes: PositiveFloat = 2.0
    """Longest time between checkpoints."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Device = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the matrix products; auto takes bfloat16 where it is the faster."""
    processes: PositiveInt | None = None
    """Processes that share each batch on a CPU; None means one per core, eight at most."""
    tensorboard: bool = False
    """Also write tensorboard event files (extra `track`)."""


class TrainingPlan(Settings):
    """A training from data to model; saved whole with the run, and what `--resume` goes by."""

    data: Path
    tokens: Path | None = None
    """Folder for token stores; None means beside the data."""
    start: Path | None = None
    """Folder of the model that is trained on; None starts from random weights."""
    corpus: CorpusConfig = CorpusConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    @model_validator(mode="after")
    def _start_of_a_prior(self) -> "TrainingPlan":
        if self.train.only is not None and self.start is None:
            raise ValueError(
                "`only=prior` trains the prior of an existing model; give one as `start`"
            )
        return self

    @classmethod
    def of_run(cls, run: RunDirectory) -> "TrainingPlan":
        """The plan that a run was started with."""
        return cls.parse(read_json(run.settings), str(run.settings))

    def save(self, run: RunDirectory) -> None:
        """Write the plan where `of_run` finds it."""
        write_json(run.settings, self.model_dump(mode="json"))
