import copy
from multiprocessing.reduction import ForkingPickler

import pytest

from molvae import errors
from molvae.errors import MissingExtraError, MoleculeError, MolvaeError, first_line


def test_every_error_is_a_molvae_error():
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    assert len(kinds) > 8
    assert all(issubclass(kind, MolvaeError) for kind in kinds)


@pytest.mark.parametrize(
    "error", [MoleculeError("not a molecule", "C1CC"), MissingExtraError("tensorboard", "track")]
)
def test_errors_cross_process_borders_whole(error):
    for other in (ForkingPickler.loads(ForkingPickler.dumps(error)), copy.copy(error)):
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_a_missing_extra_names_packages_that_pip_can_install_today():
    assert "pip install 'tensorboard>=" in str(MissingExtraError("tensorboard", "track"))
    both = str(MissingExtraError("skops", "sklearn"))
    assert "scikit-learn" in both
    assert "'skops>=" in both
    assert str(MissingExtraError("left", "unknown")).endswith("pip install left")


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("\n bad value \nat 0x1"), "bad value"),
        (ValueError("x" * 500), "x" * 200),
        (ValueError(), "ValueError"),
        (UnprintableError(), "UnprintableError"),
    ],
)
def test_the_first_line_of_an_error_is_never_empty(error, line):
    assert first_line(error) == line
