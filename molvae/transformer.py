"""MolVAETransformer: latent vectors of molecules as features for scikit-learn."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, to_selfies
from molvae.dataset.molecules import name_molecule, read_each_molecule
from molvae.errors import ConfigError, MissingExtraError, MoleculeError
from molvae.model.network_config import Device
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import DEFAULT

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise MissingExtraError("scikit-learn", "sklearn") from None


# scikit-learn has no types.
class MolVAETransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Molecules to the means of their posteriors, as a transformer of scikit-learn.

    `fit` loads the model and learns nothing, so no information passes from a test set to a training
    set. The input may be a list or an array of SMILES, molecules or RDKit Mols, a Series, a
    DataFrame, or a single column of either.

    Args:
        model: name of a shipped model, folder of a model or training run, or a MoleculeVAE.
        device: where the network runs; a MoleculeVAE stays where it is.
        invalid: for a molecule that cannot be read, or has a symbol that the model lacks: `raise`
            raises a MoleculeError, `nan` gives a row of NaN.

    Example:
        >>> from sklearn.linear_model import Ridge
        >>> from sklearn.pipeline import make_pipeline
        >>> from molvae import MolVAETransformer
        >>> regression = make_pipeline(MolVAETransformer("moses", device="cpu"), Ridge())
        >>> regression.fit(["CCO", "CCCO", "CCCCO"], [1.0, 2.0, 3.0]).predict(["CCCCCO"]).shape
        (1,)
    """

    def __init__(
        self,
        model: str | Path | MoleculeVAE = DEFAULT,
        device: Device = "auto",
        invalid: Literal["raise", "nan"] = "raise",
    ) -> None:
        self.model = model
        self.device = device
        self.invalid = invalid

    # Any: see the class; scikit-learn names the arguments X and y.
    def fit(self, X: Any, y: Any = None) -> "MolVAETransformer":  # noqa: N803
        """Load the model.

        Raises:
            ModelError: the model is missing or damaged.
            ConfigError: `invalid` is neither `raise` nor `nan`.
        """
        if self.invalid not in ("raise", "nan"):
            raise ConfigError(f"invalid = {self.invalid!r}: expected 'raise' or 'nan'")
        self.model_ = (
            self.model
            if isinstance(self.model, MoleculeVAE)
            else MoleculeVAE.from_pretrained(self.model, self.device)
        )
        return self

    # Any: see the class.
    def transform(self, X: Any) -> Float32[np.ndarray, "molecule latent"]:  # noqa: N803
        """The posterior mean of each molecule.

        Raises:
            MoleculeError: a molecule cannot be encoded, unless `invalid` is `nan`.
        """
        check_is_fitted(self, "model_")
        column = _column(X)
        if not hasattr(column, "columns"):
            # Missing cells of a Series: None, NaN or pandas.NA.
            column = [
                ""
                if element is None
                or isinstance(element, float)
                or type(element).__name__ == "NAType"
                else element
                for element in column
            ]
        items = read_each_molecule(column)
        selfies_rows = [self._selfies_of(index, item) for index, item in enumerate(items)]
        means = np.full((len(selfies_rows), self.model_.latent_size), np.nan, np.float32)
        known = {index: selfies for index, selfies in enumerate(selfies_rows) if selfies}
        if known:
            means[list(known)], _ = self.model_.posterior(list(known.values()))
        return means

    # Any: scikit-learn passes names of input columns, which a molecule does not have.
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns: `z0`, `z1` and so on."""
        check_is_fitted(self, "model_")
        return np.array([f"z{index}" for index in range(self.model_.latent_size)], dtype=object)

    # Any: the tags of scikit-learn.
    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _selfies_of(self, index: int, item: Molecule | MoleculeError) -> Selfies | None:
        """The SELFIES if the model can encode it; else None, or an error if `invalid` says so."""
        if isinstance(item, Molecule):
            try:
                selfies = to_selfies(item)
                self.model_.vocabulary.encode(selfies)
            except MoleculeError as error:
                item = name_molecule(error, item, index)
            else:
                return selfies
        if self.invalid == "raise":
            raise item
        return None


# Any: see the class.
def _column(table: Any) -> Iterable[Any]:
    """The elements of a list, a Series, or an array or DataFrame of a single column."""
    shape = getattr(table, "shape", None)
    if shape is None or len(shape) == 1 or (hasattr(table, "columns") and shape[1] != 1):
        elements: Iterable[Any] = table
    elif shape[1] == 1:
        elements = table.iloc[:, 0] if hasattr(table, "columns") else table[:, 0]
    else:
        raise ConfigError(f"expected one column of molecules, got an array of shape {shape}")
    return elements
