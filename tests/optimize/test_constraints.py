import pytest
from rdkit import Chem
from rdkit.Chem import AllChem, DataStructs

from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.constraints import HardConstraints, Violation, advice_for
from molvae.optimize.constraints_config import ConstraintsConfig

IBUPROFEN = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"
DRUGS = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "ibuprofen": IBUPROFEN,
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "atorvastatin": "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CCC(O)CC(O)CC(=O)O",
    "salmeterol": "OCc1cc(C(O)CNCCCCCCOCCCCc2ccccc2)ccc1O",
    "fingolimod": "CCCCCCCCc1ccc(CCC(N)(CO)CO)cc1",
    "mestranol": "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1",
    "ritonavir": (
        "CC(C)C(NC(=O)N(C)Cc1csc(C(C)C)n1)C(=O)NC(Cc1ccccc1)CC(O)C(Cc1ccccc1)NC(=O)OCc1cncs1"
    ),
}
# Baell & Holloway 2010 name it among the worst: a rhodanine with an exocyclic double bond.
RHODANINE = "O=C1NC(=S)SC1=Cc1ccccc1"
# A cage of fused small rings.
STRANGE = "CC1C2C3C4C5C6C(C1C7C(C2C6)OC8C7C4N8C35)C"


def violation_of(smiles, **settings):
    return HardConstraints.parse(ConstraintsConfig.parse(settings)).violations(
        [Molecule.parse(smiles)]
    )[0]


@pytest.mark.parametrize("drug", DRUGS)
def test_drugs_pass_the_guard_rails(drug):
    assert violation_of(DRUGS[drug]) is None


@pytest.mark.parametrize(
    ("smiles", "violation"),
    [
        ("CC(=O)[O-].[Na+]", "several fragments"),
        ("CC(=O)NC1=CC=C(O)C[CH]1", "radical"),
        ("C1" + "C" * 8 + "1", "ring too large"),
        ("CC1" + "C" * 11 + "1", "ring too large"),
        ("C" * 9, "carbon chain too long"),
        ("OC(=O)" + "C" * 9, "carbon chain too long"),
        ("CCCCC=CCCC", "carbon chain too long"),
        ("COC" * 12, "too many rotatable bonds"),
        ("c1ccccc1" * 9, "too many heavy atoms"),
        (STRANGE, "too hard to synthesize"),
        ("Cc1c2cc(CN(CCN(C)C)c3ccccn3)cc1C(O)=C2", "bridged aromatic ring"),
        ("C1Cc2ccc1cc2", "bridged aromatic ring"),
        (RHODANINE, "structural alert"),
        # An oxazetidine: an N-O bond in a ring of four.
        ("Cc1cc(Nc2ncnc3cc(O)c(ON4COC4)cc23)ccc1F", "rare atom environment"),
        ("CCCOOCCc1ccccc1", "reactive group"),
    ],
)
def test_what_breaks_a_guard_rail_is_refused_by_name(smiles, violation):
    assert violation_of(smiles) == violation
    assert violation_of(smiles, guardrails=False) is None


@pytest.mark.parametrize(
    "smiles", ["C" * 8, "CCCCC(C)CCCCC", "CCCCOCCCC", "C1CCCCCCC1", "CCCCC1CC1CCCC"]
)
def test_chains_end_at_branches_rings_and_other_atoms(smiles):
    assert violation_of(smiles) is None


@pytest.mark.parametrize(
    ("limits", "smiles", "violation"),
    [
        ({"max_heavy_atoms": 12}, DRUGS["aspirin"], Violation.HEAVY_ATOMS),
        ({"max_heavy_atoms": 13}, DRUGS["aspirin"], None),
        ({"max_ring_size": 5}, DRUGS["aspirin"], Violation.RING),
        ({"max_ring_size": 6}, DRUGS["aspirin"], None),
        ({"max_chain": 7}, DRUGS["fingolimod"], Violation.CHAIN),
        ({"max_chain": 12}, "C" * 12, None),
        # Ibuprofen: isobutyl 2, propionic acid 2.
        ({"max_rotatable_bonds": 3}, IBUPROFEN, Violation.ROTATABLE_BONDS),
        ({"max_rotatable_bonds": 4}, IBUPROFEN, None),
        ({"max_sa": 10, "min_environment_rate": 0, "allow_reactive": True}, STRANGE, None),
        ({"alerts": ()}, RHODANINE, None),
        # Brenk et al. 2008 object to aspirin's phenol ester.
        ({"alerts": ["pains", "brenk"]}, DRUGS["aspirin"], Violation.ALERT),
    ],
)
def test_each_limit_can_be_moved(limits, smiles, violation):
    assert violation_of(smiles, limits=limits) == violation


def test_rare_environments_of_the_lead_are_accepted():
    propoxyphene = "CCC(=O)OC(Cc1ccccc1)(c1ccccc1)C(C)CN(C)C"
    changed = "CCC(=O)OC(Cc1ccccc1F)(c1ccccc1)C(C)CN(C)C"
    strange = "CCC(=O)OC(Cc1ccccc1F)(c1ccccc1)C(C)CN(C)N=C(F)O"
    for smiles in (propoxyphene, changed):
        assert violation_of(smiles) == Violation.RARE_ENVIRONMENT
        assert violation_of(smiles, lead=propoxyphene) is None
    assert violation_of(strange, lead=propoxyphene) == Violation.RARE_ENVIRONMENT


# n-alkanes by the normalised formula, worked out elsewhere: C20 6.45, C38 11.19.
@pytest.mark.parametrize("length", [20, 38, 40, 60])
def test_alkanes_that_win_penalised_logp_are_refused(length):
    alkane = Molecule.parse("C" * length)
    best_of_zinc = 4.52
    assert property_values(alkane, ["penalized_logp"])["penalized_logp"] > best_of_zinc
    assert violation_of(alkane.smiles) in {Violation.CHAIN, Violation.HEAVY_ATOMS}


def test_patterns_are_kept_and_avoided():
    settings = {"keep": ["c1ccccc1", "C(=O)[OH]"], "avoid": ["[Cl,Br]"], "guardrails": False}
    assert violation_of(IBUPROFEN, **settings) is None
    assert violation_of("CC(=O)O", **settings) == "required pattern missing"
    assert violation_of("OC(=O)c1ccccc1Cl", **settings) == "unwanted pattern"


# An indole with a methyl group at its nitrogen, and a stereocenter in its linker.
LINKED = "Cn1cc([C@H](C)CC2CC2)c2ccccc21"


@pytest.mark.parametrize(
    ("smiles", "violation"),
    [
        (LINKED, None),
        ("Fc1ccc2[nH]cc(CCC3CC3)c2c1", None),
        ("Cn1cc(C(C)CC2CC2c2ccccn2)c2ccccc21", None),
        ("Cn1cc(CCCC2CC2)c2ccccc21", Violation.SCAFFOLD_MISSING),
        ("Cn1cc(C(C)CC2CCC2)c2ccccc21", Violation.SCAFFOLD_MISSING),
        ("Cn1cc(C(C)CC2CC2)c2ccncc21", Violation.SCAFFOLD_MISSING),
        ("Cn1cc(C=CC2CC2)c2ccccc21", Violation.SCAFFOLD_MISSING),
    ],
)
def test_the_scaffold_of_the_lead_is_kept(smiles, violation):
    assert violation_of(smiles, lead=LINKED, keep_scaffold=True, guardrails=False) == violation
    assert violation_of(smiles, lead=LINKED, guardrails=False) is None


@pytest.mark.parametrize(
    ("smiles", "violation"),
    [
        ("C[C@H](N)C(=O)O", "stereochemistry"),
        ("C/C=C/C", "stereochemistry"),
        ("[2H]OC", "isotope label"),
        ("[13CH3]C", "isotope label"),
        ("C[NH3+]", None),
        ("CC(N)C(=O)O", None),
    ],
)
def test_flat_refuses_marks_of_stereochemistry_and_isotopes(smiles, violation):
    assert violation_of(smiles, flat=True, guardrails=False) == violation
    assert violation_of(smiles, guardrails=False) is None


def rdkit_similarity(one, other):
    bits = [
        AllChem.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprint(Chem.MolFromSmiles(smiles))
        for smiles in (one, other)
    ]
    return DataStructs.TanimotoSimilarity(*bits)


def test_similarity_to_the_lead_is_that_of_morgan_bits():
    constraints = HardConstraints.parse(ConstraintsConfig(lead=IBUPROFEN))
    found = constraints.similarities([Molecule.parse(one) for one in DRUGS.values()])
    expected = [rdkit_similarity(IBUPROFEN, one) for one in DRUGS.values()]
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


# Counted in eight bits, its features would begin again at 0.
def test_a_lead_of_many_features_is_as_similar_to_itself_as_any():
    residues = "NC(C)C(=O) NC(Cc1ccccc1)C(=O) NC(CO)C(=O) NC(Cc1c[nH]c2ccccc12)C(=O) NCC(=O)"
    lead = Molecule.parse(".".join([*DRUGS.values(), RHODANINE, residues.replace(" ", "") + "O"]))
    constraints = HardConstraints.parse(ConstraintsConfig(lead=lead.smiles))
    assert morgan_bits([lead], 2, 2048).sum() > 255
    assert constraints.similarities([lead]).tolist() == [1]


def test_what_is_less_similar_than_asked_for_is_refused_and_the_bound_is_not():
    other = "CC(C)Cc1ccc(cc1)C(C)C(=O)N"
    bound = rdkit_similarity(IBUPROFEN, other)
    assert 0 < bound < 1
    assert violation_of(other, lead=IBUPROFEN, min_similarity=bound) is None
    assert (
        violation_of(other, lead=IBUPROFEN, min_similarity=bound + 1e-9)
        == "too dissimilar to the lead"
    )
    assert violation_of(IBUPROFEN, lead=IBUPROFEN, min_similarity=1) is None


def test_a_molecule_is_judged_alike_alone_among_others_and_again():
    settings = {"lead": IBUPROFEN, "min_similarity": 0.05}
    texts = ["C" * 9, "FC(F)F", IBUPROFEN, "C(F)(F)F", RHODANINE, IBUPROFEN, DRUGS["aspirin"]]
    molecules = [Molecule.parse(text) for text in texts]
    constraints = HardConstraints(ConstraintsConfig.parse(settings), Molecule.parse(IBUPROFEN))
    alone = [violation_of(text, **settings) for text in texts]
    unlike = Violation.UNLIKE_LEAD
    assert constraints.violations(molecules) == constraints.violations(molecules) == alone
    assert constraints.violations(molecules[::-1]) == alone[::-1]
    assert constraints.violations([]) == []
    assert alone[1:] == [unlike, None, unlike, Violation.ALERT, None, None]


def test_rejected_molecules_are_counted_by_reason_and_the_lead_is_not():
    constraints = HardConstraints.parse(ConstraintsConfig(keep=("N",), guardrails=False))
    molecules = [Molecule.parse(text) for text in ("CCO", "CCN", "CCO", "C")]
    constraints.violations(molecules)
    assert constraints.rejections.total() == 0
    missing = Violation.PATTERN_MISSING
    assert constraints.check(molecules) == [missing, None, missing, missing]
    assert constraints.rejections == {missing: 3}


def test_conditions_of_the_objective_are_judged_before_a_call_is_spent():
    tables = {
        "name": "x",
        "where": "heavy_atoms <= 5",
        "component": [{"property": "qed"}],
        "constraint": [
            {"property": "logp", "high": 1.0},
            {"kind": "smarts", "smarts": "[Cl]", "name": "chlorine", "wanted": "absent"},
        ],
    }
    objective = ConfiguredObjective(ObjectiveConfig.parse_tables(tables))
    constraints = HardConstraints.parse(ConstraintsConfig(guardrails=False), objective)
    texts = ["CCO", "CCCCCCO", "CCCCC", "CCCl"]
    reasons = constraints.check([Molecule.parse(text) for text in texts])
    assert reasons[0] is None
    assert "heavy_atoms <= 5" in reasons[1]
    assert "logp" in reasons[2]
    assert "logp" in reasons[3] or "chlorine" in reasons[3]
    assert all(advice_for(reason) for reason in reasons[1:])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lead": "c1cc"}, "lead = 'c1cc': expected a SMILES"),
        ({"keep": ["c1cc"]}, "'c1cc' is not a SMARTS pattern"),
        ({"avoid": ["(("], "keep": ["c1cc"]}, "'c1cc' is not .*; '\\(\\(' is not"),
        ({"min_similarity": 0.4}, "min_similarity"),
        ({"keep": ["C"], "avoid": ["C"]}, "cannot be kept and avoided"),
        ({"lead": "CCO", "keep": ["N"]}, "the lead itself lacks \\['N'\\]"),
        ({"scaffold_threshold": 0.5}, "scaffold_bucket"),
        ({"keep_scaffold": True}, "keep_scaffold"),
        ({"lead": "CCO", "keep_scaffold": True}, "keep_scaffold"),
    ],
)
def test_what_cannot_be_asked_for_is_told(settings, message):
    with pytest.raises(ConfigError, match=message):
        HardConstraints.parse(ConstraintsConfig.parse(settings))


def test_a_bound_beyond_one_is_told():
    with pytest.raises(ConfigError, match=r"min_similarity = 1\.1"):
        ConstraintsConfig.parse({"min_similarity": 1.1})


def test_the_rails_are_told_in_one_line():
    assert str(ConstraintsConfig().limits) == (
        "one part, no radicals, no bridged aromatic rings, at most 50 heavy atoms, rings of 8, "
        "carbon chains of 8, 20 rotatable bonds, SA 6, no PAINS alert, no reactive groups, "
        "no rare atom environments"
    )


def test_each_violation_has_advice():
    assert all(advice_for(violation) for violation in Violation)
