"""`molvae generate`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from molvae.chem.refusal import count_phrase
from molvae.cli.exit_status import FEWER
from molvae.cli.flags import (
    ConfigFile,
    OutFile,
    check_apart,
    check_latents_file,
    flags_of,
    settings_from,
    split_at_commas,
    typed_settings,
)
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags, log
from molvae.errors import ConfigError
from molvae.files import STANDARD_STREAM, write_or_rescue
from molvae.generation_config import GenerateConfig
from molvae.settings import read_toml

if TYPE_CHECKING:
    import molvae.generation
    import molvae.molecule_vae
    import molvae.tables


@dataclass(frozen=True)
class Known:
    """A file of molecules that must not be generated again."""

    novel_to: Annotated[
        Path | None,
        Parameter(help="File of molecules to leave out, such as the training data."),
    ] = None
    smiles_column: Annotated[
        str | None,
        Parameter(help="Column with the SMILES in that file. Default: found by name or content."),
    ] = None
    selfies_column: Annotated[
        str | None, Parameter(help="Column with SELFIES in that file, read instead of SMILES.")
    ] = None

    def check(self, out: Path, latents: Path | None) -> None:
        """Check that no output replaces the file, and that a column is not given without it.

        Raises:
            ConfigError: an output would, or there is no file.
        """
        if self.novel_to is None and (self.smiles_column or self.selfies_column):
            raise ConfigError(
                "--smiles-column and --selfies-column belong to the file of --novel-to; give it too"
            )
        if self.novel_to is not None:
            check_apart(self.novel_to, out)
        if self.novel_to is not None and latents is not None:
            check_apart(self.novel_to, latents, "--latents")

    def smiles(self, model: "molvae.molecule_vae.MoleculeVAE", output: Output) -> set[str]:
        """Canonical SMILES of the molecules in the file; none without a file."""
        from molvae.dataset.known import known_smiles

        if self.novel_to is None:
            return set()
        return known_smiles(
            self.novel_to,
            self.smiles_column,
            selfies_column=self.selfies_column,
            cleaning=model.card.cleaning,
            progress=output.progress,
        )


@dataclass(frozen=True)
class GenerateFlags:
    """The settings of a generation, as flags."""

    config: Annotated[GenerateConfig, flags_of("Settings", hidden=("target", "tolerance"))] = (
        GenerateConfig()
    )
    target: Annotated[
        tuple[str, ...],
        Parameter(
            group="Settings",
            negative_iterable=(),
            show_default=False,
            help="Target value of a property, such as logp=3; repeat the flag for several. Samples "
            "near the targets are moved towards them; a model trained with --condition-on writes "
            "molecules for its conditions instead.",
        ),
    ] = ()
    tolerance: Annotated[
        tuple[str, ...],
        Parameter(
            group="Settings",
            negative_iterable=(),
            show_default=False,
            help="Largest deviation from the targets, such as 0.25, or from one of them, such as "
            "logp=0.25. Default: a quarter of the property's standard deviation over samples.",
        ),
    ] = ()

    # Any: settings of any type.
    def settings(self, file: Path | None) -> dict[str, Any]:
        """The settings that were typed.

        Args:
            file: TOML file of settings, which may name further targets.

        Raises:
            ConfigError: a target is not a name, = and a number, or a tolerance has no target.
        """
        typed = typed_settings(self.config)
        if self.config.properties and "properties" in typed:
            typed["properties"] = split_at_commas(self.config.properties)
        target = _read_numbers("target", self.target)
        if target:
            typed["target"] = target
        if self.tolerance:
            below = read_toml(file).get("target") if file else None
            targets = {**(below if isinstance(below, dict) else {}), **target}
            typed["tolerance"] = _read_numbers("tolerance", self.tolerance, tuple(targets))
        return typed


def _read_numbers(
    flag: str, texts: tuple[str, ...], all_names: tuple[str, ...] = ()
) -> dict[str, float]:
    """Numbers by property name; a number alone is that of each of `all_names`."""
    numbers: dict[str, float] = {}
    for text in split_at_commas(texts):
        name, _, number = text.rpartition("=")
        names = (name.strip(),) if name else all_names
        try:
            numbers |= dict.fromkeys(names, float(number))
        except ValueError:
            names = ()
        if not names:
            raise ConfigError(f"--{flag} {text!r}: expected a property and a number, as in logp=3")
    return numbers


def generate(
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    known: Annotated[Known, Parameter(name="*")] = Known(),
    latents: Path | None = None,
    flags: Annotated[GenerateFlags, Parameter(name="*")] = GenerateFlags(),
    config: ConfigFile = None,
    output: OutputFlags = Output(),
) -> int:
    """Generate distinct molecules with their properties.

    Every molecule is valid and passes the filters. The same model, settings, seed, device and
    versions give the same molecules. Exit status 3 if fewer molecules came than were asked for;
    they are written to the file.

    Args:
        out: File for the molecules: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
        latents: File (.npz) for the latent vector of each molecule, readable by `molvae decode`.
    """
    plan = settings_from(GenerateConfig, config, flags.settings(config))

    from molvae.generation import filter_of
    from molvae.generation import generate as generate_molecules
    from molvae.tables import TableFile

    filter_of(plan).check()
    file = TableFile.at(out)
    known.check(out, latents)
    if latents is not None:
        if latents != STANDARD_STREAM and latents.resolve() == out.resolve():
            raise ConfigError(f"--latents and --out are the same file {str(out)!r}; give two files")
        check_latents_file(latents)
    vae = model.open(output)
    old = known.smiles(vae, output)
    generation = generate_molecules(vae, plan, old, progress=output.progress)
    columns = generation.columns()
    write_or_rescue(file.path, lambda path: replace(file, path=path).write(columns))
    if latents is not None:
        generation.write_points(latents)
    _show(generation, out, output)
    shortfall = generation.shortfall()
    if shortfall:
        log.warning(shortfall)
    return FEWER if shortfall else 0


def _show(generation: "molvae.generation.Generation", out: Path, output: Output) -> None:
    refused = {str(reason): count for reason, count in generation.refused.items()}
    reasons = "".join(f", {count_phrase(count, reason)}" for reason, count in refused.items())
    molecules = len(generation.molecules)
    result = {
        "out": str(out),
        "molecules": molecules,
        "asked_for": generation.config.n,
        "complete": generation.is_complete,
        "drawn": generation.drawn,
        "refused": refused,
        "round_trips": generation.config.round_trips,
        "strict": generation.config.strict,
        "repaired": generation.n_repaired,
        "seconds": round(generation.seconds, 2),
    }
    if generation.config.target:
        result["target"] = generation.config.target
        result["tolerance"] = generation.config.tolerance
        result["moved"] = generation.moved
    text = f"{out}: {molecules} molecules from {generation.drawn} samples{reasons}"
    text = f"{text}; {generation.seconds:.1f} s"
    output.show(result, text, to_stderr=out == STANDARD_STREAM)
