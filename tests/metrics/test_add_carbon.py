"""The control of Renz et al. 2019, small enough to be followed by hand."""

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.metrics.add_carbon import add_carbon


def test_methane_and_a_carbon_is_ethane():
    assert add_carbon(["C"], {"C"}, 3, np.random.default_rng(0)) == ["CC"] * 3


def test_what_is_known_is_not_made():
    # Of ethanol: a carbon at either end, or between; propan-1-ol is known.
    made = set(add_carbon(["CCO"], {"CCO", "CCCO"}, 20, np.random.default_rng(0)))
    assert made == {"CCOC"}
    with pytest.raises(DataError, match="only 0 of 1"):
        add_carbon(["C"], {"C", "CC"}, 1, np.random.default_rng(0))


def test_a_text_that_could_not_be_read_does_not_become_methane():
    assert set(add_carbon(["", "C"], set(), 20, np.random.default_rng(0))) == {"CC"}
    with pytest.raises(DataError, match="only 0 of 1"):
        add_carbon([""], set(), 1, np.random.default_rng(0))


def test_the_same_seed_makes_the_same():
    training = ["CCO", "c1ccccc1", "CC(=O)N"]
    one, two, other = (
        add_carbon(training, set(training), 10, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == two != other
