"""Diagnosis of a model's latent space on molecules of a file."""
