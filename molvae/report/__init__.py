"""A run directory -> one self-contained page. It reads what runs have written, and alters none."""

from molvae.report.writing import write_report

__all__ = ["write_report"]
