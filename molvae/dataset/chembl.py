"""ChEMBL (Zdrazil et al. 2024): drug-like molecules of a release, cleaned and split."""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from molvae.chem.refusal import none_if_refused
from molvae.chem.standardize import standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.download import SourceFile, download, fetch_text, give_up, make_folder
from molvae.errors import FileError
from molvae.files import atomic_write
from molvae.parallel import available_cores, ordered_map

RELEASE = 35
CLEANING = StandardizeConfig(min_heavy_atoms=6, max_heavy_atoms=60, neutralize=False)
"""Organic molecules of drug-like size; charges stay as ChEMBL draws them."""
PARTS = ("train", "valid", "test")

_CHUNK = 500
_HELD_OUT = 0.01
"""Share of the molecules in each of `valid` and `test`."""
_COLUMNS = ("chembl_id", "canonical_smiles")


@dataclass(frozen=True)
class ChemblSource:
    """Where a release lies."""

    release: int = RELEASE
    base: str = "https://ftp.ebi.ac.uk/pub/databases/chembl/ChEMBLdb/releases"

    @property
    def name(self) -> str:
        """Name of the table of structures."""
        return f"chembl_{self.release}_chemreps.txt.gz"

    def file(self) -> SourceFile:
        """The table of structures, with the checksum that the release states.

        Raises:
            FileError: the release cannot be reached, or states no checksum for the table.
        """
        folder = f"{self.base}/chembl_{self.release}"
        for line in fetch_text(f"{folder}/checksums.txt").splitlines():
            checksum, _, name = line.strip().partition(" ")
            if name.strip().lstrip("*./") == self.name:
                return SourceFile(self.name, f"{folder}/{self.name}", checksum.lower())
        raise FileError(f"{folder}/checksums.txt does not name {self.name}; choose another release")


def fetch_chembl(
    out: Path,
    table: Path | None = None,
    source: ChemblSource | None = None,
    *,
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Path]:
    """The files train.csv, valid.csv and test.csv in the folder `out`, by their stems.

    Each row is a molecule with its ChEMBL identifier: one fragment of 6 to 60 heavy atoms,
    without isotopes, radicals or metals; salts are removed and duplicates dropped. A molecule
    belongs to the same part in every release, as a hash of its SMILES decides. Files that exist
    are kept. An interrupted download continues where it stopped.

    Args:
        out: folder for the files.
        table: a copy of the release's chemreps.txt.gz; None downloads it.
        source: the release; None means release 35 from the EBI.
        workers: processes to clean with; None means one per core.
        progress: whether to show bars.

    Raises:
        FileError: the table cannot be fetched or read, or `out` cannot be written to.
    """
    files = {name: out / f"{name}.csv" for name in PARTS}
    if all(file.is_file() for file in files.values()):
        return files
    make_folder(out)
    fail = give_up("its path as `table`")
    path = table or download((source or ChemblSource()).file(), out, fail, progress=progress)
    _write(path, files, workers or available_cores(), progress=progress)
    if table is None:
        path.unlink()
    return files


def part_of(smiles: str) -> str:
    """The part that a molecule belongs to, decided by a hash of its canonical SMILES."""
    position = int.from_bytes(hashlib.sha256(smiles.encode()).digest()[:8], "big") / 2**64
    if position < _HELD_OUT:
        return "test"
    return "valid" if position < 2 * _HELD_OUT else "train"


def clean_smiles(texts: list[str]) -> list[str | None]:
    """Canonical SMILES of each molecule after cleaning; None for those that are not accepted."""
    molecules = (none_if_refused(standardize, text, CLEANING) for text in texts)
    return [None if molecule is None else molecule.smiles for molecule in molecules]


def _write(table: Path, files: dict[str, Path], workers: int, *, progress: bool) -> None:
    """Write the parts, all of them or none."""
    seen: set[int] = set()
    with ExitStack() as stack:
        writers = {
            name: csv.writer(stack.enter_context(atomic_write(path)), lineterminator="\n")
            for name, path in files.items()
        }
        for writer in writers.values():
            writer.writerow(("smiles", "chembl_id"))
        bar = stack.enter_context(
            tqdm(desc="ChEMBL", unit="B", unit_scale=True, disable=not progress)
        )
        for identifiers, cleaned in ordered_map(clean_smiles, _chunks(table, bar), workers):
            for identifier, smiles in zip(identifiers, cleaned, strict=True):
                # Hashes take a tenth of the memory of two million SMILES.
                if smiles is None or (key := hash(smiles)) in seen:
                    continue
                seen.add(key)
                writers[part_of(smiles)].writerow((smiles, identifier))


# Any bar: tqdm is generic over what it iterates, which is nothing here.
def _chunks(table: Path, bar: "tqdm[None]") -> Iterator[tuple[list[str], list[str]]]:
    """Identifiers and SMILES of the table, a few hundred rows at a time."""
    try:
        bar.total = table.stat().st_size
        with table.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as stream:
            rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            if not set(_COLUMNS) <= set(rows.fieldnames or ()):
                raise FileError(
                    f"{str(table)!r} has no columns {' and '.join(_COLUMNS)}; "
                    "expected chemreps.txt.gz of a ChEMBL release"
                )
            while chunk := list(islice(rows, _CHUNK)):
                bar.update(packed.tell() - bar.n)
                identifiers, texts = ([row[name] or "" for row in chunk] for name in _COLUMNS)
                yield identifiers, texts
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise FileError(f"cannot read {str(table)!r} ({error}); fetch it again") from None
