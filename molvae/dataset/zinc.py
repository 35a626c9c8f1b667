"""ZINC250k (Gomez-Bombarelli et al. 2018), split as by JT-VAE (Jin et al. 2018)."""

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.dataset.download import SourceFile, download, give_up, make_folder, missing_tables
from molvae.errors import FileError
from molvae.files import write_bytes
from molvae.parallel import available_cores, ordered_map

_MEMBER = "zinc.txt"
_CHUNK = 500
_FEW = 2_000
"""Number of molecules that are done before other processes would have started."""

_MOL_OPT = "wenhao-gao/mol_opt/2da631be85af8d10a2bb43f2de76a03171166190/data"
_JT_VAE = "wengong-jin/icml18-jtnn/d4c425a8a28fce7d0e8f5da741d27d3fce4a7ec0/data/zinc"


@dataclass(frozen=True)
class ZincSource:
    """The files from which the tables are made, and the SHA-256 of each table."""

    everything: SourceFile
    """A tar archive whose member `zinc.txt` holds all molecules, one per line."""
    valid: SourceFile
    test: SourceFile
    tables: Mapping[str, str]

    @property
    def files(self) -> tuple[SourceFile, SourceFile, SourceFile]:
        """All molecules, valid, test."""
        return self.everything, self.valid, self.test


def _on_github(name: str, folder: str, checksum: str) -> SourceFile:
    return SourceFile(name, f"https://raw.githubusercontent.com/{folder}/{name}", checksum)


ZINC250K = ZincSource(
    # Not zinc.csv.gz of the same folder, where each SMILES lacks its last character.
    everything=_on_github(
        "zinc.txt.gz", _MOL_OPT, "cf1f05bfed0c334a38aa26f27e4a5016dd09f5e225b86dcad490bb5f203fb099"
    ),
    valid=_on_github(
        "valid.txt", _JT_VAE, "ad7d9c2bfebd93ffda6c32ed0e89d1714ae1f592f6340c0e6ae057521bbae30d"
    ),
    test=_on_github(
        "test.txt", _JT_VAE, "31f6ce92914814db33bf0dbfc45f3836193e27cb80a59c54d88bc05a1f5fab83"
    ),
    tables={
        "train": "8cfcd4594e74b362b92bd905e0b3b91883a2e431a326712a0a90a10c7a7f7696",
        "valid": "bb72e394b7a87faf2025b9edb37085e4ea6c51a62b3f2203c12672c3c2acd6c6",
        "test": "8ab7f6e921351a7489a982ef85c64129a8ab0f19010eca3ce177eeca41066324",
    },
)


def fetch_zinc250k(
    out: Path,
    folder: Path | None = None,
    source: ZincSource = ZINC250K,
    *,
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Path]:
    """The files train.csv, valid.csv and test.csv in the folder `out`, by their stems.

    Train holds the molecules that are in neither of the other two, compared by canonical SMILES.
    Files that are there already are kept. A broken download continues where it stopped.

    Args:
        out: folder for the files.
        folder: folder with copies of the source files; None downloads them.
        source: files to make them from.
        workers: processes to compare with; None means one per core.
        progress: whether to show bars.

    Raises:
        FileError: a source file cannot be downloaded or is another file, a file of that name with
            other content exists, or `out` cannot be written to.
    """
    files = {table: out / f"{table}.csv" for table in source.tables}
    missing = missing_tables(files, source.tables, "ZINC250k")
    if not missing:
        return files
    if folder:
        _check(folder, source)
        make_folder(out)
        paths = [folder / file.name for file in source.files]
    else:
        fail = give_up("its folder as `source`")
        paths = [download(file, out, fail, progress=progress) for file in source.files]
    rows = _rows(paths, set(missing), workers or available_cores(), progress=progress)
    _write(rows, missing, source)
    if not folder:
        for path in paths:
            path.unlink()
    return files


def canonical_smiles(texts: list[str]) -> list[str]:
    """Canonical SMILES of each text."""
    return [Molecule.parse(text).smiles for text in texts]


def _check(folder: Path, source: ZincSource) -> None:
    """Check that the folder holds the source files."""
    absent = [file for file in source.files if not (folder / file.name).is_file()]
    if absent:
        raise FileError(
            f"{str(folder)!r} lacks {', '.join(file.name for file in absent)}; "
            f"expected there: {', '.join(file.url for file in absent)}"
        )
    for file in source.files:
        file.check(folder / file.name)


def _rows(
    sources: list[Path], tables: set[str], workers: int, *, progress: bool
) -> dict[str, list[str]]:
    """SMILES of each of the tables, as written in the sources."""
    archive, *lists = sources
    valid, test = (_lines(path.read_bytes()) for path in lists)
    rows = {"valid": valid, "test": test}
    if "train" in tables:
        # The checksum guarantees that the member exists and is a plain file.
        with tarfile.open(archive, "r:gz") as packed:
            content = packed.extractfile(_MEMBER).read()  # type: ignore[union-attr]
        everything = _lines(content)
        rows["train"] = _others(everything, {*valid, *test}, workers, progress=progress)
    return {table: rows[table] for table in tables}


def _lines(text: bytes) -> list[str]:
    return text.decode("ascii").splitlines()


def _others(texts: list[str], held_out: set[str], workers: int, *, progress: bool) -> list[str]:
    """The texts whose molecules are not held out, in order."""
    distinct = list(dict.fromkeys([*texts, *held_out]))
    chunks = [distinct[begin : begin + _CHUNK] for begin in range(0, len(distinct), _CHUNK)]
    workers = workers if len(distinct) > _FEW else 1
    canonical: dict[str, str] = {}
    with tqdm(total=len(distinct), desc="train", unit="mol", disable=not progress) as bar:
        items = ((chunk, chunk) for chunk in chunks)
        for chunk, answer in ordered_map(canonical_smiles, items, workers):
            canonical.update(zip(chunk, answer, strict=True))
            bar.update(len(chunk))
    known = {canonical[text] for text in held_out}
    return [text for text in texts if canonical[text] not in known]


def _write(rows: Mapping[str, list[str]], files: Mapping[str, Path], source: ZincSource) -> None:
    """Write the tables if all of them are as expected."""
    contents = {table: "\n".join(["smiles", *rows[table], ""]).encode() for table in rows}
    for table, content in contents.items():
        digest = hashlib.sha256(content).hexdigest()
        if digest != source.tables[table]:
            raise FileError(
                f"{table}.csv differs from the table of ZINC250k: its SHA-256 is "
                f"{digest}, expected {source.tables[table]}; try another version of RDKit"
            )
    for table, content in contents.items():
        write_bytes(files[table], content)
