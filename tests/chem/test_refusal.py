import pytest

from molvae.chem.refusal import Refusal, count_phrase


@pytest.mark.parametrize(
    ("reason", "plural"),
    [
        (Refusal.RADICAL, "7 radicals"),
        (Refusal.DUPLICATE, "7 duplicates"),
        (Refusal.INVALID, "7 invalid SMILES"),
        (Refusal.TOO_MANY_SYMBOLS, "7 overlong SELFIES"),
        (Refusal.TOO_MANY_HEAVY_ATOMS, "7 molecules too large"),
        (Refusal.NOT_ENCODABLE, "7 molecules not encodable as SELFIES"),
        (Refusal.MIXTURE, "7 mixtures of molecules"),
        (Refusal.CONDITION_NOT_MET, "7 conditions not met"),
        (Refusal.BOND_NOT_ALLOWED, "7 disallowed bond types"),
    ],
)
def test_a_reason_reads_after_a_count(reason, plural):
    assert count_phrase(7, reason) == count_phrase(7, str(reason)) == plural
    assert count_phrase(1, reason) == f"1 {reason}"


def test_other_reasons_stay_as_they_are():
    assert count_phrase(7, "too many fields in the row") == "7 too many fields in the row"
