"""A run directory -> one self-contained page. It reads what runs have written, and alters none."""
