"""Files that hold no molecules, and what is said of each."""

from pathlib import Path


def wrong_file(kind: str, folder: Path) -> Path:
    """A file that holds no molecules."""
    path = folder / f"{kind}.csv"
    content = {
        "empty": b"",
        "blank": b"\n \n\n",
        "header only": b"smiles,logp\n",
        "junk": bytes(range(256)) * 8,
        "no molecule": b"smiles\nC(C\nhello\nC1CC\n",
        "polymer": b"smiles\n" + b"C" * 5_001 + b"\n",
        "cut gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    }
    if kind in content:
        path.write_bytes(content[kind])
    if kind == "folder":
        path.mkdir()
    return path


WRONG_FILES = {
    "missing": "no file",
    "folder": "is a folder",
    "empty": "is empty",
    "blank": "is empty",
    "header only": "has a header but no rows",
    "junk": "holds binary data",
    "cut gzip": "damaged or incomplete gzip",
    "no molecule": "no ",
    "polymer": "no ",
}
"""Files that cannot be used, and words of the complaint about each."""
