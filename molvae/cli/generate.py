"""`molvae generate`."""

import sys
from pathlib import Path
from typing import Annotated

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
from molvae.generation import GenerateConfig, Generation
from molvae.generation import generate as generate_molecules
from molvae.tables import Columns, TableFile

_LENIENT = (
    "the model gave back less than half of its held-out molecules, so all is taken that its codes "
    "decode to; train it longer, or insist with --exact and --strict"
)


def generate(
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    novel_to: Path | None = None,
    points: Path | None = None,
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
        novel_to: File of molecules that must not come again, such as the training data.
        points: File (npz) for the code that each molecule decodes from; `molvae decode` reads it.
    """
    typed = given(settings)
    if settings.properties and "properties" in typed:
        typed["properties"] = split_at_commas(settings.properties)
    plan = settings_from(GenerateConfig, config, typed)
    plan.screen.check()
    file = TableFile.at(out)
    if novel_to is not None:
        check_apart(novel_to, out)
    if points is not None:
        _check_points(points, out, novel_to)
    vae = model.open()
    known = frozenset[str]()
    if novel_to is not None:
        known |= known_smiles(novel_to, cleaning=vae.card.cleaning, progress=screen.progress)
    generation = generate_molecules(vae, plan, known, progress=screen.progress)
    file.write(_columns(generation))
    if points is not None:
        generation.write_points(points)
    shortfall = generation.shortfall()
    _tell(generation, out, screen, is_lenient=plan.exact is None and not generation.config.exact)
    if shortfall:
        print(f"molvae: {shortfall}", file=sys.stderr)
    return 1 if shortfall else 0


def _check_points(points: Path, out: Path, novel_to: Path | None) -> None:
    """See that the codes replace neither the table nor the known molecules."""
    if points.resolve() == out.resolve():
        raise ConfigError(f"--points and --out are the same file, {str(out)!r}; name two")
    if novel_to is not None:
        check_apart(novel_to, points, "--points")
    check_writable(points, ".npz")


def _columns(generation: Generation) -> Columns:
    molecules = generation.molecules
    values = {
        name: [molecule.values[name] for molecule in molecules]
        for name in generation.config.properties
    }
    return {"smiles": [molecule.smiles for molecule in molecules], **values}


def _tell(generation: Generation, out: Path, screen: Screen, *, is_lenient: bool) -> None:
    refused = {str(reason): count for reason, count in generation.refused.items()}
    reasons = "".join(f", {count} {reason}" for reason, count in refused.items())
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
