"""Words to library calls, results to text. Computes nothing: no torch, numpy or RDKit here."""
