"""Fréchet ChemNet Distance (Preuer et al. 2018), with the network that fcd_torch brings."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from jaxtyping import Float64
from tqdm import tqdm

from molvae.errors import MissingExtraError

_BATCH = 512
_LONGEST_SMILES = 350


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Mean and covariance of the network's activations on a set of molecules."""

    mean: Float64[np.ndarray, " unit"]
    covariance: Float64[np.ndarray, "unit unit"]


@dataclass(frozen=True, slots=True)
class ChemNet:
    """A network that was trained to predict what molecules do in assays."""

    # Any: tensors; torch is imported only where the network works, not in other processes.
    network: Callable[[Any], Any]
    encode: Callable[[str, int], Float64[np.ndarray, "position character"]]

    @classmethod
    def load(cls) -> "ChemNet":
        """The network with its published weights.

        Raises:
            MissingExtraError: fcd_torch is not installed.
        """
        try:
            from fcd_torch import FCD
            from fcd_torch.utils import get_one_hot
        except ImportError:
            raise MissingExtraError("fcd_torch", "eval") from None
        with warnings.catch_warnings():
            # torch warns of the old format of the file.
            warnings.simplefilter("ignore")
            return cls(FCD(device="cpu").model, get_one_hot)

    def gaussian(
        self, smiles: Sequence[str], *, title: str = "", progress: bool = False
    ) -> Gaussian | None:
        """Mean and covariance over canonical SMILES; None for fewer than two."""
        if len(smiles) < 2:
            return None
        parts = []
        with tqdm(total=len(smiles), desc=title, unit="mol", disable=not progress) as bar:
            for at in range(0, len(smiles), _BATCH):
                batch = smiles[at : at + _BATCH]
                parts.append(self._activations(batch))
                bar.update(len(batch))
        activations = np.concatenate(parts).astype(np.float64)
        return Gaussian(activations.mean(0), np.cov(activations.T))

    def _activations(self, smiles: Sequence[str]) -> Float64[np.ndarray, "molecule unit"]:
        import torch

        one_hot = np.stack([self.encode(text, _LONGEST_SMILES) for text in smiles])
        # fcd_torch divides by the number of characters, and the published figures with it.
        inputs = torch.from_numpy(one_hot / one_hot.shape[2]).float().transpose(1, 2)
        with torch.inference_mode():
            answers: np.ndarray = self.network(inputs).double().numpy()
        return answers


def frechet_distance(a: Gaussian | None, b: Gaussian | None) -> float:
    """Fréchet distance of two normal distributions; NaN if one is missing.

    |m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)), Preuer et al. 2018, equation 1. The trace of the
    root is that of (A^(1/2) B A^(1/2))^(1/2), which is symmetric.
    """
    if a is None or b is None:
        return nan
    root = _root(a.covariance)
    overlap = np.trace(_root(root @ b.covariance @ root))
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2 * overlap
    return float(np.square(a.mean - b.mean).sum() + spread)


def _root(
    matrix: Float64[np.ndarray, "unit unit"],
) -> Float64[np.ndarray, "unit unit"]:
    """Square root of the matrix; eigenvalues that are negative by rounding count as zero."""
    import torch

    # Not numpy's, whose threads wait for each other by the second on a busy machine.
    values, vectors = torch.linalg.eigh(torch.from_numpy(matrix))
    root: np.ndarray = ((vectors * values.clamp(min=0).sqrt()) @ vectors.T).numpy()
    return root
