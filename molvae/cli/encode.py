"""`molvae encode`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart
from molvae.cli.models import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.dataset.rows import RefusedRow
from molvae.encoding import encode_rows, write_refused
from molvae.files import check_writable


def encode(
    source: Path,
    /,
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    smiles_column: SmilesColumn = None,
    cleaning: Cleaning = StandardizeConfig(),
    screen: OnScreen = Screen(),
) -> None:
    """Write the latent vectors of a file's molecules.

    The npz file has the arrays smiles (canonical, after cleaning), row (line of the file), mean
    and deviation of each posterior (float32), in the order of the file and with duplicates; and a
    mark of the model, by which `decode` tells whether it is the same one.

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        out: File for the latent vectors, .npz; refused rows are listed beside it.
    """
    check_apart(source, out)
    check_writable(out, ".npz")
    vae, rows = model_and_rows(model, source, smiles_column, cleaning, screen)
    latents = encode_rows(vae, rows)
    latents.write(out)
    molecules, refused = len(latents.smiles), len(latents.refused)
    outcome = {"out": str(out), "molecules": molecules, "refused": refused}
    screen.tell(outcome, f"{out}: {molecules} molecules, {vae.latent_size} dimensions")
    report_refused(out, latents.refused)


def report_refused(out: Path, refused: Sequence[RefusedRow]) -> None:
    """List the refused rows beside the output, and say so."""
    place = out.with_name(f"{out.name}.refused.csv")
    # That of an earlier output would be taken for this one's.
    place.unlink(missing_ok=True)
    if refused:
        write_refused(place, refused)
        print(f"{len(refused)} rows refused; each with its reason in {place}", file=sys.stderr)
