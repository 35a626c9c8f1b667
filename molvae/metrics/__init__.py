"""Sets of generated molecules against sets of real ones: the metrics of MOSES, and controls."""

from molvae.metrics.config import EvaluateConfig
from molvae.metrics.evaluation import Metrics, evaluate, evaluate_each
from molvae.metrics.samples import Samples, read_smiles

__all__ = ["EvaluateConfig", "Metrics", "Samples", "evaluate", "evaluate_each", "read_smiles"]
