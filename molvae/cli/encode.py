"""`molvae encode`."""

from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import CheckedInput, OutFile, Refine, check_apart, check_latents_file
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags

_CODES = {
    "language_model": "language model",
    "vae": "VAE, bits-back",
    "token_entropy": "token frequencies",
}
"""Names of codes on the screen; the others are names of programs."""


@dataclass(frozen=True)
class EncodedInput(CheckedInput):
    """Columns that are read, and what is measured of each molecule besides its posterior."""

    bits: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Also measure the code length of each molecule in bits, and show the means.",
        ),
    ] = False
    refine: Refine = False


def encode(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: Annotated[EncodedInput, Parameter(name="*")] = EncodedInput(),
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Write the latent vectors of the molecules in a file.

    The npz file holds arrays in the order of the file, duplicates included: smiles (canonical,
    after cleaning), row (line number in the file), mean and deviation of each posterior (float32).
    With --refine the mean is the refined latent vector. The file also holds a digest of the model,
    so that `molvae decode` can refuse another one, and the other columns of the file (columns,
    cells), which `molvae decode` writes again.

    With --bits the file also holds bits_language_model, the NLL of each SELFIES under the language
    model in bits, and bits_vae, reconstruction + KL, the net code length of bits-back coding. The
    means are shown beside those of codes that know no chemistry: gzip and xz (and zstd, where the
    package zstandard is installed) on the file of all SMILES, and an ideal coder that knows how
    frequent each token is in this file. The size of the model is not counted.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: File for the latent vectors (.npz). Refused rows are listed in OUT.refused.csv.
    """
    check_apart(source, out)
    check_latents_file(out)
    vae, rows = model_and_rows(model, source, columns, cleaning, output)

    from molvae.cli.refused_rows import report_inexact, report_refused
    from molvae.encoding import encode_rows

    latents = encode_rows(vae, rows, check=columns.check, refine=columns.refine)
    molecules, refused = len(latents.smiles), len(latents.refused)
    # Any: numbers, texts and a table of numbers.
    result: dict[str, Any] = {"out": str(out), "molecules": molecules, "refused": refused}
    text = f"{out}: {molecules} molecules, {vae.latent_size} dimensions"
    if columns.bits:
        from molvae.compression import code_lengths

        lengths = code_lengths(vae, latents.smiles)
        means = {name: mean for name, mean in lengths.means().items() if not isnan(mean)}
        bits = {"language_model": lengths.language_model, "vae": lengths.vae}
        bits = {name: values for name, values in bits.items() if name in means}
        latents, result["bits_per_molecule"] = replace(latents, bits=bits), means
        shown = [(_CODES.get(name, name), f"{mean:.1f}") for name, mean in means.items()]
        width = max(len(name) for name, _ in shown)
        lines = [f"  {name:{width}}  {mean:>7}" for name, mean in shown]
        text = "\n".join(["bits per molecule:", *lines, text])
    latents.write(out)
    output.show(result, text)
    report_refused(out, latents.refused)
    if latents.exact is not None:
        report_inexact(latents.exact, latents.rows.tolist(), latents.smiles)
