"""Tables about models: MOSES, reconstruction, priors, metrics, speed."""

from typing import Any

from markdown_tables import commands, label, table

MOSES_COLUMNS = {
    "FCD/Test": "FCD, Test",
    "FCD/TestSF": "FCD, TestSF",
    "SNN/Test": "SNN, Test",
    "Scaf/Test": "Scaf, Test",
    "Scaf/TestSF": "Scaf, TestSF",
    "Filters": "filters",
    "Novelty": "novelty",
}
# README of github.com/molecularsets/moses: means of three models each.
MOSES_PEERS = {
    "CharRNN": (0.0732, 0.5204, 0.6015, 0.9242, 0.1101, 0.9943, 0.8419),
    "VAE": (0.0990, 0.5670, 0.6257, 0.9386, 0.0588, 0.9970, 0.6949),
    "AAE": (0.5555, 1.0572, 0.6081, 0.9022, 0.0789, 0.9960, 0.7931),
    "LatentGAN": (0.2968, 0.8281, 0.5371, 0.8867, 0.1072, 0.9735, 0.9498),
    "JTN-VAE": (0.3954, 0.9382, 0.5477, 0.8964, 0.1009, 0.9760, 0.9143),
    "*train set*": (0.0080, 0.4755, 0.6419, 0.9907, 0.0, 1.0, 0.0),
}
SHORT_FIGURES = {
    "exact, drugs": "exact, approved_drugs_dev.smi",
    "ELBO gap": "ELBO gap (reconstruction + KL - NLL of the prior), nats",
    "N(0, I) unrepaired": "N(0, I), greedy: unrepaired",
    "FCD": "N(0, I), greedy: FCD, all",
    "own nearest": "another SELFIES: own latent vector is the nearest",
    "ridge logP": "ridge R2, logp",
    "QED": "ridge R2, qed",
    "TPSA": "ridge R2, tpsa",
    "weight": "ridge R2, weight",
    "neighbor": "nearest neighbor in z, Tanimoto",
    "usable": "usable neighbors per decode",
}
"""Columns of the ablation, and the figures of the benchmark that stand in them."""
REFINEMENT_SETTINGS = ("steps", "step_size", "prior_weight")
JTVAE_RECONSTRUCTION = 0.767
"""Jin et al. 2018, table 1: ten posterior samples times ten decodings, 5,000 ZINC molecules."""


# Any: JSON values, here and below.
def moses(records: dict[str, dict[str, Any]]) -> str:
    """MOSES metrics of each record beside the baselines of the MOSES README."""
    first = next(iter(records.values()))
    columns = [name for name in MOSES_COLUMNS if name in first["mean"]]
    rows = [
        [f"**{label(name, record)}**", *_moses_figures(record, columns)]
        for name, record in records.items()
    ]
    for peer, figures in MOSES_PEERS.items():
        values = dict(zip(MOSES_COLUMNS, figures, strict=True))
        rows.append([peer, *(f"{values[name]:.4f}" for name in columns)])
    settings = first["settings"]
    return (
        f"{settings['n']:,} samples under each of {len(settings['seeds'])} seeds: mean and "
        "standard deviation over the seeds. The other rows come from the MOSES README (means of "
        "three models each).\n\n"
        f"{table(['model', *(MOSES_COLUMNS[name] for name in columns)], rows)}"
        f"{commands(*records.values())}"
    )


def reconstruction(records: dict[str, dict[str, Any]]) -> str:
    """Exact reconstruction of held-out molecules, per model."""
    rows = [
        [
            f"`{label(name, record)}`",
            f"{record['molecules']:,}",
            f"{record['greedy']:.3f}",
            f"{record['jtvae']:.3f}",
            f"{record['jtvae_molecules']:,}",
        ]
        for name, record in records.items()
    ]
    rows.append(
        ["JT-VAE (Jin et al. 2018), ZINC", "5,000", "-", f"{JTVAE_RECONSTRUCTION}", "5,000"]
    )
    heading = ["model", "molecules", "greedy", "10 x 10 samples", "molecules sampled"]
    return (
        "Share of held-out molecules whose canonical SMILES comes back. *Greedy*: the posterior "
        "mean, decoded greedily. *10 x 10 samples*: the JT-VAE protocol, ten posterior samples "
        f"times ten decodings.\n\n{table(heading, rows)}{commands(*records.values())}"
    )


def latent(records: dict[str, dict[str, Any]]) -> str:
    """Figures of each model's latent space, with the control of each figure."""
    names = list(
        dict.fromkeys(row["name"] for record in records.values() for row in record["figures"])
    )
    rows = [
        [name, *(_latent_figure(record, name) for record in records.values())] for name in names
    ]
    heading = ["measure", *(f"`{label(name, record)}`" for name, record in records.items())]
    return (
        "Each figure with its control in brackets: what a space of no use, or real molecules, "
        f"would give.\n\n{table(heading, rows)}{commands(*records.values())}"
    )


def explore(records: dict[str, dict[str, Any]]) -> str:
    """Figures of what each model is used for, with the control of each figure.

    Of several records with the same label, the latest that has a figure counts.
    """
    ordered = sorted(records.items(), key=lambda item: item[1]["provenance"]["date"])
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    controls: dict[str, str] = {}
    for name, record in ordered:
        rows = {row["name"]: row for row in record["figures"]}
        figures.setdefault(f"`{label(name, record)}`", {}).update(rows)
        controls |= {row["name"]: row["control_name"] for row in record["figures"]}
    table_rows = [
        [
            name,
            control,
            *(_latent_figure({"figures": rows.values()}, name) for rows in figures.values()),
        ]
        for name, control in controls.items()
    ]
    notes = [
        f"\n\n`{label(name, record)}`: `{note}`"
        for name, record in ordered
        for note in record["notes"]
    ]
    return (
        "Each figure with its control in brackets.\n\n"
        f"{table(['measure', 'control', *figures], table_rows)}{''.join(notes)}"
        f"{commands(*(record for _, record in ordered))}"
    )


def target(records: dict[str, dict[str, Any]]) -> str:
    """Molecules for pairs of target values, beside rejection of samples."""
    return "\n\n".join(
        f"`{label(name, record)}`: {_target_table(record)}" for name, record in records.items()
    ) + commands(*records.values())


def _target_table(record: dict[str, Any]) -> str:
    heading = ["log P, QED", "share of samples", "found", "samples per molecule"]
    heading += ["error of log P", "error of QED", "diversity"]
    pairs = {f"{cell['logp']:g}, {cell['qed']:g}": cell for cell in record["cells"]}
    pairs |= {
        f"*mean of {kind} {row['pairs']}*": row
        for kind, row in record["summary"].items()
        if row["pairs"]
    }
    rows = [
        [
            text,
            f"{row['share_without_target']:.3f}",
            _beside(row, "found", "found_by_rejection", ".2f"),
            _beside(row, "samples_per_molecule", "samples_per_molecule_by_rejection", ".0f"),
            _beside(row, "logp_error", "logp_error_without_target", ".2f"),
            _beside(row, "qed_error", "qed_error_without_target", ".3f"),
            "-" if row["diversity"] is None else f"{row['diversity']:.2f}",
        ]
        for text, row in pairs.items()
    ]
    settings = record["settings"]
    most = settings["most_draws"] * settings["molecules"]
    return (
        f"{settings['molecules']} molecules asked for at each pair, within "
        f"{settings['logp_tolerance']:g} of log P and {settings['qed_tolerance']:g} of QED, from "
        f"at most {most:,.0f} samples; the diversity of samples without a target is "
        f"{record['diversity_without_target']:.2f}.\n\n{table(heading, rows)}"
    )


def _beside(row: dict[str, Any], name: str, control: str, form: str) -> str:
    """A figure with its control in brackets."""
    texts = ["-" if row[key] is None else format(row[key], form) for key in (name, control)]
    return f"{texts[0]} ({texts[1]})"


def latent_ablation(records: dict[str, dict[str, Any]]) -> str:
    """Figures of the latent spaces of small trainings that differ in one setting each."""
    rows = [
        [label(name, record), f"{record['updates']:,}", *_short_figures(record)]
        for name, record in records.items()
    ]
    minutes = next(iter(records.values()))["minutes"]
    return (
        f"Trainings of {minutes:g} minutes on one core each; the first row's settings hold for the "
        f"others but for what they name.\n\n{table(['arm', 'updates', *SHORT_FIGURES], rows)}"
        f"{commands(*records.values())}"
    )


def priors(records: dict[str, dict[str, Any]]) -> str:
    """Sample quality of one model under several priors."""
    record = records["priors"]
    rows = [
        [
            row["prior"],
            f"{row['FCD/Test']:.2f}",
            f"{row['valid']:.3f}",
            f"{row['strict']:.3f}",
            f"{row['unique']:.4f}",
        ]
        for row in record["rows"]
    ]
    return (
        f"{record['n']:,} samples of `{record['name']}` under each prior; FCD to the MOSES test "
        f"set.\n\n{table(['prior', 'FCD', 'valid', 'unrepaired', 'unique'], rows)}"
        f"{commands(record)}"
    )


def sampling(records: dict[str, dict[str, Any]]) -> str:
    """Quality and cost of the molecules of each model under several settings of `generate`."""
    parts = []
    for name, record in records.items():
        rows = [
            [
                row["settings"],
                f"{row['FCD']:.2f}",
                *(
                    [
                        f"{row['novelty']:.3f}",
                        f"{row['accepted']:.3f}",
                        f"{row['molecules/s']:.0f}",
                    ]
                    if "accepted" in row
                    else ["", "", ""]
                ),
            ]
            for row in record["rows"]
        ]
        titles = ["settings", "FCD", "novelty", "accepted per sample", "molecules/s"]
        parts.append(
            f"{record['n']:,} molecules of `{name}` under each setting; FCD to held-out molecules."
            f"\n\n{table(titles, rows)}{commands(record)}"
        )
    return "\n\n".join(parts)


def agreement(records: dict[str, dict[str, Any]]) -> str:
    """Largest difference between our metrics and those of molsets."""
    record = records["agreement"]
    differences = {name: metric["difference"] for name, metric in record["metrics"].items()}
    furthest = max(differences, key=lambda name: differences[name])
    return (
        f"`molvae evaluate` against molsets {record['molsets_packages']['molsets']} on the same "
        f"{record['sets']['samples']:,} molecules: {len(differences)} metrics, the largest "
        f"difference is {differences[furthest]:.1e} ({furthest}).{commands(record)}"
    )


def chemprop_agreement(records: dict[str, dict[str, Any]]) -> str:
    """Largest differences between our chemprop predictions and those of chemprop."""
    record = records["agreement"]
    rows = [
        [kind, f"{row['deviation']:.3f}", f"{row['largest_difference']:.1e}"]
        for kind, row in record["predictions"].items()
    ]
    heading = ["prediction", "standard deviation", "largest difference"]
    return (
        f'`chemprop predict` {record["packages"]["chemprop"]} against `kind = "chemprop"` on '
        f"{record['molecules']:,} molecules, with an ensemble of {record['ensemble']} models that "
        f"were trained on {record['training']} others.\n\n{table(heading, rows)}{commands(record)}"
    )


COMPLETED = {
    "Completions of a scaffold": "completion",
    "Two fragments, linked": "link",
    "Along a principal axis": "traversal",
}
"""Title and key of the molecules that `complete` and `traverse` gave."""


def examples(records: dict[str, dict[str, Any]]) -> str:
    """Molecules that README.md shows, with the commands that made them."""
    record = records["examples"]
    search, lead = record["search"], record["lead"]
    shown = [
        (
            "Generated",
            record["generated"]["command"],
            [[_code(smiles)] for smiles in record["generated"]["molecules"]],
        ),
        ("Found without a lead", search["command"], _molecule_rows(search["found"])),
        ("Found around a lead", lead["command"], _molecule_rows([lead, *lead["found"]])),
        *(
            (
                title,
                record[key]["command"],
                [[_code(row["smiles"])] for row in record[key]["molecules"]],
            )
            for title, key in COMPLETED.items()
        ),
    ]
    return "\n\n".join(
        f"### {title}\n\n```text\n{command}\n```\n\n"
        + table(["SMILES", "score", "QED", "logP"][: len(rows[0])], rows)
        for title, command, rows in shown
    )


def cleaning(record: dict[str, Any]) -> str:
    """Speed and memory of data cleaning."""
    return (
        f"**Cleaning** the {record['rows']:,} molecules of the MOSES train set into a token store "
        f"takes {record['seconds'] / 60:.1f} minutes with {record['workers']} workers "
        f"({record['rows_per_second']:,.0f} molecules/s), {record['peak_mib']} MiB at the peak "
        f"over all processes, and {1000 * record['seconds_when_reused']:.0f} ms the second time."
        f"{commands(record)}"
    )


def training(record: dict[str, Any]) -> str:
    """Training speed, beside a bare matrix product of the same shapes."""
    rows = [
        [
            str(row["processes"]),
            f"{row['molecules_per_second']:,.0f}",
            f"{row['gflops']:,.0f}",
            f"{row['bare_gflops']:,.0f}",
            f"{row['share_of_bare']:.2f}",
            f"{row['peak_gib_per_process']:.1f}",
        ]
        for row in record["rows"]
    ]
    heading = ["processes", "molecules/s", "GFLOP/s", "bare product", "ratio", "peak GiB each"]
    return (
        f"**Training**, preset `{record['preset']}`, {record['precision']}, batches of 256 per "
        f"process. Two processes are {record['speed_up']:.2f} times as fast as one. *Bare "
        "product*: a matrix product of the same shapes, number format and cores in the same run."
        f"\n\n{table(heading, rows)}{commands(record)}"
    )


def generation(record: dict[str, Any]) -> str:
    """Generation speed."""
    rows = [
        [
            ", ".join(row["properties"]) or "none",
            str(row["workers"]),
            f"{row['molecules_per_second']:,.0f}",
            f"{row['molecules'] / row['draws']:.4f}",
        ]
        for row in record["rows"]
    ]
    heading = ["properties", "workers", "molecules/s", "accepted per sample"]
    return (
        f"**Generation** of {record['rows'][0]['molecules']:,} distinct valid molecules by "
        f"`{record['name']}`:\n\n{table(heading, rows)}{commands(record)}"
    )


def search_overhead(record: dict[str, Any]) -> str:
    """Milliseconds per call that the default search itself takes."""
    tasks = ", ".join(
        f"{1000 * figures['overhead_seconds_per_call']:.0f} ms on {task}"
        for task, figures in record["tasks"].items()
    )
    return (
        f"**Search**: time per call of the default method over {record['budget']:,} calls, the "
        f"objective's own time excluded: {tasks}.{commands(record)}"
    )


def stage_speeds(records: dict[str, dict[str, Any]]) -> str:
    """Speed of each stage, one paragraph or table per record."""
    stages = {
        "cleaning": cleaning,
        "training": training,
        "generation": generation,
        "search": search_overhead,
    }
    return "\n\n".join(stages[name](records[name]) for name in stages if name in records)


def _code(smiles: str) -> str:
    """A SMILES as code, since Markdown reads `[N+]([O-])` as a link."""
    return f"`{smiles}`"


def _molecule_rows(molecules: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [_code(row["smiles"]), f"{row['score']:.4f}", f"{row['qed']:.3f}", f"{row['logp']:.2f}"]
        for row in molecules
    ]


def _latent_figure(record: dict[str, Any], name: str) -> str:
    for row in record["figures"]:
        if row["name"] == name:
            control = f" ({row['control']:.3f})" if row["control"] is not None else ""
            return "-" if row["value"] is None else f"{row['value']:.3f}{control}"
    return "-"


def _short_figures(record: dict[str, Any]) -> list[str]:
    values = {row["name"]: row["value"] for row in record["figures"]}
    chosen = [values.get(name) for name in SHORT_FIGURES.values()]
    return ["-" if value is None else f"{value:.3f}" for value in chosen]


def _moses_figures(record: dict[str, Any], columns: list[str]) -> list[str]:
    several = len(record["settings"]["seeds"]) > 1
    deviations = {
        name: f" ± {record['deviation'][name]:.4f}" if several else "" for name in columns
    }
    return [f"{record['mean'][name]:.4f}{deviations[name]}" for name in columns]


def refinement(records: dict[str, dict[str, Any]]) -> str:
    """Refined latent vectors beside posterior means, for several settings."""
    heading = ["model", "latent vectors", "steps", "step size", "weight of the prior", "exact"]
    heading += ["molecules/s", "distance", "length", "NLL", "negative ELBO"]
    rows = [
        [
            f"`{row['model']}`",
            row["kind"],
            *(f"{row[name]:g}" if name in row else "" for name in REFINEMENT_SETTINGS),
            f"{row['exact']:.3f}",
            f"{row['molecules_per_second']:.0f}" if "molecules_per_second" in row else "",
            f"{row['moved']:.2f}",
            f"{row['length']:.1f}",
            f"{row['nll']:.1f}",
            f"{row['negative_elbo']:.1f}",
        ]
        for record in records.values()
        for row in record["rows"]
    ]
    return table(heading, rows) + commands(*records.values())
