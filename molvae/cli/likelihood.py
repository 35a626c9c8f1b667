"""`molvae likelihood`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import CheckedInput, OutFile, ReadAndCheck, check_apart, flags_of
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags
from molvae.likelihood_config import LikelihoodConfig

if TYPE_CHECKING:
    import molvae.encoding


def likelihood(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: ReadAndCheck = CheckedInput(),
    settings: Annotated[LikelihoodConfig, flags_of("Settings")] = LikelihoodConfig(),
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Compute how likely the molecules in a file are under a model, and find unusual ones.

    Columns, in nats where nothing else is said:

    - smiles: canonical, after cleaning
    - log_likelihood: of the canonical SELFIES under the language model of the learned prior
    - percentile: percentage of held-out molecules that are less likely; left out for a model that
      keeps no likelihoods of held-out molecules
    - symbols: SELFIES symbols, end symbol included
    - elbo: lower bound on the log-likelihood under the VAE, importance-weighted over --samples
      latent vectors; reconstruction: their mean NLL; kl: of the posterior to N(0, I)
    - log_density: of the posterior mean under the learned prior, a lower bound
    - least_likely_tokens: the three tokens with the highest NLL, each with its NLL
    - flagged: with --flag-below, 1 for molecules below that percentile, else 0
    - exact: with --check, 1 if the model gives the molecule back, else 0
    - row: line number in the file; then the other columns of the file

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: File for the likelihoods: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, columns, cleaning, output)

    from molvae.cli.refused_rows import report_inexact, report_refused
    from molvae.likelihood import tabulate_likelihoods

    table = tabulate_likelihoods(vae, rows, settings, check=columns.check)
    file.write(table.columns)
    result, text = _summary(out, table, settings.flag_below)
    output.show(result, text, to_stderr=file.is_standard_output)
    report_refused(out, table.refused)
    if columns.check:
        report_inexact(*(table.columns[name] for name in ("exact", "row", "smiles")))


def _summary(
    out: Path, table: "molvae.encoding.RowTable", flag_below: float | None
) -> tuple[dict[str, object], str]:
    """The result of the command, and the same in words."""
    likelihoods = table.columns["log_likelihood"]
    mean = sum(likelihoods) / len(likelihoods)
    result = {
        "out": str(out),
        "molecules": len(likelihoods),
        "mean_log_likelihood": mean,
        "refused": len(table.refused),
    }
    text = f"{out}: {len(likelihoods)} molecules, mean {mean:.2f} nats"
    if flag_below is not None:
        result["flagged"] = flagged = sum(table.columns["flagged"])
        text += f", {flagged} below percentile {flag_below:g}"
    return result, text
