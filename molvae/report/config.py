"""ReportConfig: extent of a report, and what it compares with. Needs no torch."""

from pathlib import Path

from pydantic import NonNegativeInt

from molvae.settings import Settings


class ReportConfig(Settings):
    """Extent of a report, and files and models to compare with."""

    molecules: NonNegativeInt = 24
    """Best molecules of a search that are drawn; half as many examples of reconstruction."""
    reference: Path | None = None
    """File of molecules to compare with, such as the training data: histograms of properties, and
    the nearest molecule of the file for each molecule shown."""
    model: Path | None = None
    """Model whose latent space is drawn as a map of the molecules; a training uses its own."""
    samples: NonNegativeInt = 500
    """Molecules sampled from a trained model, to compare with its data; 0 only reads files."""
