"""Names of the catalogues of structural alerts, importable without RDKit."""

from enum import StrEnum


class Catalogue(StrEnum):
    """Collection of alerts."""

    PAINS = "pains"
    """Baell & Holloway 2010: interfere with assays."""
    BRENK = "brenk"
    """Brenk et al. 2008: toxic, reactive or of poor pharmacokinetics."""
    NIH = "nih"
    """Jadhav et al. 2010, Doveston et al. 2015: reactive or promiscuous."""
    MCF = "mcf"
    """Polykovskiy et al. 2020: the medicinal chemistry filters of MOSES."""
    REACTIVE = "reactive"
    """Groups that decompose or react in water or air; see also `chem.environments`."""
