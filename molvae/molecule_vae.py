"""MoleculeVAE: a variational autoencoder of molecules, saved and loaded."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import (
    CONSTRAINTS,
    Selfies,
    from_selfies_batch,
    to_selfies,
)
from molvae.dataset.molecules import name_molecule, read_molecules
from molvae.errors import ModelError, MoleculeError
from molvae.hub import find_saved_model, upload_folder
from molvae.model.decoding_config import DecodingConfig
from molvae.model.device import pick_device
from molvae.model.folder import SavedModel, read_model, write_model
from molvae.model.network import SequenceVAE
from molvae.model.network_config import Device, ModelConfig
from molvae.model.weights import Shapes
from molvae.model_card import Description
from molvae.pretrained import DEFAULT
from molvae.runs import package_version
from molvae.selfies_vae import SelfiesVAE
from molvae.vocabulary import Vocabulary

_RECORDED = ("molvae", "torch", "rdkit", "selfies")


class MoleculeVAE(SelfiesVAE):
    """A variational autoencoder of molecules.

    Latent vectors are rows of float32 arrays. Same input, device and versions give the same
    output.

    Example:
        >>> from molvae import MoleculeVAE
        >>> model = MoleculeVAE.from_pretrained("moses", device="cpu")
        >>> model.encode(["CC(=O)Nc1ccc(O)cc1"]).shape
        (1, 128)
    """

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self._facts().items())
        return f"MoleculeVAE({facts})"

    def _repr_html_(self) -> str:
        """The model's sizes as a table, as a notebook shows them."""
        rows = "".join(
            f"<tr><th>{name.replace('_', ' ')}</th><td>{escape(str(value))}</td></tr>"
            for name, value in self._facts().items()
        )
        return f"<table><caption>MoleculeVAE</caption>{rows}</table>"

    def _facts(self) -> dict[str, str | int]:
        """Sizes and abilities by name."""
        return {
            "latent_size": self.latent_size,
            "tokens": len(self.vocabulary.tokens),
            "decoder": repr(self.network.config.decoder),
            "learned_prior": str(self.network.has_prior),
            "properties": str(self.property_names),
            **({"conditions": str(self.condition_names)} if self.condition_names else {}),
            "device": repr(str(self.device)),
        }

    @classmethod
    def untrained(
        cls,
        vocabulary: Vocabulary,
        config: ModelConfig,
        property_names: tuple[str, ...] = (),
        seed: int = 0,
    ) -> "MoleculeVAE":
        """A model with random weights, which depend on the seed only."""
        # nn.Module draws its weights from torch's global generator and takes no other.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # noqa: TID251
            network = SequenceVAE(config, len(vocabulary), len(property_names))
        return cls(vocabulary, network, property_names)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path = DEFAULT, device: Device = "auto", *, revision: str | None = None
    ) -> "MoleculeVAE":
        """Load the model saved in a folder, the shipped model of that name, or one of the Hub.

        Args:
            folder: a folder, a training run, the name of a shipped model, or, as a text such as
                user/repo, a model of the Hugging Face Hub (extra `hub`).
            device: where the network runs.
            revision: branch, tag or commit of a model of the Hub; by default its main branch.

        Raises:
            ModelError: the model is missing, damaged, foreign, or of another format, or the Hub
                cannot be reached.
            ConfigError: this machine has no such device, or the revision is that of a folder.
            MissingExtraError: the model is one of the Hub and huggingface_hub is not installed.
        """
        source = repr(str(folder))

        # Any: JSON values.
        def shapes_needed(values: Any, vocabulary: Any) -> Shapes:
            n_ids = len(Vocabulary.from_json(vocabulary))
            return _read_description(values, source).weight_shapes(n_ids)

        saved = read_model(find_saved_model(folder, revision), shapes_needed)
        about = _read_description(saved.description, source)
        vocabulary = Vocabulary.from_json(saved.vocabulary)
        network = about.network(len(vocabulary), saved.weights, source)
        return cls(vocabulary, network.to(pick_device(device)), about.properties, about.card)

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
        """Save the model in a folder, replacing a model that is there.

        Raises:
            FileError: the folder cannot be written.
            ModelError: the folder exists and is not a model folder.
        """
        description = {
            # Models without conditions keep the format that earlier versions read.
            "model": self.network.config.model_dump(
                exclude=set() if self.condition_names else {"condition_on"}
            ),
            "properties": list(self.property_names),
            "acceptance": self.network.acceptance is not None,
            "constraints": dict(CONSTRAINTS),
            "versions": {name: package_version(name) for name in _RECORDED},
            "card": self.card,
        }
        weights = {
            name: weight.detach().to("cpu", dtype).contiguous()
            for name, weight in self.network.saved_state().items()
        }
        write_model(Path(folder), SavedModel(description, self.vocabulary.to_json(), weights))

    def push_to_hub(self, name: str, *, private: bool = False) -> str:
        """Save the model in a repository of the Hugging Face Hub and return the commit's address.

        The repository is created if needed, and holds the files of `save_pretrained`.

        Args:
            name: name of the repository, such as user/repo.
            private: whether a new repository is private.

        Raises:
            ConfigError: the name is not of this form.
            FileError: the Hub cannot be reached, or refuses the upload.
            MissingExtraError: huggingface_hub is not installed.
        """
        with TemporaryDirectory(prefix="molvae-hub-") as folder:
            self.save_pretrained(Path(folder) / "model")
            return upload_folder(Path(folder) / "model", name, private=private)

    # Any: SMILES, molecules or RDKit Mols; or a table of pandas.
    def encode(
        self, molecules: Iterable[Any], *, refine: bool = False
    ) -> Float32[np.ndarray, "molecule latent"]:
        """The latent vector of each molecule: its posterior mean, or a refined one.

        Args:
            molecules: SMILES, molecules or RDKit Mols, in a list, Series or DataFrame.
            refine: change latent vectors that do not decode to their molecules until they do, see
                `refine`.

        Raises:
            MoleculeError: a molecule cannot be read, or has a symbol that the model lacks; the
                message has the molecule and its index.
            ConfigError: a single string is given, whose letters would be read as molecules.
        """
        return self.latents(self._selfies_of(molecules), refine=refine)

    def decode(
        self,
        latents: Float[np.ndarray, "molecule latent"],
        config: DecodingConfig | None = None,
        seed: int = 0,
        target: Mapping[str, float] | None = None,
    ) -> list[Molecule | None]:
        """The molecule at each latent vector; None where the symbols form no molecule.

        Args:
            latents: latent vectors.
            config: how tokens are chosen; None decodes greedily.
            seed: random seed, for tokens that are sampled.
            target: values of `condition_names` that the decoder is given.

        Raises:
            ConfigError: the model is not conditioned on a property of the target.
        """
        return from_selfies_batch(self.decode_symbols(latents, config, seed, target=target))

    def sample(
        self,
        n: int,
        seed: int = 0,
        config: DecodingConfig | None = None,
        target: Mapping[str, float] | None = None,
    ) -> list[Molecule | None]:
        """`n` molecules sampled from the prior; None where the symbols form no molecule.

        Args:
            n: number of samples.
            seed: random seed.
            config: how tokens are chosen; None samples from the prior's own distribution.
            target: values of `condition_names`, such as `{"logp": 3.0}`, for the molecules; for
                other models see `molvae.generate`.

        Raises:
            ConfigError: `n` is negative, or the model is not conditioned on a property of the
                target.
        """
        samples = self.draw(n, np.random.default_rng(seed), config, target=target)
        return from_selfies_batch(samples.selfies_rows)

    # Any: as `encode` takes them.
    def reconstruct(
        self, molecules: Iterable[Any], *, refine: bool = False
    ) -> list[Molecule | None]:
        """Each molecule after encoding and greedy decoding.

        Args:
            molecules: molecules as `encode` takes them.
            refine: whether the latent vectors are refined, see `refine`.

        Raises:
            MoleculeError: a molecule cannot be parsed, or has a symbol that the model lacks.
        """
        return self.decode(self.encode(molecules, refine=refine))

    def neighbors(
        self, molecules: Sequence[Molecule], scale: float, generator: np.random.Generator
    ) -> Float32[np.ndarray, "molecule latent"]:
        """A latent vector near that of each molecule.

        Normal noise of `scale` posterior standard deviations is added to the refined latent vector
        of the molecule, see `refine`.

        Raises:
            MoleculeError: a molecule has a symbol that the model lacks.
        """
        distinct = {molecule.smiles: molecule for molecule in molecules}
        index = {smiles: row for row, smiles in enumerate(distinct)}
        rows = [index[molecule.smiles] for molecule in molecules]
        selfies_rows = [to_selfies(molecule) for molecule in distinct.values()]
        mean, deviation = self.posterior(selfies_rows)
        refined = self.refine(selfies_rows, mean)
        noise = generator.standard_normal((len(rows), self.latent_size), np.float32)
        latents: np.ndarray = refined[rows] + np.float32(scale) * deviation[rows] * noise
        return latents

    def extend(
        self,
        symbols: Iterable[str],
        property_names: tuple[str, ...],
        seed: int = 0,
        condition_on: tuple[str, ...] = (),
    ) -> "MoleculeVAE":
        """A copy of the model with further symbols and with these properties; old ids stay.

        A new symbol begins as the mean of the known ones, and as unlikely as the least likely. A
        property head for other properties is untrained. The copy has no acceptance, which would
        not fit weights that are trained further.

        Args:
            symbols: symbols to add; known ones are ignored.
            property_names: properties of the copy.
            seed: random seed of the weights of a new property head.
            condition_on: conditions of the copy, which begin without effect; empty keeps those of
                this model.
        """
        vocabulary = self.vocabulary.with_symbols(symbols)
        config = self.network.config.with_changes({"condition_on": condition_on or None})
        larger = type(self).untrained(vocabulary, config, property_names, seed).network
        larger.load_from_smaller(self.network, with_head=property_names == self.property_names)
        return type(self)(vocabulary, larger.to(self.device), property_names, self.card)

    # Any: as `encode` takes them.
    def _selfies_of(self, molecules: Iterable[Any]) -> list[Selfies]:
        """The SELFIES of each molecule; the model has all of their symbols."""
        selfies_rows = []
        for index, molecule in enumerate(read_molecules(molecules)):
            try:
                selfies_rows.append(to_selfies(molecule))
                self.vocabulary.encode(selfies_rows[-1])
            except MoleculeError as error:
                raise name_molecule(error, molecule, index) from None
        return selfies_rows


# Any: JSON values.
def _read_description(values: Any, source: str) -> Description:
    about = Description.read(values, source)
    if about.constraints != dict(CONSTRAINTS):
        raise ModelError(
            f"{source} was trained under another table of SELFIES constraints; "
            "use the version of molvae that saved it"
        )
    return about
