"""The metrics of molvae beside those of molsets 0.3.1, computed in an environment of its own.

    python -m venv other
    other/bin/pip install rdkit pandas scipy tqdm torch==2.13.0 fcd_torch matplotlib seaborn
    other/bin/pip install --no-deps molsets==0.3.1
    molvae data moses --out data/moses
    python scripts/compare_with_molsets.py data/moses --python other/bin/python \
        --out data/results/metrics/agreement.json

Samples are molecules of the scaffold test set and of the training set, with duplicates and invalid
texts among them; all sets are drawn with the seed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

INVALID = ("C1CC", "c1cccc1", "C(C)(C)(C)(C)C", "not a molecule", "N=O=C", "CC(")
TOLERANCE = 1e-4
# A molecule of each kind that a filter of MOSES stops, so that Filters is less than 1.
STOPPED = (
    "CC(=O)C=Cc1ccccc1",
    "O=Cc1ccccc1",
    "C1CCCCCCCC1",
    "C[N+](C)(C)C",
    "C[Si](C)(C)C",
    "ClCc1ccccc1",
    "C1CO1",
    "O=C1CSC(=S)N1c1ccccc1",
    "Oc1ccc(N=Nc2ccccc2)cc1",
    "N[C@@H](C)C(=O)O",
)


def main() -> None:
    """Draw the sets, measure them twice, print and record the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("moses", type=Path, help="folder with train, test and test_scaffolds.csv")
    parser.add_argument("--python", type=Path, required=True, help="of the other environment")
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    parser.add_argument("--molecules", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sets = drawn_sets(arguments.moses, arguments.molecules, arguments.seed)
    theirs = by_molsets(sets, arguments.python)
    ours = by_molvae(sets)
    table = {
        name: {"molvae": ours[name], "molsets": value, "difference": abs(ours[name] - value)}
        for name, value in theirs["metrics"].items()
    }
    for name, row in table.items():
        print(f"{name:14}  {row['molvae']:.6f}  {row['molsets']:.6f}  {row['difference']:.1e}")
    worst = max(row["difference"] for row in table.values())
    print(f"largest difference {worst:.1e}")
    if arguments.out:
        record(arguments, sets, table, theirs["packages"])
    sys.exit(worst > TOLERANCE)


def record(
    arguments: argparse.Namespace,
    sets: dict[str, list[str]],
    table: dict[str, dict[str, float]],
    packages: dict[str, str],
) -> None:
    """Write the figures and where they come from."""
    from molvae.files import write_json
    from molvae.runs import provenance

    command = (
        "python scripts/compare_with_molsets.py data/moses --python other/bin/python "
        f"--molecules {arguments.molecules} --seed {arguments.seed}"
    )
    write_json(
        arguments.out,
        {
            "sets": {name: len(texts) for name, texts in sets.items()},
            "tolerance": TOLERANCE,
            "metrics": table,
            "molsets_packages": packages,
            "provenance": provenance(arguments.seed, command.split()),
        },
    )


def drawn_sets(moses: Path, count: int, seed: int) -> dict[str, list[str]]:
    """Samples, Test, TestSF and training molecules."""
    import numpy as np

    generator = np.random.default_rng(seed)
    test, scaffolds, train = (
        column(moses / f"{name}.csv") for name in ("test", "test_scaffolds", "train")
    )

    def draw(texts: list[str], size: int) -> list[str]:
        return [texts[place] for place in generator.choice(len(texts), size, replace=False)]

    of_scaffolds, training = draw(scaffolds, 2 * count), draw(train, 3 * count)
    samples = of_scaffolds[: count - count // 10 - count // 20 - count // 60 - len(STOPPED)]
    samples += training[: count // 10] + samples[: count // 20] + list(STOPPED)
    samples += [INVALID[number % len(INVALID)] for number in range(count // 60)]
    samples = [samples[place] for place in generator.permutation(len(samples))]
    return {
        "samples": samples,
        "Test": draw(test, count),
        "TestSF": of_scaffolds[count:],
        "training": training,
    }


def column(path: Path) -> list[str]:
    """The only column of a file of MOSES."""
    return path.read_text(encoding="utf-8").split()[1:]


def by_molvae(sets: dict[str, list[str]]) -> dict[str, float]:
    """The figures of this package."""
    from molvae.metrics.config import EvaluateConfig
    from molvae.metrics.evaluation import evaluate
    from molvae.metrics.samples import Samples

    references = {name: sets[name] for name in ("Test", "TestSF")}
    config = EvaluateConfig(neighbors=0)
    metrics = evaluate(
        Samples(sets["samples"]), references, sets["training"], config, progress=True
    )
    return dict(metrics.values)


def by_molsets(sets: dict[str, list[str]], python: Path) -> dict[str, dict]:
    """The figures of molsets, and the versions behind them."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sets.json").write_text(json.dumps(sets), encoding="utf-8")
        done = subprocess.run(
            [python, Path(__file__).resolve(), "--as-molsets", "sets.json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def as_molsets(path: Path) -> None:
    """In the other environment: print the figures as JSON."""
    shim()
    from importlib.metadata import version

    from moses.metrics import get_all_metrics

    sets = json.loads(path.read_text(encoding="utf-8"))
    found = get_all_metrics(
        sets["samples"],
        test=sets["Test"],
        test_scaffolds=sets["TestSF"],
        train=sets["training"],
        n_jobs=1,
    )
    names = ("molsets", "rdkit", "numpy", "scipy", "torch", "fcd_torch")
    packages = {name: version(name) for name in names}
    metrics = {name: float(value) for name, value in found.items()}
    print(json.dumps({"metrics": metrics, "packages": packages}))


def shim() -> None:
    """What molsets 0.3.1 asks of packages older than today's."""
    import types

    import numpy
    import pandas

    # Its models need pomegranate; its metrics do not.
    sys.modules["pomegranate"] = types.ModuleType("pomegranate")
    six = types.ModuleType("rdkit.six")
    six.iteritems = lambda table: iter(table.items())
    sys.modules["rdkit.six"] = six
    numpy.NaN = numpy.nan
    numpy.row_stack = numpy.vstack
    pandas.DataFrame.append = lambda self, other, sort: pandas.concat([self, other], sort=sort)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-molsets"]:
        as_molsets(Path(sys.argv[2]))
    else:
        main()
