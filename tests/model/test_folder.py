import hashlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time

import pytest
import safetensors.torch
import torch

from molvae.errors import ModelError
from molvae.model.folder import FORMAT, read_model, write_model
from molvae.molecule_vae import MoleculeVAE


@pytest.fixture
def folder(tiny_model, tmp_path):
    tiny_model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def describe(folder, **changes):
    """Change model.json as somebody would who knows how its digest is made."""
    path = folder / "model.json"
    description = {**json.loads(path.read_text()), **changes}
    digests = description["sha256"]
    digests.pop("model.json", None)
    canonical = json.dumps(description, sort_keys=True, separators=(",", ":"))
    digests["model.json"] = hashlib.sha256(canonical.encode()).hexdigest()
    path.write_text(json.dumps(description))


def rehash(folder, name):
    digests = json.loads((folder / "model.json").read_text())["sha256"]
    digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    describe(folder, sha256=digests)


def replace_weights(folder, **weights):
    path = folder / "weights.safetensors"
    path.write_bytes(safetensors.torch.save({**safetensors.torch.load_file(path), **weights}))
    rehash(folder, path.name)


def test_a_saved_model_is_the_same_model(tiny_model, folder):
    loaded = MoleculeVAE.from_pretrained(folder)
    for name, weight in tiny_model.network.state_dict().items():
        assert torch.equal(weight, loaded.network.state_dict()[name]), name
    assert loaded.vocabulary == tiny_model.vocabulary
    assert loaded.property_names == tiny_model.property_names
    assert loaded.card == tiny_model.card


def test_saving_again_replaces_the_model_and_leaves_nothing_else(tiny_model, folder):
    tiny_model.save_pretrained(folder)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.json",
        "vocabulary.json",
        "weights.safetensors",
    ]


def test_saving_again_leaves_what_else_lies_there(tiny_model, folder, tmp_path):
    (folder / "README.md").write_text("mine")
    (folder / ".git").mkdir()
    # What an earlier save had not yet taken over when it was cut off.
    (tmp_path / f".{folder.name}.old").mkdir()
    (tmp_path / f".{folder.name}.old" / "notes.txt").write_text("mine too")
    tiny_model.save_pretrained(folder)
    assert (folder / "README.md").read_text() == "mine"
    assert (folder / "notes.txt").read_text() == "mine too"
    assert (folder / ".git").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    MoleculeVAE.from_pretrained(folder)


def test_saving_again_after_a_swap_that_was_cut_in_two(tiny_model, folder, tmp_path):
    (folder / "README.md").write_text("mine")
    folder.rename(tmp_path / f".{folder.name}.old")
    tiny_model.save_pretrained(folder)
    assert (folder / "README.md").read_text() == "mine"
    # A newer file of that name stays.
    (tmp_path / f".{folder.name}.old").mkdir()
    (tmp_path / f".{folder.name}.old" / "README.md").write_text("older")
    tiny_model.save_pretrained(folder)
    assert (folder / "README.md").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_half_precision_halves_the_file_and_loads_as_float32(tiny_model, folder):
    whole = (folder / "weights.safetensors").stat().st_size
    tiny_model.save_pretrained(folder, torch.float16)
    assert (folder / "weights.safetensors").stat().st_size < 0.6 * whole
    loaded = MoleculeVAE.from_pretrained(folder)
    assert {weight.dtype for weight in loaded.network.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("name", ["model.json", "vocabulary.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        MoleculeVAE.from_pretrained(folder)


@pytest.mark.parametrize("name", ["vocabulary.json", "weights.safetensors"])
def test_a_truncated_file_is_named(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=name):
        MoleculeVAE.from_pretrained(folder)


def test_a_truncated_description_is_refused(folder):
    (folder / "model.json").write_text((folder / "model.json").read_text()[:40])
    with pytest.raises(ModelError, match=r"model\.json.*not JSON"):
        MoleculeVAE.from_pretrained(folder)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_flipped_bit_in_the_weights_is_noticed(folder, place):
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[place] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"weights\.safetensors"):
        MoleculeVAE.from_pretrained(folder)


def test_weights_of_the_wrong_shape_are_named(folder):
    path = folder / "weights.safetensors"
    weights = safetensors.torch.load(path.read_bytes())
    weights["decoder.to_logits.bias"] = torch.zeros(3)
    del weights["decoder.to_state.bias"]
    path.write_bytes(safetensors.torch.save(weights))
    rehash(folder, path.name)
    with pytest.raises(
        ModelError,
        match=r"decoder\.to_logits\.bias has shape \[3\].*decoder\.to_state\.bias is missing",
    ):
        MoleculeVAE.from_pretrained(folder)


def test_a_newer_format_is_refused_by_number(folder):
    describe(folder, format=FORMAT + 1)
    with pytest.raises(ModelError, match=f"format {FORMAT + 1}.*upgrade"):
        MoleculeVAE.from_pretrained(folder)


def test_a_foreign_folder_is_refused(folder):
    (folder / "model.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="does not describe a molvae model"):
        MoleculeVAE.from_pretrained(folder)


def test_another_constraint_table_is_refused(folder):
    describe(folder, constraints={"C": 5})
    with pytest.raises(ModelError, match="constraints"):
        MoleculeVAE.from_pretrained(folder)


def test_a_description_without_settings_is_refused(folder):
    path = folder / "model.json"
    description = json.loads(path.read_text())
    del description["model"]
    path.write_text(json.dumps(description))
    describe(folder)
    with pytest.raises(ModelError, match="model: Field required"):
        MoleculeVAE.from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"properties": "ab"}, "properties = 'ab'"),
        ({"properties": [1]}, "properties.0 = 1"),
        ({"acceptance": "no idea"}, "acceptance"),
        ({"card": None}, "card = None"),
        ({"card": {"validation": None}}, "validation = None"),
        ({"card": {"validation": {"exact_reconstruction": "high"}}}, "exact_reconstruction"),
        ({"card": {"max_symbols": 0}}, "max_symbols = 0"),
        ({"card": {"provenance": {"seed": -1}}}, "provenance.seed = -1"),
    ],
)
def test_a_description_that_tells_nonsense_is_refused(folder, changes, complaint):
    describe(folder, **changes)
    with pytest.raises(ModelError, match=complaint) as refused:
        MoleculeVAE.from_pretrained(folder)
    assert "damaged or foreign" in str(refused.value)


def test_a_network_beyond_all_memory_is_refused_before_it_is_made(folder):
    path = folder / "model.json"
    described = json.loads(path.read_text())["model"]
    sizes = {
        "latent_size": 10**12,
        "encoder_layers": 10**7,
        "encoder_size": 10**40,
        "embedding_size": -1,
        "prior_size": -5,
        "tokens": 10**9,
    }
    for name, size in sizes.items():
        describe(folder, model={**described, name: size})
        with pytest.raises(ModelError, match=name):
            MoleculeVAE.from_pretrained(folder)


def test_a_model_is_saved_through_a_link_and_not_over_a_file(folder, tmp_path):
    model = MoleculeVAE.from_pretrained(folder)
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    for _ in range(2):
        model.save_pretrained(link)
        assert link.is_symlink()
    assert MoleculeVAE.from_pretrained(link).latent_size == model.latent_size
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="is not a model folder"):
        model.save_pretrained(tmp_path / "file")


def test_no_folder_at_all_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no model folder"):
        MoleculeVAE.from_pretrained(tmp_path / "nothing")


def test_a_folder_of_something_else_is_not_overwritten(tiny_model, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelError, match="is not a model folder"):
        tiny_model.save_pretrained(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_loaded_file_runs_no_code(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(b"cos\nsystem\n(S'touch /tmp/molvae_was_here'\ntR.")
    rehash(folder, path.name)
    with pytest.raises(ModelError, match="not a safetensors file"):
        MoleculeVAE.from_pretrained(folder)
    shutil.rmtree(folder)


def test_a_flipped_bit_in_the_description_is_never_believed(folder):
    path = folder / "model.json"
    content, original = path.read_bytes(), json.loads(path.read_bytes())
    choose = random.Random(0)
    for _ in range(200):
        changed = bytearray(content)
        changed[choose.randrange(len(content))] ^= 1 << choose.randrange(8)
        path.write_bytes(changed)
        try:
            read = read_model(folder).description
        except ModelError:
            continue
        # White space alone may differ.
        assert read == original


def test_a_model_without_a_digest_of_its_description_loads(folder):
    path = folder / "model.json"
    description = json.loads(path.read_text())
    del description["sha256"]["model.json"]
    path.write_text(json.dumps(description))
    MoleculeVAE.from_pretrained(folder)


@pytest.mark.parametrize("name", ["model.json", "vocabulary.json", "weights.safetensors"])
def test_a_pipe_or_a_device_is_refused_unopened(folder, name):
    path = folder / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ModelError, match=f"{name}.*not a regular file"):
        MoleculeVAE.from_pretrained(folder)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ModelError, match=f"{name}.*not a regular file"):
        MoleculeVAE.from_pretrained(folder)


def test_a_file_larger_than_any_model_is_refused_unread(folder):
    os.truncate(folder / "vocabulary.json", 1 << 40)
    with pytest.raises(ModelError, match=r"vocabulary\.json.*MiB"):
        MoleculeVAE.from_pretrained(folder)


def test_sizes_that_an_empty_tensor_would_allow_are_refused_before_memory_is_asked_for(folder):
    replace_weights(folder, extra=torch.zeros(0, 10**9))
    described = json.loads((folder / "model.json").read_text())["model"]
    for size, complaint in ((30_000, "do not fit"), (10**6, "decoder_size")):
        describe(folder, model={**described, "decoder_size": size})
        begun = time.process_time()
        with pytest.raises(ModelError, match=complaint):
            MoleculeVAE.from_pretrained(folder)
        assert time.process_time() - begun < 5


def test_weights_that_are_not_finite_are_refused(folder):
    replace_weights(folder, **{"to_posterior.bias": torch.full((32,), torch.nan)})
    with pytest.raises(ModelError, match=r"NaN.*to_posterior\.bias"):
        MoleculeVAE.from_pretrained(folder)


def test_weights_that_float32_cannot_hold_are_refused(folder):
    bias = torch.full((32,), 1e300, dtype=torch.float64)
    replace_weights(folder, **{"to_posterior.bias": bias})
    with pytest.raises(ModelError, match=r"infinite.*to_posterior\.bias"):
        MoleculeVAE.from_pretrained(folder)


def test_weights_of_another_type_are_refused(folder):
    replace_weights(folder, **{"to_posterior.bias": torch.zeros(32, dtype=torch.int64)})
    with pytest.raises(ModelError, match=r"types.*to_posterior\.bias is I64"):
        MoleculeVAE.from_pretrained(folder)


def write_vocabulary(folder, **content):
    path = folder / "vocabulary.json"
    path.write_text(json.dumps({"kind": "molvae vocabulary", **content}))
    rehash(folder, path.name)


@pytest.mark.parametrize(
    "content",
    [
        {"symbols": ["[C]]"]},
        {"symbols": ["[C][C]"]},
        {"symbols": ["[C] [C]"]},
        {"symbols": [f"[{'C' * 10_000}]"]},
        {"tokens": ["[C]", "[C][C][C]"], "merges": []},
        {"tokens": ["[C]", "[N]", "[C][N]"], "merges": [["[C]", "[O]"]]},
        {"tokens": ["[C]", "[C][C]"], "merges": [["[C]", "[C]"]] * 2},
        {"tokens": [f"[{number}]" for number in range(200_000)], "merges": []},
    ],
)
def test_a_vocabulary_that_no_training_makes_is_refused(folder, content):
    write_vocabulary(folder, **content)
    with pytest.raises(ModelError, match="the vocabulary"):
        MoleculeVAE.from_pretrained(folder)


@pytest.mark.parametrize("name", ["model.json", "vocabulary.json"])
@pytest.mark.parametrize("content", ["[" * 200_000, "[" * 200 + "]" * 200, '{"kind": NaN}'])
def test_json_that_no_model_holds_is_refused(folder, name, content):
    (folder / name).write_text(content)
    if name == "vocabulary.json":
        rehash(folder, name)
    with pytest.raises(ModelError, match=name):
        MoleculeVAE.from_pretrained(folder)


def sparse_weights(header, n_bytes):
    """Content of a safetensors file of `n_bytes` of zeros, none of which takes room on the disk."""

    def write(folder):
        path = folder / "weights.safetensors"
        encoded = json.dumps(header).encode() if isinstance(header, dict) else header
        path.write_bytes(len(encoded).to_bytes(8, "little") + encoded)
        os.truncate(path, 8 + len(encoded) + n_bytes)

    return write


def tensor(n_bytes, shape, kind="F32"):
    return {"x": {"dtype": kind, "shape": shape, "data_offsets": [0, n_bytes]}}


GIB = 1 << 30
HOSTILE = {
    "foreign shapes": sparse_weights(tensor(GIB, [GIB // 4]), GIB),
    "no bytes": sparse_weights(tensor(0, [0, 10**18]), 0),
    "negative": sparse_weights(tensor(GIB, [-1, -GIB // 4]), GIB),
    "overflowing": sparse_weights(tensor(GIB, [1 << 62, 1 << 62]), GIB),
    "fewer bytes than the header says": sparse_weights(tensor(GIB, [GIB // 4]), 1 << 20),
    "more bytes than the header says": sparse_weights(tensor(16, [4]), GIB),
    "another type": sparse_weights(tensor(GIB, [GIB], "U8"), GIB),
    "a long header": sparse_weights(b"{" + b" " * (90 << 20) + b"}", 0),
    "many tensors": sparse_weights(
        {
            f"x{index}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
            for index in range(15_000)
        },
        0,
    ),
    "many empty objects": lambda folder: (folder / "model.json").write_text(
        "[" + ",".join(["{}"] * 80_000) + "]"
    ),
    "a deep description": lambda folder: (folder / "model.json").write_text("[" * 250_000),
    "a large description": lambda folder: os.truncate(folder / "model.json", 16 << 20),
    "many properties": lambda folder: describe(folder, properties=["p"] * 50_000),
    "properties of another kind": lambda folder: describe(folder, properties=[1] * 80_000),
    "constraints of another kind": lambda folder: describe(
        folder, constraints={str(number): "x" for number in range(15_000)}
    ),
    "a quadratic vocabulary": lambda folder: write_vocabulary(
        folder,
        tokens=["[C]" * length for length in range(1, 1_600)],
        merges=[["[C]" * length, "[C]"] for length in range(1, 600)],
    ),
    "too many merges": lambda folder: write_vocabulary(
        folder, tokens=["[C]", "[C][C]"], merges=[["[C]", "[C]"]] * 200_000
    ),
    "a repeated merge": lambda folder: write_vocabulary(
        folder, tokens=["[C]", "[C][C]"], merges=[["[C]", "[C]"]] * 60_000
    ),
    "a large vocabulary": lambda folder: write_vocabulary(
        folder, symbols=[f"[{number}]" for number in range(60_000)]
    ),
}

LOADS = """
import json, sys, time
from pathlib import Path
from molvae.errors import ModelError
from molvae.molecule_vae import MoleculeVAE

def load(folder):
    begin = time.process_time()
    try:
        MoleculeVAE.from_pretrained(folder)
        problem = None
    except ModelError as error:
        problem = str(error)
    return time.process_time() - begin, problem

outcomes = {}
for folder in sys.argv[1:]:
    seconds, problem = load(folder)
    # The time of the processor is longer while another thread shares the core.
    for _ in range(3):
        if seconds >= 1:
            seconds = min(seconds, load(folder)[0])
    # Not ru_maxrss, which starts at that of the process that started this one.
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    outcomes[folder] = problem, seconds, int(peak) / 1024
print(json.dumps(outcomes))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_hostile_folders_are_refused_within_a_second_and_500_megabytes(folder, tmp_path):
    folders = {name: tmp_path / f"hostile {index}" for index, name in enumerate(HOSTILE)}
    for name, write in HOSTILE.items():
        shutil.copytree(folder, folders[name])
        write(folders[name])
    command = [sys.executable, "-c", LOADS, str(folder), *map(str, folders.values())]
    outcomes = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert outcomes.pop(str(folder))[0] is None
    for name, path in folders.items():
        problem, seconds, mebibytes = outcomes[str(path)]
        assert problem is not None, name
        assert len(problem) < 3_000, name
        assert seconds < 1, name
        assert mebibytes < 500, name


def test_a_large_vocabulary_with_a_repeated_symbol_is_refused_at_once(folder):
    path = folder / "vocabulary.json"
    symbols = [f"[{number}]" for number in range(100_000)]
    path.write_text(json.dumps({"kind": "molvae vocabulary", "symbols": [*symbols, "[7]"]}))
    rehash(folder, path.name)
    begun = time.process_time()
    with pytest.raises(ModelError, match=r"\[7\]"):
        MoleculeVAE.from_pretrained(folder)
    assert time.process_time() - begun < 5


def _save_again_and_again(folder, count):
    saved = read_model(folder)
    for _ in range(count):
        write_model(folder, saved)


# Drafts of one name were removed by each other's writer, and the model with them.
def test_processes_that_save_to_one_folder_at_once_all_succeed(folder, tmp_path):
    (folder / "README.md").write_text("mine")
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_save_again_and_again, args=(folder, 15)) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        read_model(folder)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    MoleculeVAE.from_pretrained(folder)
    assert (folder / "README.md").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_model_whose_saving_was_cut_in_two_can_still_be_read(folder, tmp_path):
    folder.rename(tmp_path / f".{folder.name}.0123abcd.old")
    read_model(folder)
    assert folder.is_dir()
