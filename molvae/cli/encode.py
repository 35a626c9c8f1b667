"""`molvae encode`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import STANDARD_STREAM, Check, InputColumns, OutFile, ReadColumns, check_apart
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags
from molvae.errors import ConfigError
from molvae.files import check_writable


def encode(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: ReadColumns = InputColumns(),
    check: Check = False,
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Write the latent vectors of the molecules in a file.

    The npz file holds arrays in the order of the file, duplicates included: smiles (canonical,
    after cleaning), row (line number in the file), mean and deviation of each posterior (float32).
    It also holds a digest of the model, so that `molvae decode` can refuse another one, and the
    other columns of the file (columns, cells), which `molvae decode` writes again.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: File for the latent vectors (.npz). Refused rows are listed in OUT.refused.csv.
    """
    check_apart(source, out)
    if out == STANDARD_STREAM:
        raise ConfigError("latent vectors are not printed; name a file that ends in .npz")
    check_writable(out, ".npz")
    vae, rows = model_and_rows(model, source, columns, cleaning, output)

    from molvae.cli.refused_rows import report_inexact, report_refused
    from molvae.encoding import encode_rows

    latents = encode_rows(vae, rows, check=check)
    latents.write(out)
    molecules, refused = len(latents.smiles), len(latents.refused)
    result = {"out": str(out), "molecules": molecules, "refused": refused}
    output.show(result, f"{out}: {molecules} molecules, {vae.latent_size} dimensions")
    report_refused(out, latents.refused)
    if latents.exact is not None:
        report_inexact(latents.exact, latents.rows.tolist(), latents.smiles)
