import platform

import pytest
import torch

from molvae.training.memory import freed_memory_kept

resource = pytest.importorskip("resource")


def pages_of_ten_updates():
    """Pages that the system had to supply for arrays that are freed each time."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is told to")
def test_freed_memory_serves_again_within_the_block_and_not_beyond():
    usual = pages_of_ten_updates()
    with freed_memory_kept():
        pages_of_ten_updates()
        kept = pages_of_ten_updates()
    assert kept < usual / 10
    assert pages_of_ten_updates() > usual / 2
