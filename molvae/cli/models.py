"""`molvae models`."""

import math
from typing import Any

from molvae.cli.output import Output, OutputFlags
from molvae.pretrained import DEFAULT, shipped_folder, shipped_models

_LEGEND = """\
kept: fraction of samples from the learned prior that survive encoding and decoding.
strict before refusal: fraction of these that SELFIES decodes without repair.
own before refusal: fraction of these that are in canonical SELFIES.
The other figures are the metrics of MOSES (see `molvae evaluate`), measured on the samples that
passed all three; Test and TestSF are the test sets of MOSES."""


def models(*, output: OutputFlags = Output()) -> None:
    """List the models that ship with molvae, with the results measured on them."""
    from molvae.model.folder import read_model

    cards: dict[str, dict[str, Any]] = {
        name: read_model(shipped_folder(name)).description["card"] for name in shipped_models()
    }
    paragraphs = [_paragraph(name, card) for name, card in cards.items()]
    output.show(cards, "\n\n".join([*paragraphs, _LEGEND]))


def _paragraph(name: str, card: dict[str, Any]) -> str:
    from molvae.diagnosis.thresholds import describe_elbo_gap
    from molvae.model_card import ModelCard

    default = " (default)" if name == DEFAULT else ""
    lines = [f"{name}{default}: {card.get('about', 'no description')}"]
    lines += [f"  {figure:40} {value}" for figure, value in card.get("figures", {}).items()]
    if not math.isnan(gap := ModelCard(card).elbo_gap):
        lines.append(f"  {'ELBO gap, held out':40} {gap:.1f} nats: {describe_elbo_gap(gap)}")
    return "\n".join(lines)
