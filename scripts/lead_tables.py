"""Table of the optimized leads."""

from typing import Any

from markdown_tables import commands, figure, table


# Any: JSON values, here and below.
def leads(records: dict[str, dict[str, Any]]) -> str:
    """Drugs as leads: the best proposals of a search, beside random graph edits."""
    return "\n\n".join(_leads(record) for record in records.values())


def _leads(record: dict[str, Any]) -> str:
    settings, figures = record["settings"], record["figures"]
    means = table(
        ["mean over the leads", "QED of the best", "mean QED of the best 20"],
        [
            ["the lead itself", figure(figures["qed"]), "-"],
            ["random graph edits", *_pair(figures, "control_best", "control_mean_of_top")],
            ["search", *_pair(figures, "best", "mean_of_top")],
        ],
    )
    heading = ["lead", "QED", "best", "best 20", "random edits", "similarity", "scaffold", "rare"]
    rows = table(heading, [_row(row) for row in record["leads"]])
    return (
        f"{figures['leads']} leads of {settings['file']}, {settings['calls']} calls each by "
        f"`{settings['model']}` for QED, with guardrails, at a similarity of at least "
        f"{settings['min_similarity']:g} and with the scaffold of the lead. "
        f"{figures['improved']} leads were improved. Compared with the best of as many molecules "
        "made by random graph edits under the same constraints, the best of the search is better "
        f"for {figures['better_than_control']} leads and worse for "
        f"{figures['worse_than_control']}.\n\n{means}\n\n{_checks(record)}\n\n"
        "*Best*: highest QED found. *Best 20*: mean of the 20 best. *Random edits*: highest QED of "
        "the control. *Similarity*: of the best to the lead. *Scaffold*: whether the best has the "
        "scaffold of the lead and no other ring (*same*), or further rings (*extended*). *Rare*: "
        f"molecules among the best 20 with a rare environment.\n\n{rows}{commands(record)}"
    )


def _checks(record: dict[str, Any]) -> str:
    """Text on the constraints, the environments and the time."""
    figures, reference = record["figures"], record["settings"]["reference"]
    text = f"A search takes {figures['cpu_seconds']:.0f} s of processor time on one core"
    if (first := figures["cpu_seconds_to_first_round"]) is not None:
        text += f", its first result {first:.0f} s"
    if not figures["proposals"]:
        return f"{text}."
    return (
        f"{text}. Of the {figures['proposals']} molecules among the best 20 of a lead, "
        f"{figures['outside_constraints']} break a constraint by RDKit's own count. "
        f"{figures['rare_share']:.1%} have a circular environment (ECFP2) that fewer than 1 in "
        f"100,000 of {reference['molecules']:,} molecules of ChEMBL have, "
        f"{figures['new_rare_share']:.1%} such an environment that the lead has not; so have "
        f"{figures['rare_share_of_file']:.1%} of all molecules of that file."
    )


def _pair(figures: dict[str, Any], best: str, top: str) -> list[str]:
    return [figure(figures[best]), figure(figures[top])]


def _row(row: dict[str, Any]) -> list[str]:
    control = figure(row["control"]["best"])
    head = [f"`{row['lead']}`", figure(row["qed"])]
    if not row["best"]:
        return [*head, "-", "-", control, "-", "-", "-"]
    best = row["best"][0]
    scaffold = "lost"
    if best["has_scaffold"]:
        scaffold = "same" if best["has_only_scaffold"] else "extended"
    return [
        *head,
        figure(best["qed"]),
        figure(row["mean_of_top"]),
        control,
        f"{best['similarity']:.2f}",
        scaffold,
        f"{sum(proposal['is_rare'] for proposal in row['best'])} of {len(row['best'])}",
    ]
