"""The shipped models: package data, a folder each, as `MoleculeVAE.save_pretrained` writes it."""

from pathlib import Path

from molvae.errors import ModelError
from molvae.runs import RunDirectory
from molvae.settings import suggestion

DEFAULT = "zinc250k"
"""The model that is meant where none is named."""

_HERE = Path(__file__).parent


def shipped_models() -> tuple[str, ...]:
    """Their names, sorted."""
    return tuple(sorted(folder.parent.name for folder in _HERE.glob("*/model.json")))


def shipped_folder(name: str) -> Path:
    """The package's own folder of a shipped model, whatever lies in the working directory."""
    return _HERE / name


def find_model(name: str | Path) -> Path:
    """The folder of a model, or of the best one of a run; or that of the shipped one of that name.

    A folder goes before a shipped model of the same name if it holds a model or such a run.

    Raises:
        ModelError: there is none, or it is a search, or a training that has no model yet.
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
    # Whatever else has that name, such as the data of a shipped model, is not meant.
    if path.is_dir() and (str(name) not in shipped or (path / "model.json").is_file()):
        return path
    if str(name) in shipped:
        return shipped_folder(str(name))
    raise ModelError(
        f"no model folder {str(name)!r}, and no shipped model of that name"
        f"{suggestion(str(name), list(shipped))}; `molvae train` makes a folder"
    )
