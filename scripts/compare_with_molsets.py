"""Compare the metrics of molvae with those of molsets 0.3.1, run in a separate environment.

    python -m venv other
    other/bin/pip install rdkit pandas scipy tqdm torch==2.13.0 fcd_torch matplotlib seaborn
    other/bin/pip install --no-deps molsets==0.3.1
    molvae data moses --out data/moses
    python scripts/compare_with_molsets.py data/moses --python other/bin/python \
        --out data/results/metrics/agreement.json

The samples are molecules of the scaffold test set and of the training set, with duplicates and
invalid texts among them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

INVALID = ("C1CC", "c1cccc1", "C(C)(C)(C)(C)C", "not a molecule", "N=O=C", "CC(")
TOLERANCE = 1e-4
# Molecules that the MOSES filters reject, so that the metric Filters is below 1.
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
    """Draw the sets, measure them with both packages, print and record the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("moses", type=Path, help="folder with train, test and test_scaffolds.csv")
    parser.add_argument(
        "--python", type=Path, required=True, help="interpreter of the environment that has molsets"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    parser.add_argument("--molecules", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sets = draw_sets(arguments.moses, arguments.molecules, arguments.seed)
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
    """Write the figures with their provenance."""
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


def draw_sets(moses: Path, count: int, seed: int) -> dict[str, list[str]]:
    """Samples, Test, TestSF and training molecules."""
    import numpy as np

    generator = np.random.default_rng(seed)
    test, scaffolds, train = (
        column(moses / f"{name}.csv") for name in ("test", "test_scaffolds", "train")
    )

    def draw(texts: list[str], size: int) -> list[str]:
        return [texts[index] for index in generator.choice(len(texts), size, replace=False)]

    scaffold_molecules, training = draw(scaffolds, 2 * count), draw(train, 3 * count)
    samples = scaffold_molecules[: count - count // 10 - count // 20 - count // 60 - len(STOPPED)]
    samples += training[: count // 10] + samples[: count // 20] + list(STOPPED)
    samples += [INVALID[number % len(INVALID)] for number in range(count // 60)]
    samples = [samples[index] for index in generator.permutation(len(samples))]
    return {
        "samples": samples,
        "Test": draw(test, count),
        "TestSF": scaffold_molecules[count:],
        "training": training,
    }


def column(path: Path) -> list[str]:
    """The only column of a MOSES file."""
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
    """The figures of molsets and the versions of its packages."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sets.json").write_text(json.dumps(sets), encoding="utf-8")
        process = subprocess.run(
            [python, Path(__file__).resolve(), "--as-molsets", "sets.json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            check=True,
        )
    return json.loads(process.stdout.splitlines()[-1])


def as_molsets(path: Path) -> None:
    """Print the figures as JSON; runs in the environment that has molsets."""
    shim()
    from importlib.metadata import version

    from moses.metrics import get_all_metrics

    sets = json.loads(path.read_text(encoding="utf-8"))
    values = get_all_metrics(
        sets["samples"],
        test=sets["Test"],
        test_scaffolds=sets["TestSF"],
        train=sets["training"],
        n_jobs=1,
    )
    names = ("molsets", "rdkit", "numpy", "scipy", "torch", "fcd_torch")
    packages = {name: version(name) for name in names}
    metrics = {name: float(value) for name, value in values.items()}
    print(json.dumps({"metrics": metrics, "packages": packages}))


def shim() -> None:
    """Provide the names that molsets 0.3.1 expects of older packages."""
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
    pandas.DataFrame.append = lambda self, rows, sort: pandas.concat([self, rows], sort=sort)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-molsets"]:
        as_molsets(Path(sys.argv[2]))
    else:
        main()
