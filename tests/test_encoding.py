import copy
from math import inf

import numpy as np
import pytest
import torch

from molvae.dataset.rows import RefusedRow, read_rows
from molvae.encoding import (
    decode_latents,
    encode_rows,
    reconstruct_rows,
    tabulate_reconstructions,
    write_refused,
)
from molvae.errors import ConfigError, DataError
from molvae.latents_file import Latents
from molvae.likelihood import tabulate_likelihoods
from molvae.model.decoding_config import GREEDY
from molvae.model_card import latents_digest
from molvae.molecule_vae import MoleculeVAE


def mark_of(model):
    return latents_digest(model.vocabulary, model.network)


def test_latents_on_disk_are_the_points_that_are_read(tiny_model, few_molecules, tmp_path):
    encoded = encode_rows(tiny_model, read_rows(few_molecules))
    encoded.write(tmp_path / "latents.npz")
    latents = Latents.read(tmp_path / "latents.npz", tiny_model.latent_size)
    assert latents.rows.tolist() == list(range(2, 202))
    np.testing.assert_array_equal(latents.latents, encoded.mean)


def test_the_posterior_of_a_molecule_does_not_depend_on_its_neighbors(tiny_model, few_molecules):
    latents = encode_rows(tiny_model, read_rows(few_molecules))
    alone = tiny_model.encode([latents.smiles[7]])
    np.testing.assert_allclose(latents.mean[7], alone[0], rtol=1e-4, atol=1e-5)


def test_reconstruction_is_encoding_and_greedy_decoding(tiny_model, few_molecules):
    found, refused = reconstruct_rows(tiny_model, read_rows(few_molecules))
    expected = tiny_model.reconstruct([one.smiles for one in found])
    assert refused == []
    assert [one.reconstructed for one in found] == [one.smiles if one else None for one in expected]
    assert all(one.is_exact == (one.smiles == one.reconstructed) for one in found)


def test_refined_rows_come_back_more_often(tmp_path):
    model = MoleculeVAE.from_pretrained("zinc250k", "cpu")
    path = tmp_path / "drugs.smi"
    path.write_text(
        "CCCc1nn(C)c2c(=O)[nH]c(-c3cc(S(=O)(=O)N4CCN(C)CC4)ccc3OCC)nc12\n"
        "COc1ccc(-n2nc(C(N)=O)c3c2C(=O)N(c2ccc(N4CCCCC4=O)cc2)CC3)cc1\n"
    )
    rows = list(read_rows(path))
    plain, refined = (tabulate_reconstructions(model, rows, refine=flag) for flag in (False, True))
    assert plain.columns["exact"] == [0, 0]
    assert refined.columns["exact"] == [1, 1]
    assert encode_rows(model, rows, check=True, refine=True).exact == (1, 1)


def test_candidates_and_refined_latent_vectors_exclude_each_other(tiny_model, few_molecules):
    with pytest.raises(ConfigError, match="candidates"):
        tabulate_reconstructions(tiny_model, read_rows(few_molecules), 4, refine=True)


def test_decoding_gives_one_answer_for_each_point(tiny_model):
    latents = tiny_model.prior_latents(20, np.random.default_rng(0))
    decoded = list(decode_latents(tiny_model, latents, GREEDY))
    assert decoded == tiny_model.decode(latents)


def test_points_without_rows_are_counted_from_one(tmp_path):
    np.savez(tmp_path / "own.npz", mean=np.ones((3, 4), np.float64))
    latents = Latents.read(tmp_path / "own.npz", 4)
    assert latents.rows.tolist() == [1, 2, 3]
    assert latents.latents.dtype == np.float32


@pytest.mark.parametrize(
    "mean", [np.ones((3, 5)), np.ones(4), np.full((3, 4), inf), np.array([["a"] * 4])]
)
def test_points_of_another_space_are_refused(tmp_path, mean):
    np.savez(tmp_path / "own.npz", mean=mean)
    with pytest.raises(DataError, match="'mean'"):
        Latents.read(tmp_path / "own.npz", 4)


def test_codes_are_refused_by_another_model_of_their_width(tiny_model, few_molecules, tmp_path):
    path = tmp_path / "latents.npz"
    encode_rows(tiny_model, read_rows(few_molecules)).write(path)
    Latents.read(path, tiny_model.latent_size, mark_of(tiny_model))
    other = MoleculeVAE.untrained(tiny_model.vocabulary, tiny_model.network.config, seed=1)
    with pytest.raises(DataError, match="of another model"):
        Latents.read(path, tiny_model.latent_size, mark_of(other))


def test_codes_without_a_mark_are_let_pass(tiny_model, tmp_path):
    path = tmp_path / "own.npz"
    for mark in {}, {"mark": np.ones(3)}:
        np.savez(path, mean=np.ones((3, tiny_model.latent_size)), **mark)
        assert len(Latents.read(path, tiny_model.latent_size, mark_of(tiny_model)).rows) == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_model_keeps_its_mark_when_it_is_saved(tiny_model, tmp_path, dtype):
    tiny_model.save_pretrained(tmp_path / "model", dtype)
    assert mark_of(MoleculeVAE.from_pretrained(tmp_path / "model", "cpu")) == mark_of(tiny_model)


def test_the_mark_is_that_of_what_decides_codes(tiny_model):
    def marked(**changes):
        model = copy.deepcopy(tiny_model)
        for name, weight in model.network.state_dict().items():
            weight += changes.get(name.partition(".")[0], 0.0)
        return mark_of(model)

    assert marked(language_model=1.0, head=1.0) == mark_of(tiny_model)
    others = {part: marked(**{part: 1.0}) for part in ("embedding", "to_posterior", "decoder")}
    assert len({mark_of(tiny_model), *others.values()}) == 4
    assert mark_of(tiny_model.extend(["[At]"], ("logp", "qed"))) != mark_of(tiny_model)


def test_no_molecule_at_all_is_an_error_with_the_first_refusal(tiny_model):
    refused = RefusedRow(2, "invalid SMILES", "hello", "")
    for function in (encode_rows, reconstruct_rows):
        with pytest.raises(DataError, match=r"in 1 rows; line 2: invalid SMILES \('hello'\)"):
            function(tiny_model, [[refused]])


def test_refused_rows_are_written_with_their_reason(tmp_path):
    rows = [RefusedRow(4, "duplicate", 'C,"C', ""), RefusedRow(9, "too long", "C" * 999, "x")]
    write_refused(tmp_path / "refused.csv", rows)
    lines = (tmp_path / "refused.csv").read_text().splitlines()
    assert lines == [
        "line,reason,text,detail",
        '4,duplicate,"C,""C",',
        f"9,too long,{'C' * 200},x",
    ]


@pytest.fixture
def named(tmp_path):
    path = tmp_path / "named.csv"
    path.write_text("id,smiles,exact,row\nM1,CCO,yes,7\nM2,xx,no,8\nM3,CC(=O)Nc1ccccc1,,9\n")
    return path


@pytest.mark.parametrize("tabulate", [tabulate_reconstructions, tabulate_likelihoods])
def test_further_columns_of_the_file_follow_those_that_are_computed(tiny_model, named, tabulate):
    table = tabulate(tiny_model, read_rows(named))
    assert table.columns["smiles"] == ["CCO", "CC(=O)Nc1ccccc1"]
    assert table.columns["row"] == [2, 4]
    assert table.columns["id"] == ["M1", "M3"]
    assert table.columns["row_input"] == ["7", "9"]
    name = "exact_input" if "exact" in list(table.columns)[:3] else "exact"
    assert table.columns[name] == ["yes", ""]
    assert [row.line for row in table.refused] == [3]


def test_likelihoods_can_say_which_molecules_come_back(tiny_model, few_molecules):
    rows = list(read_rows(few_molecules))
    checked = tabulate_likelihoods(tiny_model, rows, check=True).columns["exact"]
    assert checked == tabulate_reconstructions(tiny_model, rows).columns["exact"]


def test_further_columns_travel_through_latents_on_disk(tiny_model, named, tmp_path):
    encode_rows(tiny_model, read_rows(named)).write(tmp_path / "latents.npz")
    latents = Latents.read(tmp_path / "latents.npz", tiny_model.latent_size)
    assert [row["id"] for row in latents.further] == ["M1", "M3"]
    assert [row["row"] for row in latents.further] == ["7", "9"]


def test_formulas_among_the_refused_rows_are_defused(tmp_path):
    write_refused(tmp_path / "refused.csv", [RefusedRow(4, "=1+1", "=HYPERLINK(1)", "@x")])
    assert (tmp_path / "refused.csv").read_text().splitlines()[1] == "4,'=1+1,'=HYPERLINK(1),'@x"
