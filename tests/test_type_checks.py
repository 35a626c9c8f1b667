"""The tests check types; otherwise wrong annotations and shapes would go unseen."""

import numpy as np
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import TypeCheckError

from molvae.chem.molecule import Molecule
from molvae.model.recurrence import GRULayer, linear_as_weights
from molvae.objectives.objective import Scores


def test_an_argument_of_another_type_is_an_error():
    with pytest.raises(BeartypeCallHintViolation):
        Molecule.parse(5)


def test_arrays_whose_shapes_do_not_fit_are_errors():
    weight = torch.zeros(4, 3)
    assert linear_as_weights(torch.zeros(2, 3), weight, None).shape == (2, 4)
    with pytest.raises(BeartypeCallHintViolation):
        linear_as_weights(torch.zeros(2, 5), weight, None)
    with pytest.raises(BeartypeCallHintViolation):
        GRULayer(3, 4).step(torch.zeros(2, 12), torch.zeros(3, 4))


def test_fields_of_another_shape_are_errors():
    Scores(np.zeros(2), {}, {})
    with pytest.raises(TypeCheckError):
        Scores(np.zeros((2, 2)), {}, {})
