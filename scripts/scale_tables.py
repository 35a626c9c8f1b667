"""Tables about training sets beyond one machine: cost per molecule, and what 10^9 cost."""

from typing import Any

from markdown_tables import commands, table

_BILLION = 10**9


# Any: JSON values, here and below.
def scale(records: dict[str, dict[str, Any]]) -> str:
    """The cost of preparing a training set, measured, and reckoned for 10^9 molecules."""
    record = records["prepare"]
    runs = [*record["runs"], record["with_killed_worker"]]
    rows = [
        [
            f"{run['rows']:,}",
            f"{run['workers']}{', one killed' if run['killed_workers'] else ''}",
            f"{_milliseconds(run):.2f}",
            f"{1e6 * run['main_cpu_seconds'] / run['rows']:.0f}" if run["workers"] > 1 else "-",
            f"{run['rows_per_second']:,}",
            f"{run['main_peak_mib']:,}",
            f"{run['peak_mib']:,}",
            f"{run['peak_disk_bytes'] / run['rows']:.0f}",
            f"{run['store_bytes'] / run['rows']:.0f}",
        ]
        for run in runs
    ]
    heading = [
        "rows",
        "workers",
        "ms of a core per row",
        "of it µs of the main process",
        "rows/s",
        "MiB, main process",
        "MiB, all processes",
        "bytes of disk per row, at the peak",
        "in the end",
    ]
    return (
        f"Preparing the first rows of `{record['data']}`, spread over 4 files. The machine was "
        f"busy (load average {record['load_average']} on two cores), which costs rows per second "
        "and times of a core as well; [speed](../speed/README.md) has a record of a quiet machine. "
        "Killing a worker changed no molecule."
        f"\n\n{table(heading, rows)}\n\n{_reckoning(record)}{commands(record)}"
    )


def _reckoning(record: dict[str, Any]) -> str:
    """The cost of 10^9 molecules, from the run of the most rows with several workers."""
    run = max(record["runs"], key=lambda run: (run["rows"], run["workers"]))
    per_row = {name: run[name] / run["rows"] for name in ("main_cpu_seconds", "worker_cpu_seconds")}
    gib = {name: run[name] / run["rows"] * _BILLION / 2**30 for name in _SIZES}
    rows = [
        ["workers, core hours", f"{per_row['worker_cpu_seconds'] * _BILLION / 3600:,.0f}"],
        ["main process, core hours", f"{per_row['main_cpu_seconds'] * _BILLION / 3600:,.0f}"],
        [
            "workers that one main process can keep busy",
            f"{run['worker_cpu_seconds'] / run['main_cpu_seconds']:,.0f}",
        ],
        *([title, f"{gib[name]:,.0f} GiB"] for name, title in _SIZES.items()),
        [
            "memory of each training process to order an epoch",
            f"{record['epoch_bytes_per_molecule'] * _BILLION / 2**30:,.0f} GiB",
        ],
    ]
    return (
        f"10^9 rows, reckoned in proportion from the run of {run['rows']:,} rows with "
        f"{run['workers']} workers:\n\n{table(['', '10^9 rows'], rows)}"
    )


_SIZES = {
    "source_bytes": "source files, uncompressed",
    "peak_disk_bytes": "disk while the store is made, sampled twice a second",
    "store_bytes": "token store",
}


def _milliseconds(run: dict[str, Any]) -> float:
    return 1e3 * (run["main_cpu_seconds"] + run["worker_cpu_seconds"]) / int(run["rows"])
