import re
from xml.etree import ElementTree

import pytest

from molvae.chem.depiction import depiction
from molvae.chem.molecule import Molecule


def test_atoms_and_bonds_are_drawn_in_the_size_asked_for():
    svg = ElementTree.fromstring(depiction(Molecule.parse("OCC"), 200, 100))
    assert (svg.get("width"), svg.get("height")) == ("200px", "100px")
    classes = {node.get("class") for node in svg.iter()}
    assert {"bond-0 atom-0 atom-1", "bond-1 atom-1 atom-2"} <= classes


def test_drawing_leaves_the_molecule_as_it_was():
    molecule = Molecule.parse("c1ccccc1O")
    depiction(molecule)
    assert molecule.mol.GetNumConformers() == 0
    assert molecule == Molecule.parse("Oc1ccccc1")


HIGHLIGHT = "#FFC159"
LEAD = Molecule.parse("CC(=O)Nc1ccc(O)cc1")


def test_a_molecule_lies_as_its_reference_with_the_difference_highlighted():
    svg = depiction(Molecule.parse("CC(=O)Nc1ccc(OCC)cc1"), reference=LEAD)
    highlighted = set(re.findall(r"class='(atom-\d+)' \s*style='fill:" + HIGHLIGHT, svg))
    assert highlighted == {"atom-9", "atom-10"}


def test_the_reference_itself_has_no_highlight_and_the_same_drawing():
    assert depiction(LEAD, reference=LEAD) == depiction(LEAD)
    assert HIGHLIGHT not in depiction(LEAD, reference=LEAD)


@pytest.mark.parametrize("smiles", ["FC(F)F", "[Na+]"])
def test_a_molecule_with_nothing_in_common_is_drawn_as_without_a_reference(smiles):
    molecule = Molecule.parse(smiles)
    assert depiction(molecule, reference=LEAD) == depiction(molecule)


def test_a_ring_in_part_is_no_common_substructure():
    cyclohexyl, cyclopentyl = map(Molecule.parse, ("NC(=O)CCC1CCCCC1", "NC(=O)CCC1CCCC1"))
    svg = depiction(cyclopentyl, reference=cyclohexyl)
    highlighted = re.findall(r"class='(atom-\d+)' \s*style='fill:" + HIGHLIGHT, svg)
    assert len(set(highlighted)) == 5


def test_a_comparison_that_takes_too_long_is_left_out():
    fused, chain = map(
        Molecule.parse,
        (
            "c1cc2ccc3ccc4ccc5ccc6ccc1c1c2c3c4c5c61",
            "c1ccc2c(c1)ccc1c2ccc2c1ccc1c2ccc2c1ccc1c2ccc2ccccc21",
        ),
    )
    assert depiction(chain, reference=fused) == depiction(chain)
