"""Molecules in a latent space: train, generate, optimise.

Public names are loaded when they are first used, so that `import molvae` takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molvae.chem.conditions import Conditions
    from molvae.chem.molecule import Molecule, Pattern
    from molvae.chem.properties import PROPERTIES, property_values
    from molvae.chem.standardize import standardize
    from molvae.chem.standardize_config import StandardizeConfig
    from molvae.closest import decode_closest
    from molvae.compression import CodeLengths, code_lengths
    from molvae.dataset.corpus import Corpus
    from molvae.dataset.corpus_config import CorpusConfig
    from molvae.dataset.known import known_smiles
    from molvae.dataset.molecules import save_molecules
    from molvae.dataset.preparation import prepare_corpus
    from molvae.denoising import Denoised, denoise
    from molvae.denoising_config import DenoiseConfig
    from molvae.errors import MoleculeError, MolvaeError
    from molvae.generation import Generation, generate
    from molvae.generation_config import GenerateConfig
    from molvae.likelihood import Likelihood, likelihoods
    from molvae.likelihood_config import LikelihoodConfig
    from molvae.metrics.config import EvaluateConfig
    from molvae.metrics.evaluation import Metrics, evaluate
    from molvae.metrics.samples import Samples
    from molvae.model.decoding_config import DecodingConfig
    from molvae.model.network_config import ModelConfig
    from molvae.molecule_vae import MoleculeVAE
    from molvae.objectives.config import ObjectiveConfig
    from molvae.objectives.configured import ConfiguredObjective
    from molvae.objectives.objective import Failure, Objective, Scores
    from molvae.objectives.suites import find_objective
    from molvae.optimize.evaluation import Evaluation
    from molvae.optimize.latent_optimizer import LatentOptimizer
    from molvae.optimize.methods import Method, SearchConfig
    from molvae.optimize.result import SearchResult
    from molvae.optimize.search import search
    from molvae.pretrained import shipped_models
    from molvae.report.config import ReportConfig
    from molvae.report.writing import write_report
    from molvae.runs import RunDirectory
    from molvae.scaffold_completion import Completion, complete
    from molvae.scaffold_completion_config import CompleteConfig
    from molvae.training.config import TrainConfig, TrainingPlan
    from molvae.training.run import TrainingResult, resume, train
    from molvae.transformer import MolVAETransformer
    from molvae.vocabulary import Vocabulary

__version__ = "0.1.0"

__all__ = [
    "PROPERTIES",
    "CodeLengths",
    "CompleteConfig",
    "Completion",
    "Conditions",
    "ConfiguredObjective",
    "Corpus",
    "CorpusConfig",
    "DecodingConfig",
    "DenoiseConfig",
    "Denoised",
    "EvaluateConfig",
    "Evaluation",
    "Failure",
    "GenerateConfig",
    "Generation",
    "LatentOptimizer",
    "Likelihood",
    "LikelihoodConfig",
    "Method",
    "Metrics",
    "ModelConfig",
    "MolVAETransformer",
    "Molecule",
    "MoleculeError",
    "MoleculeVAE",
    "MolvaeError",
    "Objective",
    "ObjectiveConfig",
    "Pattern",
    "ReportConfig",
    "RunDirectory",
    "Samples",
    "Scores",
    "SearchConfig",
    "SearchResult",
    "StandardizeConfig",
    "TrainConfig",
    "TrainingPlan",
    "TrainingResult",
    "Vocabulary",
    "code_lengths",
    "complete",
    "decode_closest",
    "denoise",
    "evaluate",
    "find_objective",
    "generate",
    "known_smiles",
    "likelihoods",
    "prepare_corpus",
    "property_values",
    "resume",
    "save_molecules",
    "search",
    "shipped_models",
    "standardize",
    "train",
    "write_report",
]

_HOMES = {
    "molvae.chem.conditions": ("Conditions",),
    "molvae.chem.molecule": ("Molecule", "Pattern"),
    "molvae.chem.properties": ("PROPERTIES", "property_values"),
    "molvae.chem.standardize": ("standardize",),
    "molvae.chem.standardize_config": ("StandardizeConfig",),
    "molvae.compression": ("CodeLengths", "code_lengths"),
    "molvae.dataset.corpus": ("Corpus",),
    "molvae.dataset.corpus_config": ("CorpusConfig",),
    "molvae.dataset.known": ("known_smiles",),
    "molvae.dataset.molecules": ("save_molecules",),
    "molvae.dataset.preparation": ("prepare_corpus",),
    "molvae.denoising": ("Denoised", "denoise"),
    "molvae.denoising_config": ("DenoiseConfig",),
    "molvae.errors": ("MoleculeError", "MolvaeError"),
    "molvae.closest": ("decode_closest",),
    "molvae.generation": ("Generation", "generate"),
    "molvae.generation_config": ("GenerateConfig",),
    "molvae.likelihood": ("Likelihood", "likelihoods"),
    "molvae.likelihood_config": ("LikelihoodConfig",),
    "molvae.model.decoding_config": ("DecodingConfig",),
    "molvae.model.network_config": ("ModelConfig",),
    "molvae.molecule_vae": ("MoleculeVAE",),
    "molvae.metrics.config": ("EvaluateConfig",),
    "molvae.metrics.evaluation": ("Metrics", "evaluate"),
    "molvae.metrics.samples": ("Samples",),
    "molvae.objectives.config": ("ObjectiveConfig",),
    "molvae.objectives.configured": ("ConfiguredObjective",),
    "molvae.objectives.objective": ("Failure", "Objective", "Scores"),
    "molvae.objectives.suites": ("find_objective",),
    "molvae.optimize.methods": ("Method", "SearchConfig"),
    "molvae.optimize.latent_optimizer": ("LatentOptimizer",),
    "molvae.optimize.evaluation": ("Evaluation",),
    "molvae.optimize.result": ("SearchResult",),
    "molvae.optimize.search": ("search",),
    "molvae.pretrained": ("shipped_models",),
    "molvae.report.config": ("ReportConfig",),
    "molvae.report.writing": ("write_report",),
    "molvae.runs": ("RunDirectory",),
    "molvae.scaffold_completion": ("Completion", "complete"),
    "molvae.scaffold_completion_config": ("CompleteConfig",),
    "molvae.training.config": ("TrainConfig", "TrainingPlan"),
    "molvae.training.run": ("TrainingResult", "resume", "train"),
    "molvae.transformer": ("MolVAETransformer",),
    "molvae.vocabulary": ("Vocabulary",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


# Any: a public name may stand for anything.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'molvae' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
