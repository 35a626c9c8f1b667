"""Objectives: components, desirability curves, aggregation. Independent of any model."""
