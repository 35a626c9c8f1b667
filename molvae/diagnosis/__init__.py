"""What a researcher must know to trust a model's latent space, measured on molecules of a file."""
