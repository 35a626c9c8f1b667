from xml.etree import ElementTree

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
