"""MoleculeVAE: molecules in, molecules out."""
