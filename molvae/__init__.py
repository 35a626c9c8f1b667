"""Molecules in a latent space: train, generate, optimise."""

__version__ = "0.1.0"
