"""Which saved model a command works with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.errors import ConfigError, ModelError
from molvae.model.network import Device
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory


@dataclass(frozen=True)
class ModelChoice:
    """Which model, and where it works."""

    model: Annotated[
        Path | None, Parameter(help="Folder of a model, or of the run that trained it.")
    ] = None
    device: Annotated[Device, Parameter(help="Where the network works.")] = "auto"

    def open(self) -> MoleculeVAE:
        """The model.

        Raises:
            ConfigError: none was named; none ships with this version.
            ModelError: it is damaged, foreign or not there.
        """
        if self.model is None:
            raise ConfigError(
                "no model given, and none ships with this version; train one "
                "(molvae train DATA.csv --out RUN) and pass it: --model RUN"
            )
        return MoleculeVAE.from_pretrained(model_folder(self.model), self.device)


ChosenModel = Annotated[ModelChoice, Parameter(name="*")]


def model_folder(folder: Path) -> Path:
    """The folder itself, or the best model of the run that it is.

    Raises:
        ModelError: it is a run that has no model yet.
    """
    run = RunDirectory(folder)
    if not run.settings.is_file():
        return folder
    if not run.best_model.is_dir():
        raise ModelError(
            f"the run {str(folder)!r} has no model yet; go on with it: molvae train --resume"
        )
    return run.best_model
