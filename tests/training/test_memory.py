import multiprocessing
import platform
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import torch

from molvae.training.memory import keep_freed_memory

resource = pytest.importorskip("resource")
STATM = Path("/proc/self/statm")


def pages_of_ten_updates():
    """Pages that the system had to supply for arrays that are freed each time."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident_bytes():
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


def pages_and_bytes():
    """Pages without and within the block, and the bytes that its end gives back."""
    usual = pages_of_ten_updates()
    with keep_freed_memory():
        pages_of_ten_updates()
        kept = pages_of_ten_updates()
        held = resident_bytes()
    return usual, kept, held - resident_bytes()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is told to")
@pytest.mark.skipif(not STATM.exists(), reason="Linux alone tells what is resident")
def test_freed_memory_serves_again_within_the_block_and_is_given_back_at_its_end():
    # In a process of its own: what other tests left free would serve here without a new page.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as process:
        usual, kept, returned = process.submit(pages_and_bytes).result()
    # A few arrays may still be placed elsewhere, as the layout of the heap has it.
    assert kept < usual / 2
    # One array at least: what else lies free in the process may be given back besides.
    assert returned > 40_000_000 / 2
