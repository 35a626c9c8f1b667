"""Pretrained models included in the package, in the format of `MoleculeVAE.save_pretrained`."""

from pathlib import Path

from molvae.errors import ModelError
from molvae.runs import RunDirectory
from molvae.settings import suggestion

DEFAULT = "chembl"
"""Name of the default model."""

_HERE = Path(__file__).parent


def shipped_models() -> tuple[str, ...]:
    """Sorted names of the pretrained models."""
    return tuple(sorted(folder.parent.name for folder in _HERE.glob("*/model.json")))


def shipped_folder(name: str) -> Path:
    """Folder of a pretrained model in the package."""
    return _HERE / name


def find_model(name: str | Path) -> Path:
    """Folder of a model, of the best model of a run, or of a pretrained model by name.

    A folder that contains a model or a training run takes precedence over a pretrained model.

    Raises:
        ModelError: there is no such model, or it is a search run or a training run without a model.
    """
    path = Path(name)
    run = RunDirectory(path)
    if run.settings.is_file() and not (path / "model.json").is_file():
        if run.journal.exists():
            raise ModelError(
                f"{str(path)!r} is the run of a search; give the model it was made with"
            )
        if not run.best_model.is_dir():
            raise ModelError(f"the run {str(path)!r} has no model yet; resume the training first")
        return run.best_model
    shipped = shipped_models()
    # Any other folder of that name, such as a data set, is ignored.
    if path.is_dir() and (str(name) not in shipped or (path / "model.json").is_file()):
        return path
    if str(name) in shipped:
        return shipped_folder(str(name))
    raise ModelError(
        f"no model folder {str(name)!r}, and no shipped model of that name"
        f"{suggestion(str(name), list(shipped))}; `molvae train` makes a folder"
    )
