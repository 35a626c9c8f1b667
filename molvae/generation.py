"""Distinct, accepted, filtered molecules from a model, in the number asked for."""
