"""`molvae decode`."""

from pathlib import Path
from typing import Annotated

from molvae.cli.flags import OutFile, Seed, check_apart, flags_of, typed_settings
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags
from molvae.model.decoding_config import GREEDY, DecodingConfig


def decode(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    decoding: Annotated[DecodingConfig, flags_of("Decoding", show_defaults=False)] = GREEDY,
    seed: Seed = 0,
    output: OutputFlags = Output(),
) -> None:
    """Decode latent vectors to molecules.

    Decoding is greedy (temperature 0) unless --temperature is given. Latent vectors that decode to
    no molecule are left out and counted. Columns: smiles, row and further columns
    (as in the file of latent vectors).

    Args:
        source: File from `molvae encode`, or any .npz file with an array `mean`.
        out: File for the molecules: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
        seed: Random seed of the sampling, when the temperature is not 0.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae = model.open(output)

    from molvae.encoding import decode_latents, tabulate_decoded
    from molvae.latents_file import Latents
    from molvae.model_card import latents_digest

    latents = Latents.read(source, vae.latent_size, latents_digest(vae.vocabulary, vae.network))
    config = vae.greedy.with_changes(typed_settings(decoding))
    molecules = decode_latents(vae, latents.latents, config, seed, progress=output.progress)
    table = tabulate_decoded(molecules, latents)
    file.write(table)
    decoded = len(table["smiles"])
    result = {"out": str(out), "molecules": decoded, "points": len(latents.rows)}
    text = f"{out}: {decoded} molecules of {len(latents.rows)} latent vectors"
    output.show(result, text, to_stderr=file.is_standard_output)
