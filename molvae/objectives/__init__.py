"""What is wanted: components, desirability curves, aggregation. Knows no latent space."""
