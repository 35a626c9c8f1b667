"""`molvae schema`."""

import json
from typing import Literal


def schema(kind: Literal["objective", "train"], /) -> None:
    """Print the JSON schema of a TOML file, for editors that check and complete such files.

    Args:
        kind: objective: the file that `molvae optimize` and `molvae score` take; train: the file
            of `molvae train --config`.
    """
    print(json.dumps(_schema(kind), indent=2))


def _schema(kind: str) -> dict[str, object]:
    if kind == "train":
        from molvae.training.config import TrainingPlan

        return TrainingPlan.model_json_schema()

    from molvae.objectives.config import ObjectiveConfig

    return ObjectiveConfig.model_json_schema()
