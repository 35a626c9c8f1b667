"""What a molecule is. The only folder that imports RDKit and selfies; it imports no torch."""
