"""Values of the properties that a model is conditioned on, for each molecule of a corpus."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float32
from tqdm import tqdm

from molvae.chem.properties import PROPERTIES, property_table
from molvae.dataset.arrays_file import read_arrays, write_arrays
from molvae.dataset.corpus import Corpus
from molvae.parallel import available_cores, ordered_map

_FILE = "properties.safetensors"
"""File beside the token store that keeps computed properties."""
_CHUNK = 500
_FEW = 2_000
"""Number of molecules that are done before other processes would have started."""

Columns = dict[str, Float32[np.ndarray, " molecule"]]


def add_conditions(
    corpus: Corpus, names: Sequence[str], workers: int | None = None, *, progress: bool = False
) -> Corpus:
    """The corpus with values of conditions.

    The values are those of the property column of that name. Without one they are computed, and
    kept beside the token store. All are unknown (NaN) if there is neither such a column nor such a
    property.

    Args:
        corpus: the molecules.
        names: columns, or names in `PROPERTIES`.
        workers: processes to work with; None means one per core.
        progress: whether to show a bar.

    Raises:
        FileError: the folder of the token store cannot be written to.
    """
    columns = dict(zip(corpus.property_names, np.asarray(corpus.properties).T, strict=True))
    to_compute = [name for name in names if name in PROPERTIES and name not in columns]
    columns |= _property_columns(corpus, to_compute, workers or available_cores(), progress)
    unknown = np.full(len(corpus), np.nan, np.float32)
    values = [columns.get(name, unknown) for name in names]
    return replace(corpus, conditions=np.stack(values, axis=1))


def _property_columns(
    corpus: Corpus, names: Sequence[str], workers: int, progress: bool
) -> Columns:
    """Values of properties by name; NaN where a value cannot be computed."""
    n = len(corpus)
    # The file beside the token store may be missing or damaged, or of an earlier version.
    columns = read_arrays(corpus.folder / _FILE) or {}
    if any(values.shape != (n,) for values in columns.values()):
        columns = {}
    missing = [name for name in names if name not in columns]
    if missing:
        chunks = (
            (0, [corpus.selfies(index) for index in range(begin, min(n, begin + _CHUNK))])
            for begin in range(0, n, _CHUNK)
        )
        compute = partial(property_table, names=missing)
        tables = []
        with tqdm(total=n, desc="properties", unit="mol", disable=not progress) as bar:
            for _, table in ordered_map(compute, chunks, workers if n > _FEW else 1):
                tables.append(table)
                bar.update(len(table))
        values = np.concatenate(tables)
        columns |= {name: values[:, index].copy() for index, name in enumerate(missing)}
        write_arrays(corpus.folder / _FILE, columns)
    return {name: columns[name] for name in names}
