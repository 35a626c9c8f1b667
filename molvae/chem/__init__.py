"""Chemistry on top of RDKit and SELFIES, which only this folder imports."""
