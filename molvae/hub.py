"""Models on the Hugging Face Hub: repositories that hold the files of a model folder."""

import re
from pathlib import Path
from types import ModuleType

from molvae.errors import ConfigError, FileError, MissingExtraError, ModelError, first_line
from molvae.model.folder import MODEL_FILES
from molvae.pretrained import find_model

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_MAX_NAME = 96


def find_saved_model(name: str | Path, revision: str | None = None) -> Path:
    """Folder of a model on disk, of a shipped model, or of a model of the Hub, downloaded first.

    A text such as user/repo names a model of the Hub unless a folder `user` exists here; a `Path`
    never does.

    Raises:
        ConfigError: a revision is given for something that is no model of the Hub.
        ModelError: there is no such model, the Hub cannot be reached, or huggingface_hub, which
            downloads models, is not installed.
    """
    is_name = isinstance(name, str) and _is_name(name)
    if revision is not None and not is_name:
        raise ConfigError(f"a revision requires the name of a model of the Hub, not {str(name)!r}")
    if revision is None and (not is_name or Path(name).parent.exists()):
        return find_model(name)
    return _download(str(name), revision)


def upload_folder(folder: Path, name: str, *, private: bool) -> str:
    """Upload the files of a model folder and return the address of the commit.

    Raises:
        ConfigError: the name is not of the form user/repo.
        FileError: the Hub cannot be reached, or refuses the upload.
        MissingExtraError: huggingface_hub is not installed.
    """
    if not _is_name(name):
        raise ConfigError(f"expected a name such as user/repo, got {name!r}")
    api = _library().HfApi()
    try:
        api.create_repo(name, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=name, folder_path=folder, commit_message="Upload a molvae model"
        )
    # Versions of the library differ in the HTTP client, whose errors have no common class.
    except Exception as error:
        raise FileError(
            f"could not upload {name!r}: {first_line(error)}; check the connection, and log in "
            "with `hf auth login`"
        ) from error
    return str(commit.commit_url)


def _is_name(name: str) -> bool:
    is_plain = _NAME.fullmatch(name) is not None and len(name) <= _MAX_NAME
    return is_plain and ".." not in name and "--" not in name and not name.endswith(".git")


def _download(name: str, revision: str | None) -> Path:
    try:
        library = _library()
    except MissingExtraError as error:
        raise ModelError(
            f"no model folder {name!r}; check the path, or, if it names a model of the Hub: {error}"
        ) from error
    errors = library.errors
    first_file, *others = MODEL_FILES
    try:
        first = Path(library.hf_hub_download(name, first_file, revision=revision))
        # The others come from the same commit, also if the repository changes meanwhile.
        for file in others:
            library.hf_hub_download(name, file, revision=first.parent.name)
    except errors.LocalEntryNotFoundError as error:
        raise ModelError(
            f"no model folder {name!r}, and the Hub cannot be reached for a model of that name; "
            "check the name and the connection"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"no model folder {name!r}, and the Hub has no such model, or a private one; check the "
            "name, or log in with `hf auth login`"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{name!r} has no revision {revision!r}; check its name") from error
    except errors.EntryNotFoundError as error:
        raise ModelError(f"{name!r} of the Hub is not a molvae model: it lacks a file") from error
    # Versions of the library differ in the HTTP client, whose errors have no common class.
    except Exception as error:
        raise ModelError(f"could not download {name!r}: {first_line(error)}") from error
    return first.parent


def _library() -> ModuleType:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub") from None
    return huggingface_hub
