import json
import math

import numpy as np
import pytest

from molvae.benchmarks.pmo import benchmark_pmo, sources_of
from molvae.benchmarks.pmo_config import PmoConfig
from molvae.benchmarks.pmo_peers import OFFLINE_TASKS, peer_figures
from molvae.benchmarks.pmo_summary import summary_of, summary_text
from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError, RunError
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.evaluation import Evaluation

TASKS = ("qed", "isomers_c7h8n2o2")


class ChainModel:
    """A point of 9 numbers is a chain of atoms, each the one that its number points to."""

    latent_size = 9

    def __init__(self, decodings=math.inf):
        self._left = decodings

    def decode(self, latents):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        atoms = np.digitize(latents, [-0.4, 0.4, 1.0])
        return [
            Molecule.parse("".join("CNOF"[atom] for atom in self._mended(row))) for row in atoms
        ]

    def encode(self, molecules):
        return np.zeros((len(molecules), self.latent_size), dtype=np.float32)

    def neighbors(self, molecules, scale, generator):
        return scale * generator.standard_normal((len(molecules), self.latent_size))

    def prior_latents(self, n, generator):
        return generator.standard_normal((n, self.latent_size))

    def _mended(self, row):
        """Fluorine has one bond, so a chain ends with it."""
        ends = np.flatnonzero(row == 3)
        return row[: ends[0] + 1] if len(ends) and ends[0] else row % 3


def plan(**search):
    settings = {"method": "random", "budget": 40, "batch_size": 8, **search}
    return PmoConfig.parse({"tasks": TASKS, "seeds": (0, 1), "search": settings})


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Folder and summary of a benchmark that was never cut off."""
    out = tmp_path_factory.mktemp("pmo")
    return out, benchmark_pmo(ChainModel(), plan(), out)


def record(out, name):
    return json.loads((out / "runs" / f"{name}.json").read_text())


def apart_from_time(found):
    return {key: one for key, one in found.items() if not ("second" in key or key == "provenance")}


def test_each_run_has_its_curve_and_its_areas(undisturbed):
    out, _ = undisturbed
    names = sorted(path.stem for path in (out / "runs").iterdir())
    assert names == ["isomers_c7h8n2o2_0", "isomers_c7h8n2o2_1", "qed_0", "qed_1"]
    for name in names:
        found = record(out, name)
        scores = [one["score"] for one in found["best"]]
        assert found["calls"] == sum(one["picks"] for one in found["sources"].values()) == 40
        assert found["curve"]["calls"] == [40]
        assert found["curve"]["top10"] == [pytest.approx(sum(scores) / 10, abs=1e-6)]
        # Read at 40 calls only: a triangle from 0 at 0 calls.
        assert found["auc"]["top10"] == pytest.approx(sum(scores) / 10 / 2)
        assert found["auc"]["top1"] == pytest.approx(scores[0] / 2)
        assert found["overhead_seconds_per_call"] == pytest.approx(
            (found["seconds"]["wall"] - found["seconds"]["objective"]) / 40
        )
        assert 0 < found["seconds"]["objective"] < found["seconds"]["wall"]


def test_scores_are_those_of_the_task(undisturbed):
    best = record(undisturbed[0], "qed_0")["best"]
    molecules = [Molecule.parse(one["smiles"]) for one in best]
    again = ConfiguredObjective.load("pmo/qed").score(molecules).total
    assert [one["score"] for one in best] == again.tolist()


def test_a_benchmark_that_was_cut_off_ends_as_one_that_was_not(undisturbed, tmp_path):
    out, summary = undisturbed
    # Each time a few rounds further, so that it ends within a search.
    for decodings in (3, 4, 5, 6):
        with pytest.raises(KeyboardInterrupt):
            benchmark_pmo(ChainModel(decodings), plan(), tmp_path)
    begun = [path.name for path in (tmp_path / "runs").iterdir()]
    resumed = benchmark_pmo(ChainModel(), plan(), tmp_path)
    assert 0 < len(begun) < 4
    assert resumed["tasks"]["qed"]["auc_top10"] == summary["tasks"]["qed"]["auc_top10"]
    for name in ("isomers_c7h8n2o2_0", "isomers_c7h8n2o2_1", "qed_0", "qed_1"):
        assert apart_from_time(record(tmp_path, name)) == apart_from_time(record(out, name))


def test_a_finished_benchmark_is_kept_as_it_is(undisturbed):
    out, summary = undisturbed
    before = {path: path.read_bytes() for path in (out / "runs").iterdir()}
    # One decoding to know the model by; a search would need more.
    again = benchmark_pmo(ChainModel(decodings=1), plan(), out)
    assert again == summary
    assert {path: path.read_bytes() for path in (out / "runs").iterdir()} == before


def test_a_larger_budget_takes_runs_further(tmp_path):
    config = plan().with_changes({"tasks": ("qed",), "seeds": (0,)})
    larger = config.with_changes({"search": config.search.with_changes({"budget": 60})})
    benchmark_pmo(ChainModel(), config, tmp_path / "twice")
    benchmark_pmo(ChainModel(), larger, tmp_path / "twice")
    benchmark_pmo(ChainModel(), larger, tmp_path / "once")
    twice, once = record(tmp_path / "twice", "qed_0"), record(tmp_path / "once", "qed_0")
    assert apart_from_time(twice) == apart_from_time(once)
    assert twice["calls"] == 60
    with pytest.raises(RunError, match=r"qed_0\.json' is of another budget"):
        benchmark_pmo(ChainModel(), config, tmp_path / "twice")


def test_runs_of_other_settings_are_not_mixed(undisturbed):
    with pytest.raises(RunError, match="is of another search"):
        benchmark_pmo(ChainModel(), plan(batch_size=9), undisturbed[0])


@pytest.mark.parametrize(
    ("change", "differing"),
    [({"budget": 60}, "budget"), ({"batch_size": 9}, "search")],
)
def test_runs_that_do_not_go_with_those_that_are_there_are_not_begun(
    undisturbed, change, differing
):
    out, _ = undisturbed
    before = {path: path.read_bytes() for path in (out / "runs").iterdir()}
    other = plan(**change).with_changes({"tasks": ("median1",)})
    with pytest.raises(RunError, match=f"is of another {differing}"):
        benchmark_pmo(ChainModel(), other, out)
    assert {path: path.read_bytes() for path in (out / "runs").iterdir()} == before


@pytest.mark.parametrize("content", ["[]", "{}", '{"task": "qed"}'])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "qed_0.json").write_text(content)
    with pytest.raises(RunError, match=r"qed_0\.json' is no record of a run of PMO"):
        benchmark_pmo(ChainModel(), plan(), tmp_path)


def test_how_the_work_is_shared_out_makes_no_other_run(undisturbed):
    out, _ = undisturbed
    before = (out / "runs" / "qed_0.json").read_bytes()
    benchmark_pmo(ChainModel(), plan(combined={"workers": 2}), out)
    assert (out / "runs" / "qed_0.json").read_bytes() == before


def test_only_flat_molecules_without_guard_rails_are_the_rule(undisturbed):
    constraints = record(undisturbed[0], "qed_0")["search"]["constraints"]
    assert (constraints["flat"], constraints["guardrails"]) == (True, False)


def test_a_search_that_ends_early_keeps_its_last_value(tmp_path):
    class TwelveModel(ChainModel):
        def decode(self, latents):
            return [Molecule.parse("C" * (1 + int(abs(row[0]) * 100) % 12)) for row in latents]

    config = plan(budget=1000, patience=3).with_changes({"tasks": ("qed",), "seeds": (0,)})
    benchmark_pmo(TwelveModel(), config, tmp_path)
    found = record(tmp_path, "qed_0")
    assert found["calls"] == 12
    # A triangle up to call 12, then ten best for 988 calls more.
    ten = sum(one["score"] for one in found["best"]) / 10
    assert found["auc"]["top10"] == pytest.approx(ten * (6 + 988) / 1000)


def test_a_source_has_its_picks_and_what_entered_the_ten_best():
    scores = [0.5] * 10 + [0.4, math.nan, 0.5, 0.6, 0.0]
    sources = ["a", "b"] * 5 + ["a", "a", "b", "c", "c"]
    candidates = [
        Evaluation("C", score, {}, {}, call, 1, source)
        for call, (score, source) in enumerate(zip(scores, sources, strict=True), start=1)
    ]
    # The first ten enter; of the rest only 0.6 is above the tenth.
    assert sources_of(candidates[::-1]) == {
        "a": {"picks": 7, "improvements": 5},
        "b": {"picks": 6, "improvements": 5},
        "c": {"picks": 2, "improvements": 1},
    }


def test_means_and_sums_stand_beside_those_of_the_peers(undisturbed):
    out, summary = undisturbed
    first, second = (record(out, f"qed_{seed}")["auc"]["top10"] for seed in (0, 1))
    mine = summary["tasks"]["qed"]
    assert mine["seeds"] == [0, 1]
    assert mine["auc_top10"]["mean"] == pytest.approx((first + second) / 2)
    assert mine["auc_top10"]["std"] == pytest.approx(abs(first - second) / 2**0.5)
    assert summary["offline_tasks"] == {"there": 2, "of": 20}
    both = [one["auc_top10"]["mean"] for one in summary["tasks"].values()]
    assert summary["sum"] == pytest.approx(sum(both))
    genetic = next(peer for peer in summary["peers"] if peer["name"] == "Genetic GFN")
    assert genetic["sum"] == pytest.approx(0.942 + 0.969)


def test_the_screen_shows_every_task_and_no_peer_that_prescreens(undisturbed):
    text = summary_text(undisturbed[1])
    assert all(task in text for task in TASKS)
    assert "sums over 2 of 20 tasks; budget 40" in text
    assert "Genetic GFN" in text
    assert "f-RAG" not in text


def test_a_figure_that_a_peer_lacks_is_a_dash_and_leaves_no_sum(undisturbed):
    _, summary = undisturbed
    lacking = {**summary["peers"][0], "auc_top10": {"qed": None}, "sum": None}
    row = summary_text({**summary, "peers": [lacking]}).splitlines()[2].split()
    assert row[0] == "qed"
    assert row[-1] == "-"


def with_curve(heights, seed=0, task="median1"):
    """A record of a run as `summary_of` reads it, its ten best read every 100 calls."""
    calls = [100 * place for place in range(1, len(heights) + 1)]
    return {
        "task": task,
        "seed": seed,
        "budget": 10_000,
        "search": {},
        "model": "m",
        "calls": calls[-1],
        "auc": {"top10": 0.3},
        "curve": {"calls": calls, "top10": heights},
        "sources": {},
        "seconds": {"wall": 2.0, "objective": 1.0},
    }


@pytest.mark.parametrize(
    ("curves", "calls"),
    [
        # Published for median1 is 0.399, in three digits.
        ([[0.1, 0.398, 0.3986, 0.41]], 300),
        ([[0.1, 0.2]], None),
        ([[0.4, 0.4], [0.1, 0.4], [0.1, 0.1]], 200),
        ([[0.4, 0.4], [0.1, 0.1], [0.1, 0.1]], None),
    ],
)
def test_the_calls_that_the_yardstick_takes_are_the_median_of_the_runs(tmp_path, curves, calls):
    for seed, heights in enumerate(curves):
        (tmp_path / f"{seed}.json").write_text(json.dumps(with_curve(heights, seed)))
    summary = summary_of(tmp_path)
    assert summary["tasks"]["median1"]["calls_to_yardstick"] == calls
    assert summary["yardstick"]["median_calls"] == calls
    assert summary["yardstick"]["reached"] == (calls is not None)


def test_the_median_over_tasks_counts_those_that_are_not_reached(tmp_path):
    for task, heights in {"median1": [0.4], "median2": [0.1, 0.4], "qed": [0.9]}.items():
        record = with_curve(heights, task=task)
        (tmp_path / f"{task}.json").write_text(json.dumps(record))
    summary = summary_of(tmp_path)
    assert summary["yardstick"]["reached"] == 2
    assert summary["yardstick"]["median_calls"] == 200
    assert "on 2 of 3 tasks, the median of their calls 200" in summary_text(summary)


def test_the_peer_figures_sums_are_those_that_are_peer_figures():
    # Of 23 tasks, as printed by each source: Kim et al. 2024, Tripp & Hernández-Lobato 2024, the
    # README of InVirtuoGen_results (which prints 16.676 of unrounded figures).
    printed = {"Genetic GFN": 16.213, "GP BO retuned": 16.304, "InVirtuoGen, no prescreen": 16.676}
    printed |= {"f-RAG": 16.928, "Mol GA": 15.686, "REINVENT SMILES": 15.185}
    printed |= {"REINVENT (2022)": 14.196, "SELFIES-VAE BO": 8.887}
    sums = {peer["name"]: sum(peer["auc_top10"].values()) for peer in peer_figures()["peers"]}
    assert {name: sums[name] for name in printed} == pytest.approx(printed, abs=0.003)
    assert all(len(peer["auc_top10"]) == 23 for peer in peer_figures()["peers"])
    yardstick = peer_figures()["yardstick"]
    areas = next(peer for peer in peer_figures()["peers"] if peer["name"] == yardstick["name"])
    # What a curve ends at is above its mean height.
    levels = yardstick["final_top10"]
    assert all(levels[task] > area for task, area in areas["auc_top10"].items())


def test_the_tasks_of_the_rule_can_be_run_without_a_file():
    assert len(OFFLINE_TASKS) == 20
    for task in OFFLINE_TASKS:
        ConfiguredObjective.load(f"pmo/{task}")
    assert PmoConfig().tasks == OFFLINE_TASKS
    assert PmoConfig().search.budget == 10_000


def test_an_unknown_task_is_told_before_anything_is_run(tmp_path):
    config = PmoConfig.parse({"tasks": ("qed", "median3")})
    with pytest.raises(ConfigError, match=r"did you mean 'pmo/median[12]'"):
        benchmark_pmo(ChainModel(), config, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_runs_has_no_summary(tmp_path):
    with pytest.raises(RunError, match="holds no run"):
        summary_of(tmp_path)


def test_the_first_calls_have_the_figures_of_a_search_that_ends_there(tmp_path):
    heights = {100: 0.2, 200: 0.4, 300: 0.4, 600: 0.9}
    curve = {"calls": [*heights], "top10": [*heights.values()], "top1": [*heights.values()]}
    run = {
        "task": "qed",
        "seed": 0,
        "budget": 800,
        "search": {},
        "model": "m",
        "calls": 600,
        "curve": curve,
        "auc": {"top1": 0.5, "top10": 0.5},
        "seconds": {"wall": 1.0, "objective": 0.0},
        "sources": {},
    }
    (tmp_path / "qed_0.json").write_text(json.dumps(run))
    few = summary_of(tmp_path)["tasks"]["qed"]["few_calls"]
    assert list(few) == ["200", "500"]
    assert few["200"]["top10"]["mean"] == 0.4
    # From 0 to 0.2 in 100 calls, and from there to 0.4 in 100.
    assert few["200"]["auc_top10"]["mean"] == pytest.approx((0.1 + 0.3) / 2)
    assert few["500"]["auc_top10"]["mean"] == pytest.approx((0.1 + 0.3 + 3 * 0.4) / 5)
