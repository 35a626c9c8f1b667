"""Measure: prediction of a chemprop model, or of an ensemble of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import JsonValue

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError, first_line
from molvae.files import sha256
from molvae.objectives.chemprop_files import ChempropEnsemble, checkpoint_files, read_ensemble
from molvae.objectives.desirability import AnyCurve
from molvae.objectives.measure import Readings, readings_of
from molvae.settings import Settings, suggestion


class ChempropMeasure(Settings):
    """Prediction of a chemprop model (version 2), or the mean or spread of an ensemble.

    The values are those of `chemprop predict`. Models that need further descriptors or predict
    several classes are refused, and so are files that contain anything but tensors and networks.
    """

    kind: Literal["chemprop"] = "chemprop"
    path: Path
    """Checkpoint (.pt or .ckpt), or a folder whose .pt files are an ensemble; relative paths start
    from the folder of the objective file."""
    column: str | None = None
    """Target to predict, by its name in the training file; required if there are several."""
    predicts: Literal["mean", "spread"] = "mean"
    """`mean` of the ensemble, or its `spread`: the standard deviation over its models."""

    def label(self) -> str:
        name = self.column or "chemprop"
        return f"{name}_spread" if self.predicts == "spread" else name

    def usual_curve(self) -> AnyCurve | None:
        return None

    def identity(self) -> JsonValue:
        described: dict[str, JsonValue] = self.model_dump(mode="json", exclude={"path"})
        digests: list[JsonValue] = [*sorted(map(sha256, checkpoint_files(self.path)))]
        return {**described, "sha256": digests}

    def within(self, folder: Path) -> "ChempropMeasure":
        return self.model_copy(update={"path": (folder / self.path).absolute()})

    def check(self) -> None:
        ensemble = read_ensemble(self.path)
        _column(self, ensemble)
        if self.predicts == "spread" and len(ensemble.models) < 2:
            raise ConfigError(f"{str(self.path)!r} has one model; a spread requires several")
        try:
            self([Molecule.parse("CCO")])
        except (ValueError, RuntimeError, TypeError, AssertionError, IndexError) as error:
            raise ConfigError(
                f"the chemprop model {str(self.path)!r} cannot predict from SMILES alone: "
                f"{first_line(error)}"
            ) from None

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        ensemble = read_ensemble(self.path)
        smiles = [molecule.smiles for molecule in molecules]
        predictions = _predictions(ensemble, smiles, _column(self, ensemble))
        # As chemprop: the mean squared deviation over the models, without Bessel's correction.
        combine = np.mean if self.predicts == "mean" else np.std
        return readings_of(combine(predictions, axis=0).tolist())


def _column(measure: ChempropMeasure, ensemble: ChempropEnsemble) -> int:
    """Index of the target.

    Raises:
        ConfigError: the model has no such target, or several and none is chosen.
    """
    columns = list(ensemble.columns)
    if measure.column in columns:
        return columns.index(measure.column)
    if measure.column is None and len(columns) == 1:
        return 0
    if measure.column is None:
        raise ConfigError(
            f"{str(measure.path)!r} predicts {', '.join(columns)}; choose one with 'column'"
        )
    raise ConfigError(
        f"{str(measure.path)!r} predicts no {measure.column!r}{suggestion(measure.column, columns)}"
    )


def _predictions(
    ensemble: ChempropEnsemble, smiles: Sequence[str], column: int
) -> Float64[np.ndarray, "model molecule"]:
    import torch
    from chemprop.data import BatchMolGraph, MoleculeDatapoint
    from chemprop.featurizers import SimpleMoleculeMolGraphFeaturizer
    from chemprop.nn.predictors import MulticlassClassificationFFN

    featurizer = SimpleMoleculeMolGraphFeaturizer()
    graphs = [featurizer(MoleculeDatapoint.from_smi(text).mol) for text in smiles]
    rows = []
    with torch.inference_mode():
        for model in ensemble.models:
            if isinstance(model.predictor, MulticlassClassificationFFN):
                raise ValueError("it predicts several classes")
            predicted = model(BatchMolGraph(graphs))
            # Mean-variance, evidential and quantile models give the prediction first.
            if predicted.ndim == 3:
                predicted = predicted[..., 0]
            rows.append(predicted[:, column].double().cpu().numpy())
    return np.stack(rows)
