"""`molvae decode`."""

from pathlib import Path
from typing import Annotated

from molvae.cli.flags import OnScreen, Screen, Seed, check_apart, flags_of, given
from molvae.cli.models import ChosenModel, ModelChoice
from molvae.encoding import Latents, decode_latents
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model_card import latents_digest
from molvae.tables import TableFile


def decode(
    source: Path,
    /,
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    decoding: Annotated[DecodingConfig, flags_of("Decoding", show_defaults=False)] = GREEDY,
    seed: Seed = 0,
    screen: OnScreen = Screen(),
) -> None:
    """Write the molecules at latent vectors.

    Each symbol is the likeliest (temperature 0) unless --temperature says otherwise. Points whose
    symbols spell no molecule are left out and counted. Columns: smiles, row (as in the file of
    latent vectors).

    Args:
        source: File that `molvae encode` wrote, or any .npz with an array mean.
        out: File for the molecules: CSV, or .smi, .sdf, .parquet.
        seed: Of the draws, when the temperature is not 0.
    """
    check_apart(source, out)
    file = TableFile.at(out)
    vae = model.open()
    latents = Latents.read(source, vae.latent_size, latents_digest(vae.vocabulary, vae.network))
    config = vae.greedy.with_changes(given(decoding))
    molecules = decode_latents(vae, latents.latents, config, seed, progress=screen.progress)
    found = [
        (molecule.smiles, int(row))
        for molecule, row in zip(molecules, latents.rows, strict=True)
        if molecule is not None
    ]
    file.write({"smiles": [smiles for smiles, _ in found], "row": [row for _, row in found]})
    outcome = {"out": str(out), "molecules": len(found), "points": len(latents.rows)}
    screen.tell(outcome, f"{out}: {len(found)} molecules of {len(latents.rows)} points")
