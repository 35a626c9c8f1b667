"""TrainConfig and TrainingPlan: the settings of a training. Needs no torch."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    InstanceOf,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
    model_validator,
)

from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.molecule_table import MoleculeTable
from molvae.errors import ConfigError, RunError
from molvae.files import read_json, write_json
from molvae.model.network_config import Device, ModelConfig
from molvae.runs import RunDirectory
from molvae.settings import Settings

_FILE_SCHEMA = {"type": "string", "format": "path"}

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class TrainConfig(Settings):
    """How the weights are trained."""

    only: Literal["prior"] | None = None
    """Train only the learned prior of an existing model; its latent space stays as it is."""
    epochs: PositiveInt = 20
    """Passes over the training molecules."""
    max_minutes: PositiveFloat | None = None
    """Time limit of the whole training, earlier sessions included.

    Updates take nine tenths of it, to which the learning rate schedule is fitted; the rest is for
    the last validation and the acceptance.
    """
    batch_size: PositiveInt = 256
    """Molecules in an update, over all processes."""
    learning_rate: PositiveFloat = 3e-3
    """Peak learning rate of AdamW; a cosine lowers it to a hundredth by the end.

    The default is 0.001 for a training that starts from a model.
    """
    warmup: Share = 0.01
    """Share of the training over which the learning rate rises from 0: 200 of 20,000 updates."""
    beta: NonNegativeFloat = 0.2
    """Weight of the KL term (Higgins et al. 2017); 1 is the ELBO, which often collapses.

    A larger value gives a better fit of the prior N(0, I) and worse reconstruction. The default is
    that of the start model for a training that starts from one.
    """
    beta_warmup: Share = 0.5
    """Share of the training over which beta rises from 0 (Bowman et al. 2016).

    The default is 0 for a training that starts from a model.
    """
    free_bits: NonNegativeFloat = 0.0
    """KL in nats that each latent dimension may have at no cost (Kingma et al. 2016)."""
    word_dropout: Share = 0.0
    """Share of the decoder's input symbols that are hidden (Bowman et al. 2016).

    It makes the decoder use z more, and slows down training.
    """
    flatten: Share = 0.25
    """Share of the molecules with stereo marks that are trained on without them, anew each epoch.

    It lets the model reconstruct molecules that are written without stereo marks too.
    """
    respell: Share = 0.0
    """Share of the molecules of which the encoder reads another spelling, of a random atom order.

    The decoder still writes the canonical one (Bjerrum & Sattarov 2018), so the latent space
    depends less on spelling and more on the molecule. It costs exact reconstruction.
    """
    fingerprint_weight: NonNegativeFloat = 0.0
    """Weight of the squared errors of substructure counts that are predicted from z linearly.

    The predictor makes distances in the latent space follow similarity; it is not saved.
    """
    property_weight: NonNegativeFloat = 1.0
    """Weight of the squared error of predicted properties, in standard deviations."""
    condition_dropout: Share = 0.3
    """Share of the molecules that are trained on without conditions, anew each epoch.

    The others lack each single condition at the same rate. So the model can be asked for any of its
    conditions, or for none.
    """
    acceptance_draws: NonNegativeInt = 20_000
    """Samples to which rejection sampling from the learned prior is fitted after training.

    It brings samples closer to the data (Bauer & Mnih 2019). 0: none. Only models that reconstruct
    at least half of the held-out molecules get it.
    """
    held_out: PositiveInt = 2_000
    """Molecules held out for validation; a tenth of the data at most."""
    validate_every: PositiveInt | None = None
    """Updates between validations. Default: one epoch, 2,000 updates at most."""
    patience: NonNegativeInt = 10
    """Validations without improvement that end the training, once beta is at full weight; 0: no
    early stopping."""
    checkpoint_minutes: PositiveFloat = 2.0
    """Time between checkpoints."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Random seed."""
    device: Device = "auto"
    """Where the network is trained: auto, cpu, cuda, cuda:1 or mps."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of matrix products; auto takes bfloat16 where it is faster."""
    processes: PositiveInt | None = None
    """Processes that share each batch on a CPU. Default: one per core, eight at most."""
    tensorboard: bool = False
    """Also write TensorBoard event files."""

    @property
    def needs_views(self) -> bool:
        """Whether the training reads other spellings or fingerprints of the molecules."""
        return self.only is None and (self.respell > 0.0 or self.fingerprint_weight > 0.0)


class TrainingPlan(Settings):
    """A training from data to model; saved with the run, and read again when it is resumed."""

    data: Annotated[
        Path | tuple[Path, ...] | InstanceOf[MoleculeTable],
        BeforeValidator(MoleculeTable.wrap),
        WithJsonSchema({"anyOf": [_FILE_SCHEMA, {"type": "array", "items": _FILE_SCHEMA}]}),
    ]
    """File of molecules, a pattern such as `parts/*.csv`, or a list of these, read as one file. In
    Python also a DataFrame, Series or list of SMILES or RDKit molecules, which `train` saves in the
    folder of the run."""
    store: Path | None = None
    """Folder for the cleaned data; None means next to the data."""
    scheduler: str | None = None
    """Address of a Dask scheduler whose workers clean the data, such as tcp://head:8786; None
    cleans them on this machine."""
    start: Path | None = None
    """Model or training run to start from; None starts from random weights."""
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
        """The plan that a run was started with.

        Raises:
            RunError: the run was made by a version of molvae with other settings.
        """
        try:
            values = read_json(run.settings)
            if isinstance(values, dict) and isinstance(values.get("data"), list):
                # Files even if they are no longer there.
                values["data"] = [*map(Path, values["data"])]
            return cls.parse(values, str(run.settings))
        except ConfigError as error:
            raise RunError(
                f"{error}; another version of molvae made this run: start a new one, for example "
                "from its model (`start`)"
            ) from None

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The files of molecules.

        Raises:
            ConfigError: the molecules are not in a file yet; see `with_saved_data`.
        """
        if isinstance(self.data, MoleculeTable):
            raise ConfigError("the molecules are not in a file; save them with save_molecules()")
        return self.data if isinstance(self.data, tuple) else (self.data,)

    def with_saved_data(self, run: RunDirectory) -> "TrainingPlan":
        """The plan with molecules that Python holds saved in the run directory.

        Raises:
            DataError: they are no table of molecules.
            FileError: they could not be written.
        """
        if not isinstance(self.data, MoleculeTable):
            return self
        return self.model_copy(update={"data": self.data.save(run.molecules.resolve())})

    def save(self, run: RunDirectory) -> None:
        """Write the plan where `of_run` finds it."""
        write_json(run.settings, self.model_dump(mode="json"))
