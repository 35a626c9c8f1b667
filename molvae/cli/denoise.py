"""`molvae denoise`."""

from pathlib import Path
from typing import Annotated

from molvae.cli.flags import OutFile, check_apart, flags_of
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags
from molvae.denoising_config import DenoiseConfig


def denoise(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[DenoiseConfig, flags_of("Settings")] = DenoiseConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Restore SELFIES in which symbols were replaced by others.

    Of the molecules that differ in few symbols, the one that is likeliest under the language model
    of the learned prior is taken. Symbols are neither inserted nor removed. Columns: smiles,
    damaged, selfies (restored), changed (number of symbols).

    Args:
        source: Text file with a SELFIES on each line; `-` reads standard input.
        out: File for the molecules: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
    """
    from molvae.dataset.selfies_lines import read_selfies_lines
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    damaged = read_selfies_lines(source)
    vae = model.open(output)

    from molvae.denoising import denoise as denoise_selfies

    restored = denoise_selfies(vae, damaged, settings, progress=output.progress)
    file.write(
        {
            "smiles": [molecule.smiles or "" for molecule in restored],
            "damaged": ["".join(selfies) for selfies in damaged],
            "selfies": ["".join(molecule.selfies) for molecule in restored],
            "changed": [molecule.changed for molecule in restored],
        }
    )
    changed = sum(molecule.changed > 0 for molecule in restored)
    result = {"out": str(out), "molecules": len(restored), "changed": changed}
    text = f"{out}: {changed} of {len(restored)} molecules changed"
    output.show(result, text, to_stderr=file.is_standard_output)
