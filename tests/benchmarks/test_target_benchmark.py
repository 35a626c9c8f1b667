import pytest

from molvae.benchmarks.target import benchmark_target, target_text
from molvae.benchmarks.target_config import TargetConfig
from molvae.molecule_vae import MoleculeVAE

SMALL = TargetConfig(
    logp=(2.0,),
    qed=(0.7, 0.8),
    logp_tolerance=0.5,
    qed_tolerance=0.1,
    molecules=3,
    most_draws=50.0,
    prior_samples=150,
    workers=1,
)


@pytest.fixture(scope="module")
def record():
    return benchmark_target(MoleculeVAE.from_pretrained("zinc250k", "cpu"), SMALL)


def test_each_pair_of_targets_has_figures_beside_rejection(record):
    assert [(cell["logp"], cell["qed"]) for cell in record["cells"]] == [(2.0, 0.7), (2.0, 0.8)]
    assert record["prior_samples"] == 150
    for cell in record["cells"]:
        assert 0 < cell["share_without_target"] < 1
        assert cell["found"] == 1.0
        assert cell["samples_per_molecule_by_rejection"] == pytest.approx(
            record["prior_samples"] / (cell["share_without_target"] * record["prior_molecules"])
        )
        assert cell["logp_error"] <= 0.5 < cell["logp_error_without_target"] * 2
        assert cell["qed_error"] <= 0.1
        assert 0 < cell["diversity"] < 1


def test_the_summary_has_means_over_all_and_over_frequent_pairs(record):
    summary = record["summary"]
    assert summary["all"]["pairs"] == summary["frequent"]["pairs"] == 2
    expected = sum(cell["diversity"] for cell in record["cells"]) / 2
    assert summary["all"]["diversity"] == pytest.approx(expected)
    assert "rejection" in target_text(record)
