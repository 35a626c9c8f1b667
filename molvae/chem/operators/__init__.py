"""Genetic operators: mutation and crossover of molecular graphs, edits of SELFIES strings."""
