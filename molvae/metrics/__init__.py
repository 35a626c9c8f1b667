"""Sets of generated molecules against sets of real ones: the metrics of MOSES, and controls."""
