"""Tables of the studies of beta and of labels."""

from typing import Any

from markdown_tables import commands, figure, table

NATS = {"reconstruction": "reconstruction", "kl": "KL", "elbo_gap": "ELBO gap"}
"""Columns of the table of losses, in nats, and their headings."""
DIRECTIONS = ("direction_r2", "dimension_r2", "rotated_dimension_r2")


# Any: JSON values, here and below.
def beta(records: dict[str, dict[str, Any]]) -> str:
    """Losses, samples of N(0, I) and directions at each beta."""
    record = records["beta"]
    rows = record["rows"]
    losses = [
        [
            f"{row['beta']:g}",
            *(f"{row[name]:.1f}" for name in NATS),
            f"{row['active_units']} of {len(row['kl_per_dimension'])}",
            figure(row["exact_reconstruction"]),
            f"{row['fcd']:.2f}",
            figure(row["samples_distinct"]),
            figure(row["samples_round_trip"]),
        ]
        for row in rows
    ]
    heading = ["beta", *NATS.values(), "active units", "exact", "FCD", "distinct", "round trips"]
    names = list(rows[0]["direction_r2"])
    parts = [[f"{row['beta']:g}", *(_three(row, name) for name in names)] for row in rows]
    first = rows[0]
    return (
        f"{first['updates']:,} updates of a `{record['preset']}` model on {record['molecules']:,} "
        f"molecules at each beta, one seed. Losses in nats, of {first['measured']:,} held-out "
        f"molecules. *FCD*, *distinct*, *round trips*: of {first['samples']:,} samples of N(0, I), "
        "decoded greedily; the FCD of as many real molecules is "
        f"{first['fcd_of_real_molecules']:.2f}.\n\n{table(heading, losses)}\n\n"
        "R2 of each property by the best direction, by the best dimension, and by the best "
        "dimension of a latent space whose active dimensions are rotated at random:\n\n"
        f"{table(['beta', *names], parts)}{commands(record)}"
    )


def _three(row: dict[str, Any], name: str) -> str:
    return ", ".join(f"{row[kind][name]:.2f}" for kind in DIRECTIONS)


def labels(records: dict[str, dict[str, Any]]) -> str:
    """Error of each method at each number of labels, and the calibration of the errors."""
    record = records["labels"]
    counts = sorted({row["labels"] for row in record["rows"]})
    names = list(record["rows"][0]["errors"])
    cells = {
        (row["method"], row["labels"], name): error
        for row in record["rows"]
        for name, error in row["errors"].items()
    }
    methods = list(dict.fromkeys(row["method"] for row in record["rows"]))
    rows = [
        [method, *(figure(cells.get((method, n, name))) for name in names for n in counts)]
        for method in methods
    ]
    heading = ["method", *(f"{name}, {n:,} labels" for name in names for n in counts)]
    return (
        f"Root mean square errors for {record['test']:,} test molecules, in standard deviations. "
        f"The methods learn from {record['molecules']:,} other molecules, some with labels; the "
        f"forest has {record['trees']} trees.\n\n"
        f"{table(heading, rows)}{_calibration(record['calibration'], names)}{commands(record)}"
    )


def _calibration(calibration: dict[str, Any], names: list[str]) -> str:
    """Table of the shares within intervals; nothing without a head that has all labels."""
    if not calibration:
        return ""
    within = [
        [f"{float(level):.0%}", *(f"{shares[name]:.1%}" for name in names)]
        for level, shares in calibration["within"].items()
    ]
    errors = ", ".join(
        f"{error:.3f} ({name})" for name, error in calibration["held_out_errors"].items()
    )
    return (
        "\n\nShare of the test molecules within an interval around the prediction of the head with "
        "all labels. The interval is that of a normal distribution with the held-out error on the "
        f"model's card, {errors}.\n\n{table(['nominal', *names], within)}"
    )
