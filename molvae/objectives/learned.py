"""Measure: a scikit-learn model on fingerprints, read from a file that cannot run code."""

import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import JsonValue, PositiveInt

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import FingerprintKind, fingerprint, fold
from molvae.errors import ConfigError, MissingExtraError, first_line
from molvae.files import file_stamp, sha256
from molvae.objectives.desirability import AnyCurve, Linear
from molvae.objectives.measure import Readings, readings_of
from molvae.settings import Settings

_NOT_SKOPS = (
    "{path!r} is not a model that skops wrote ({reason}); pickle and joblib files are not read, "
    "because that runs the code in them: load the model where you trust it, and save it with "
    "skops.io.dump"
)


class ModelMeasure(Settings):
    """Prediction of a scikit-learn model, read from a file that `skops.io.dump` wrote.

    Pickle and joblib files are refused, because reading them runs the code in them.
    """

    kind: Literal["model"] = "model"
    path: Path
    """Path of the model file; relative paths start from the folder of the objective file."""
    fingerprint: FingerprintKind = FingerprintKind.ECFP4
    """Fingerprint that the model was trained on."""
    bits: PositiveInt = 2048
    """Length of the folded fingerprint; features are folded by their number modulo this."""
    counted: bool = False
    """Whether the model expects feature counts instead of bits."""
    predicts: Literal["value", "probability"] = "value"
    """Predicted value, or the probability of the model's last class."""
    trusted: tuple[str, ...] = ()
    """Types that the file may contain besides those that skops trusts; not read from TOML."""

    def label(self) -> str:
        return self.path.name.partition(".")[0]

    def usual_curve(self) -> AnyCurve | None:
        return Linear(low=0, high=1) if self.predicts == "probability" else None

    def identity(self) -> JsonValue:
        described: dict[str, JsonValue] = self.model_dump(mode="json", exclude={"path", "trusted"})
        return {**described, "sha256": sha256(self.path)}

    def within(self, folder: Path) -> "ModelMeasure":
        return self.model_copy(update={"path": (folder / self.path).absolute()})

    def trusting(self, types: tuple[str, ...]) -> "ModelMeasure":
        """A copy whose file may contain these additional types."""
        return self.model_copy(update={"trusted": (*self.trusted, *types)})

    def check(self) -> None:
        try:
            self._predict(np.zeros((1, self.bits)))
        except (ValueError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"the model {str(self.path)!r} cannot predict a {self.predicts} from "
                f"{self.bits} bits: {first_line(error)}"
            ) from None

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        counts = [fingerprint(molecule, self.fingerprint) for molecule in molecules]
        predicted = self._predict(fold(counts, self.bits, counted=self.counted))
        return readings_of(predicted.tolist())

    def _predict(
        self, features: Float64[np.ndarray, "molecule bit"]
    ) -> Float64[np.ndarray, " molecule"]:
        model = _model(self.path, self.trusted, file_stamp(self.path))
        if self.predicts == "probability":
            return np.asarray(model.predict_proba(features)[:, -1], dtype=np.float64)
        return np.asarray(model.predict(features), dtype=np.float64).reshape(len(features))


# Any: scikit-learn's models share methods, not a class.
@lru_cache(maxsize=8)
def _model(path: Path, trusted: tuple[str, ...], _: tuple[int, int]) -> Any:
    """The model in a file; read again when the file has changed.

    Raises:
        ConfigError: the file does not exist, is not a skops file, or contains untrusted types.
        MissingExtraError: skops is not installed.
    """
    if not path.is_file():
        raise ConfigError(f"no model file {str(path)!r}; check the path")
    # Checked before skops is imported: installing it would not help.
    if not zipfile.is_zipfile(path):
        raise ConfigError(_NOT_SKOPS.format(path=str(path), reason="not a zip archive"))
    try:
        from skops import io
    except ImportError:
        raise MissingExtraError("skops", "sklearn") from None
    try:
        unknown = sorted(set(io.get_untrusted_types(file=path)) - set(trusted))
        if not unknown:
            return io.load(path, trusted=list(trusted))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, ImportError) as error:
        raise ConfigError(_NOT_SKOPS.format(path=str(path), reason=error)) from None
    raise ConfigError(
        f"{str(path)!r} contains untrusted types: {','.join(unknown)}; if you trust the source of "
        "the file, pass these types as `trusted`"
    )
