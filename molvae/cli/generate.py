"""`molvae generate`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.chem.refusal import count_phrase
from molvae.cli.flags import (
    ConfigFile,
    OnScreen,
    Screen,
    check_apart,
    flags_of,
    given,
    settings_from,
    split_at_commas,
)
from molvae.cli.models import ChosenModel, ModelChoice
from molvae.dataset.known import known_smiles
from molvae.errors import ConfigError
from molvae.files import check_writable
from molvae.generation import Generation, filter_of
from molvae.generation import generate as generate_molecules
from molvae.generation_config import GenerateConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.tables import Columns, TableFile

_LENIENT = (
    "the model gave back less than half of its held-out molecules, so all is taken that its codes "
    "decode to; train it longer, or insist with --exact and --strict"
)


@dataclass(frozen=True)
class Known:
    """Molecules that must not come again."""

    novel_to: Annotated[
        Path | None,
        Parameter(help="File of molecules that must not come again, such as the training data."),
    ] = None
    smiles_column: Annotated[
        str | None,
        Parameter(help="Column with the SMILES in that file; found by itself unless given."),
    ] = None

    def check(self, out: Path, latents: Path | None) -> None:
        """See that no output replaces the file, and that a column is one of a file.

        Raises:
            ConfigError: one does, or there is no file.
        """
        if self.novel_to is None and self.smiles_column is not None:
            raise ConfigError("--smiles-column is that of the file of --novel-to; give both")
        if self.novel_to is not None:
            check_apart(self.novel_to, out)
        if self.novel_to is not None and latents is not None:
            check_apart(self.novel_to, latents, "--latents")

    def smiles(self, vae: MoleculeVAE, screen: Screen) -> set[str]:
        """Canonical SMILES of the file's molecules; none without a file."""
        if self.novel_to is None:
            return set()
        cleaning, bar = vae.card.cleaning, screen.progress
        return known_smiles(self.novel_to, self.smiles_column, cleaning=cleaning, progress=bar)


def generate(
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    known: Annotated[Known, Parameter(name="*")] = Known(),
    latents: Path | None = None,
    settings: Annotated[GenerateConfig, flags_of("Settings")] = GenerateConfig(),
    config: ConfigFile = None,
    screen: OnScreen = Screen(),
) -> int:
    """Generate distinct molecules with their properties.

    Every molecule has been accepted by RDKit and has passed the filters. The same model,
    settings, seed, device and versions give the same molecules. Exit status 1 if fewer came than
    were asked for; the file then holds those that came.

    Args:
        out: File for the molecules: CSV, or .smi, .sdf, .parquet.
        points: File (npz) for the code that each molecule decodes from; `molvae decode` reads it.
    """
    typed = given(settings)
    if settings.properties and "properties" in typed:
        typed["properties"] = split_at_commas(settings.properties)
    plan = settings_from(GenerateConfig, config, typed)
    filter_of(plan).check()
    file = TableFile.at(out)
    known.check(out, latents)
    if latents is not None:
        _check_points(latents, out)
    vae = model.open()
    old = known.smiles(vae, screen)
    generation = generate_molecules(vae, plan, old, progress=screen.progress)
    file.write(_columns(generation))
    if latents is not None:
        generation.write_points(latents)
    shortfall = generation.shortfall()
    _tell(generation, out, screen, is_lenient=plan.exact is None and generation.is_lenient)
    if shortfall:
        print(f"molvae: {shortfall}", file=sys.stderr)
    return 1 if shortfall else 0


def _check_points(latents: Path, out: Path) -> None:
    """See that the codes can be written, and do not replace the table."""
    if latents.resolve() == out.resolve():
        raise ConfigError(f"--latents and --out are the same file, {str(out)!r}; name two")
    check_writable(latents, ".npz")


def _columns(generation: Generation) -> Columns:
    molecules = generation.molecules
    values = {
        name: [molecule.values[name] for molecule in molecules]
        for name in generation.config.properties
    }
    return {"smiles": [molecule.smiles for molecule in molecules], **values}


def _tell(generation: Generation, out: Path, screen: Screen, *, is_lenient: bool) -> None:
    refused = {str(reason): count for reason, count in generation.refused.items()}
    reasons = "".join(f", {count_phrase(count, reason)}" for reason, count in refused.items())
    came = len(generation.molecules)
    outcome = {
        "out": str(out),
        "molecules": came,
        "asked_for": generation.config.n,
        "complete": generation.is_complete,
        "drawn": generation.drawn,
        "refused": refused,
        "exact": generation.config.exact,
        "strict": generation.config.strict,
        "repaired": generation.repaired,
        "seconds": {stage: round(time, 2) for stage, time in generation.seconds.items()},
    }
    sentence = f"{out}: {came} molecules of {generation.drawn} draws{reasons}"
    sentence = f"{sentence}; {generation.seconds['all']:.1f} s"
    screen.tell(outcome, f"{sentence}\n{_LENIENT}" if is_lenient else sentence)
