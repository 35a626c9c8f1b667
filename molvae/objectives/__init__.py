"""Objectives: components, desirability curves and their aggregation, independent of any model."""
