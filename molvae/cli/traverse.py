"""`molvae traverse`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from molvae.cli.flags import OptionalOutFile, Seed, split_at_commas
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags
from molvae.errors import ConfigError

if TYPE_CHECKING:
    import molvae.chem.molecule
    import molvae.molecule_vae
    import molvae.traversal


@dataclass(frozen=True)
class DirectionChoice:
    """A direction of the latent space."""

    dimension: Annotated[int | None, Parameter(help="Dimension of the latent space, from 1.")] = (
        None
    )
    component: Annotated[
        int | None,
        Parameter(
            help="Principal axis of the latent vectors of 512 samples, from 1; its unit is the "
            "standard deviation along it. Default: 1."
        ),
    ] = None
    gradient_of: Annotated[
        str | None,
        Parameter(help="Property whose prediction by the model rises fastest in the direction."),
    ] = None

    def check(self) -> None:
        """Check that there is at most one direction.

        Raises:
            ConfigError: there are several.
        """
        choices = (self.dimension, self.component, self.gradient_of)
        if sum(choice is not None for choice in choices) > 1:
            raise ConfigError("give one of `dimension`, `component` and `gradient_of`")

    def vector(
        self,
        model: "molvae.molecule_vae.MoleculeVAE",
        molecule: "molvae.chem.molecule.Molecule",
        seed: int,
    ) -> "molvae.traversal.Direction":
        """The direction in the latent space of a model."""
        from molvae.traversal import latent_dimension, principal_axis, property_gradient

        if self.gradient_of is not None:
            return property_gradient(model, molecule, self.gradient_of)
        if self.dimension is not None:
            return latent_dimension(model, self.dimension)
        return principal_axis(model, 1 if self.component is None else self.component, seed)


@dataclass(frozen=True)
class Line:
    """Positions along a direction, and what is computed there."""

    steps: Annotated[int, Parameter(help="Positions on the line, both ends included.")] = 11
    width: Annotated[
        float,
        Parameter(help="Distance from the molecule to both ends, in units of the direction."),
    ] = 3.0
    properties: Annotated[
        tuple[str, ...],
        Parameter(negative_iterable=(), help="Properties to compute, such as logp,qed."),
    ] = ("logp", "qed")


def traverse(
    smiles: str,
    /,
    *,
    direction: Annotated[DirectionChoice, Parameter(name="*")] = DirectionChoice(),
    line: Annotated[Line, Parameter(name="*")] = Line(),
    seed: Seed = 0,
    out: OptionalOutFile = None,
    model: ChosenModel = ModelChoice(),
    output: OutputFlags = Output(),
) -> None:
    """List the molecules along a direction of the latent space, on both sides of a molecule.

    Neighboring positions that decode to the same molecule are one row; positions that decode to no
    molecule are left out. Columns: smiles, position (0 is the latent vector of the molecule),
    similarity (to the molecule; Tanimoto, ECFP4 counts), the properties, and predicted_NAME for
    each property that the model predicts.

    Args:
        smiles: The molecule to start from.
        seed: Random seed of the samples for a principal axis.
        out: File for the molecules: CSV, or .smi, .sdf, .parquet. Default: the screen.
    """
    direction.check()

    from molvae.cli.listing import Listing
    from molvae.cli.molecules import parse_molecule

    listing, molecule = Listing.at(out), parse_molecule(smiles)
    names = split_at_commas(line.properties)
    vae = model.open(output)

    from molvae.traversal import traverse as traverse_latents

    vector = direction.vector(vae, molecule, seed)
    rows = traverse_latents(vae, molecule, vector, line.steps, line.width, names)
    listing.write(
        {
            "smiles": [row.molecule.smiles for row in rows],
            "position": [row.position for row in rows],
            "similarity": [row.similarity for row in rows],
            **{name: [row.values[name] for row in rows] for name in names},
            **{
                f"predicted_{name}": [row.predicted[name] for row in rows]
                for name in vae.property_names
            },
        },
        output,
    )
