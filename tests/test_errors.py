import copy
from multiprocessing.reduction import ForkingPickler

import pytest

from molvae import errors
from molvae.errors import MissingExtraError, MoleculeError, MolvaeError


def test_every_error_is_a_molvae_error():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 8
    assert all(issubclass(kind, MolvaeError) for kind in kinds)


@pytest.mark.parametrize(
    "error", [MoleculeError("not a molecule", "C1CC"), MissingExtraError("tensorboard", "track")]
)
def test_errors_cross_process_borders_whole(error):
    for other in (ForkingPickler.loads(ForkingPickler.dumps(error)), copy.copy(error)):
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_a_missing_extra_tells_the_command():
    assert "pip install 'molvae[track]'" in str(MissingExtraError("tensorboard", "track"))
