"""`molvae models`, and which saved model a command works with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import OnScreen, Screen, flags_of, given
from molvae.dataset.rows import read_rows
from molvae.encoding import Rows
from molvae.model.folder import read_model
from molvae.model.network_config import Device
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import DEFAULT, shipped_folder, shipped_models

ModelPath = Annotated[
    Path, Parameter(help="Folder of a model or of the run that trained it, or a shipped model.")
]


@dataclass(frozen=True)
class ModelChoice:
    """Which model, and where it works."""

    model: ModelPath = Path(DEFAULT)
    device: Annotated[Device, Parameter(help="Where the network works.")] = "auto"

    def open(self) -> MoleculeVAE:
        """The model.

        Raises:
            ModelError: it is damaged, foreign or not there.
        """
        return MoleculeVAE.from_pretrained(self.model, self.device)


_LEGEND = """\
kept: share of the learned prior's draws whose codes decode to them; strict before refusal: of
those, that SELFIES takes as written; own before refusal: of those, in the spelling that molvae
gives the molecule. What follows is of the molecules that passed all three, by the metrics of
MOSES, see `molvae evaluate`; Test and TestSF are its test sets."""

ChosenModel = Annotated[ModelChoice, Parameter(name="*")]
Cleaning = Annotated[
    StandardizeConfig,
    flags_of("Cleaning (unless given, as the model's training data were)", show_defaults=False),
]


def cleaning_for(vae: MoleculeVAE, typed: StandardizeConfig) -> StandardizeConfig:
    """How a file is cleaned for a model: as its training data were, but for what was typed."""
    return vae.card.cleaning.with_changes(given(typed), "flags")


def model_and_rows(
    choice: ModelChoice,
    source: Path,
    smiles_column: str | None,
    cleaning: StandardizeConfig,
    screen: Screen,
) -> tuple[MoleculeVAE, Rows]:
    """The model, and the rows of a file of molecules, cleaned for it.

    Raises:
        ModelError: the model is damaged, foreign or not there.
    """
    vae = choice.open()
    rules = cleaning_for(vae, cleaning)
    longest = vae.card.max_symbols
    return vae, read_rows(
        source, smiles_column, rules, max_symbols=longest, progress=screen.progress
    )


def models(*, screen: OnScreen = Screen()) -> None:
    """List the models that ship with molvae, with the figures measured on them."""
    cards = {name: _card(name) for name in shipped_models()}
    paragraphs = [_paragraph(name, card) for name, card in cards.items()]
    screen.tell(cards, "\n\n".join([*paragraphs, _LEGEND]))


# Any: JSON values.
def _card(name: str) -> dict[str, Any]:
    card: dict[str, Any] = read_model(shipped_folder(name)).description["card"]
    return card


def _paragraph(name: str, card: dict[str, Any]) -> str:
    default = " (default)" if name == DEFAULT else ""
    lines = [f"{name}{default}: {card.get('about', 'no description')}"]
    lines += [f"  {figure:40} {value}" for figure, value in card.get("figures", {}).items()]
    return "\n".join(lines)
