from molvae.chem.notation import from_selfies
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.cleaning import CleaningRules, CleaningTask, clean


def cleaned(*texts, max_symbols=50):
    return clean(CleaningTask(list(texts), CleaningRules(StandardizeConfig(), max_symbols)))


def test_the_symbols_of_accepted_texts_spell_their_molecules():
    found = cleaned("OCC", "rubbish", "c1ccccc1")
    symbols = [found.symbols[code] for code in found.codes]
    assert found.accepted.tolist() == [0, 2]
    assert found.lengths.sum() == len(symbols)
    first, second = symbols[: found.lengths[0]], symbols[found.lengths[0] :]
    assert [from_selfies(first).smiles, from_selfies(second).smiles] == ["CCO", "c1ccccc1"]


def test_two_writings_of_a_molecule_have_one_identity():
    ethanol, again, other = cleaned("OCC", "CCO.[Na+].[Cl-]", "CCN").identities
    assert ethanol == again != other


def test_what_cleaning_did_stands_beside_what_it_did_it_to():
    found = cleaned("CCO", "rubbish", "CC[O-].[Na+]", "CC[NH3+]", "C[N+](C)(C)C")
    assert found.changed == [
        (1, "smaller fragments removed"),
        (1, "charges neutralized"),
        (2, "charges neutralized"),
    ]


def test_refused_texts_keep_their_place_and_reason():
    found = cleaned("", "CCO", "C" * 60, "C1CC", max_symbols=20)
    assert [(place, reason) for place, reason, _ in found.refused] == [
        (0, "missing SMILES"),
        (2, "overlong SELFIES"),
        (3, "invalid SMILES"),
    ]


def test_nothing_accepted_gives_empty_arrays():
    found = cleaned("rubbish")
    assert (len(found.accepted), len(found.codes), len(found.lengths)) == (0, 0, 0)


def test_a_dot_in_a_text_of_one_fragment_leaves_nothing_out():
    assert cleaned("C1.C1").changed == []
