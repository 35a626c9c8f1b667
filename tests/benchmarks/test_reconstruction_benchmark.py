import pytest

from molvae.benchmarks.reconstruction import benchmark_reconstruction
from molvae.benchmarks.reconstruction_config import ReconstructionConfig
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import DataError
from molvae.molecule_vae import MoleculeVAE


def test_greedy_share_is_that_of_reconstruct(tiny_model, few_molecules):
    config = ReconstructionConfig(molecules=40, sampled=4, encodings=2, decodings=3, seed=1)
    record = benchmark_reconstruction(tiny_model, few_molecules, config)
    smiles = [line.split(",")[0] for line in few_molecules.read_text().splitlines()[1:]]
    back = [one and one.smiles for one in tiny_model.reconstruct(smiles)]
    whole = ReconstructionConfig(sampled=4, encodings=2, decodings=3, seed=1)
    everything = benchmark_reconstruction(tiny_model, few_molecules, whole)
    assert everything["molecules"] == len(smiles)
    assert everything["greedy"] == pytest.approx(
        sum(a == b for a, b in zip(smiles, back, strict=True)) / len(smiles)
    )
    assert (record["molecules"], record["jtvae_molecules"]) == (40, 4)
    assert 0.0 <= record["jtvae"] <= 1.0
    assert record == benchmark_reconstruction(tiny_model, few_molecules, config)


def test_a_molecule_without_symbols_in_the_model_has_not_come_back(tiny_model, tmp_path):
    path = tmp_path / "two.smi"
    path.write_text("C[Si](C)(C)[SiH2]C\nCCO\n")
    config = ReconstructionConfig(sampled=1, encodings=1, decodings=1)
    record = benchmark_reconstruction(tiny_model, path, config)
    assert record["molecules"] == 2
    assert record["greedy"] <= 0.5 or record["refused"] == 0


def test_molecules_as_long_as_those_of_the_training_are_read(tiny_model, tmp_path):
    path = tmp_path / "long.smi"
    path.write_text(f"{'C' * 230}O\nCCO\n")
    cleaning = StandardizeConfig(max_heavy_atoms=300)
    config = ReconstructionConfig(sampled=1, encodings=1, decodings=1, cleaning=cleaning)
    card = {**tiny_model.card, "max_symbols": 300}
    long = MoleculeVAE(tiny_model.vocabulary, tiny_model.network, card=card)
    for model, refused in (long, 0), (tiny_model, 1):
        assert benchmark_reconstruction(model, path, config)["refused"] == refused


def test_a_file_without_molecules_is_refused(tiny_model, tmp_path):
    path = tmp_path / "none.smi"
    path.write_text("what\nis\nthis\n")
    with pytest.raises(DataError):
        benchmark_reconstruction(tiny_model, path, ReconstructionConfig())
