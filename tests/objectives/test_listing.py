import json

from molvae.chem.properties import PROPERTIES
from molvae.chem.similarity import FingerprintKind
from molvae.objectives.components import MEASURES
from molvae.objectives.desirability import CURVES
from molvae.objectives.listing import listing, listing_text
from molvae.objectives.suites import named_objectives


def test_everything_that_a_file_may_hold_is_listed():
    found = listing()
    assert set(found["components"]) == set(MEASURES)
    assert set(found["curves"]) == set(CURVES)
    assert set(found["properties"]) == set(PROPERTIES)
    assert set(found["objectives"]) == set(named_objectives())


def test_settings_are_told_with_their_defaults():
    about = listing()["components"]["similarity"]
    assert about["about"] == "Tanimoto similarity to a reference molecule, from 0 to 1."
    assert about["settings"]["smiles"] == "required; Reference molecule."
    assert about["settings"]["fingerprint"].startswith("ecfp4; ")
    assert listing()["every component"]["weight"].startswith("1.0; ")
    assert set(listing()["file"]) == {"name", "aggregation", "where"}


def test_the_values_that_a_setting_may_have_are_listed():
    settings = {kind: one["settings"] for kind, one in listing()["components"].items()}
    assert settings["smarts"]["wanted"].startswith("present; or absent, count; ")
    assert settings["alerts"]["catalogue"] == "pains; or brenk, nih, mcf, reactive"
    fingerprints = settings["similarity"]["fingerprint"].split("; ")[1].removeprefix("or ")
    assert {"ecfp4", *fingerprints.split(", ")} == {str(one) for one in FingerprintKind}
    assert settings["formula"]["formula"].startswith("required; Molecular formula")


def test_the_listing_is_json():
    assert json.loads(json.dumps({**listing()}))["properties"]["tpsa"].startswith("Å²")


def test_every_name_stands_in_the_text():
    lines = {line.split()[0] for line in listing_text().splitlines() if line}
    assert {*MEASURES, *CURVES, *PROPERTIES, *named_objectives()} <= lines


def test_each_kind_and_setting_says_what_it_is():
    for section in ("components", "curves"):
        for about in listing()[section].values():
            assert about["about"].endswith(".")
