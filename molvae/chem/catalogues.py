"""Names of the catalogues of structural alerts, importable without RDKit."""

from enum import StrEnum


class Catalogue(StrEnum):
    """Catalogue of structural alerts."""

    PAINS = "pains"
    """Compounds that interfere with assays (Baell & Holloway 2010)."""
    BRENK = "brenk"
    """Toxic or reactive groups, or poor pharmacokinetics (Brenk et al. 2008)."""
    NIH = "nih"
    """Reactive or promiscuous compounds (Jadhav et al. 2010, Doveston et al. 2015)."""
    MCF = "mcf"
    """Medicinal chemistry filters of MOSES (Polykovskiy et al. 2020)."""
    REACTIVE = "reactive"
    """Groups that decompose or react in water or air; see also `chem.environments`."""
