"""Which saved model a command works with, on which device, and how it reads a file for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import InputColumns, flags_of, typed_settings
from molvae.cli.output import Output
from molvae.model.network_config import Device
from molvae.pretrained import DEFAULT

if TYPE_CHECKING:
    # Annotations name these by their full path, which the run-time type checks of tests resolve.
    import molvae.encoding
    import molvae.molecule_vae

ModelPath = Annotated[
    Path,
    Parameter(
        name="--model",
        alias="-m",
        help="Model: a folder, a training run, or the name of a shipped model.",
    ),
]
DeviceName = Annotated[
    Device, Parameter(help="Where the network runs: auto, cpu, cuda, cuda:1 or mps.")
]


@dataclass(frozen=True)
class ModelChoice:
    """A model, and where it runs."""

    model: ModelPath = Path(DEFAULT)
    device: DeviceName = "auto"

    def open(self, output: Output) -> "molvae.molecule_vae.MoleculeVAE":
        """Load the model.

        Raises:
            ModelError: it is damaged, of another kind, or not there.
        """
        with output.activity(f"loading model {self.model}"):
            from molvae.molecule_vae import MoleculeVAE

            return MoleculeVAE.from_pretrained(self.model, self.device)


ChosenModel = Annotated[ModelChoice, Parameter(name="*")]
Cleaning = Annotated[
    StandardizeConfig,
    flags_of("Cleaning (default: as for the training data of the model)", show_defaults=False),
]


def cleaning_for(
    model: "molvae.molecule_vae.MoleculeVAE", typed: StandardizeConfig
) -> StandardizeConfig:
    """How a file is cleaned for a model: as its training data were, except for what was typed."""
    return model.card.cleaning.with_changes(typed_settings(typed), "flags")


def model_and_rows(
    choice: ModelChoice,
    source: Path,
    columns: InputColumns,
    cleaning: StandardizeConfig,
    output: Output,
) -> tuple["molvae.molecule_vae.MoleculeVAE", "molvae.encoding.Rows"]:
    """The model, and the molecules of a file, cleaned for it.

    Raises:
        ModelError: the model is damaged, of another kind, or not there.
    """
    from molvae.dataset.rows import read_rows

    model = choice.open(output)
    rules, max_symbols = cleaning_for(model, cleaning), model.card.max_symbols
    rows = read_rows(
        source,
        columns.choice(),
        rules,
        max_symbols=max_symbols,
        progress=output.progress,
    )
    return model, rows
