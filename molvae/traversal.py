"""Traversal: the molecules along a direction of the latent space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies_batch
from molvae.chem.properties import find_property, property_values
from molvae.chem.similarity import FingerprintKind, fingerprint, tanimoto
from molvae.errors import ConfigError, ModelError
from molvae.model.latents import as_latents
from molvae.molecule_vae import MoleculeVAE
from molvae.settings import suggestion

_SAMPLES = 512
"""Molecules of the prior whose posterior means have the principal axes."""

Direction = Float32[np.ndarray, " latent"]
"""A latent vector; its length is the step of one unit."""


@dataclass(frozen=True)
class TraversalStep:
    """A molecule on a line through the latent vector of another molecule."""

    position: float
    """Position on the line; 0 is the latent vector of the molecule at the start."""
    molecule: Molecule
    similarity: float
    """Tanimoto similarity to the molecule at the start (ECFP4 counts)."""
    values: dict[str, float]
    """The properties asked for."""
    predicted: dict[str, float]
    """Predictions of the property head at this position; empty for a model without a head."""


def traverse(
    model: MoleculeVAE,
    molecule: Molecule,
    direction: Direction,
    steps: int = 11,
    width: float = 3.0,
    properties: Sequence[str] = (),
) -> tuple[TraversalStep, ...]:
    """The molecules at latent vectors along a direction, on both sides of a molecule.

    Neighboring positions that decode to the same molecule are a single step, at the position that
    is closest to the start. Positions that decode to no molecule are left out.

    Args:
        model: model that encodes and decodes.
        molecule: molecule in the middle.
        direction: see `latent_dimension`, `principal_axis` and `property_gradient`.
        steps: number of positions, from -width to width.
        width: distance from the start to both ends, in units of the direction.
        properties: properties to compute.

    Raises:
        ConfigError: fewer than two steps, a width that is not positive, an unknown property.
        MoleculeError: the model lacks a symbol of the molecule.
    """
    if steps < 2:
        raise ConfigError(f"steps = {steps}: both ends are steps, so give 2 or more")
    if not 0 < width < np.inf:
        raise ConfigError(f"width = {width:g}: the distance to both ends must be above 0")
    for name in properties:
        find_property(name)
    (start,) = model.encode([molecule], refine=True)
    positions = np.linspace(-width, width, steps)
    latents = (start + positions[:, None] * direction).astype(np.float32)
    has_head = model.network.head is not None
    predictions = model.predict(latents).tolist() if has_head else [()] * steps
    reference = fingerprint(molecule, FingerprintKind.ECFP4)
    rows: list[TraversalStep] = []
    decoded = model.decode(latents)
    for position, step, predicted in zip(positions.tolist(), decoded, predictions, strict=True):
        if step is None:
            continue
        row = TraversalStep(
            position,
            step,
            tanimoto(reference, fingerprint(step, FingerprintKind.ECFP4)),
            property_values(step, list(properties)),
            dict(zip(model.property_names, predicted, strict=has_head)),
        )
        if not rows or rows[-1].molecule != step:
            rows.append(row)
        elif abs(position) < abs(rows[-1].position):
            rows[-1] = row
    return tuple(rows)


def latent_dimension(model: MoleculeVAE, number: int) -> Direction:
    """The unit vector of a dimension of the latent space.

    Args:
        model: the model.
        number: dimension, from 1.

    Raises:
        ConfigError: there is no such dimension.
    """
    _check_number("dimension", number, model.latent_size)
    vector = np.zeros(model.latent_size, np.float32)
    vector[number - 1] = 1.0
    return vector


def principal_axis(model: MoleculeVAE, number: int, seed: int = 0) -> Direction:
    """A principal axis of the posterior means of the prior's molecules.

    Its length is the standard deviation of the means along it.

    Args:
        model: the model.
        number: axis, from 1, which has the largest variance.
        seed: random seed of the samples.

    Raises:
        ConfigError: there is no such axis.
    """
    _check_number("component", number, min(model.latent_size, _SAMPLES - 1))
    samples = model.sample(_SAMPLES, seed)
    known = [molecule.smiles for molecule in samples if molecule is not None]
    rows = [
        selfies
        for selfies in to_selfies_batch(known)
        if selfies is not None and model.vocabulary.knows(selfies)
    ]
    if len(rows) <= number:
        raise ModelError("too few samples of this model are molecules; train it longer")
    means = model.posterior(rows)[0].astype(np.float64)
    _, lengths, axes = np.linalg.svd(means - means.mean(0), full_matrices=False)
    axis = axes[number - 1] * np.sign(axes[number - 1][np.argmax(np.abs(axes[number - 1]))])
    vector: Direction = (axis * lengths[number - 1] / np.sqrt(len(rows) - 1)).astype(np.float32)
    return vector


def property_gradient(model: MoleculeVAE, molecule: Molecule, name: str) -> Direction:
    """The direction in which the property head's prediction rises fastest, of length 1.

    Raises:
        ModelError: the model has no property head, or it is flat at this molecule.
        ConfigError: the model does not predict that property.
        MoleculeError: the model lacks a symbol of the molecule.
    """
    head = model.network.head
    if head is None:
        raise ModelError("this model predicts no properties; train it with `property_columns`")
    names = list(model.property_names)
    if name not in names:
        raise ConfigError(f"the model does not predict {name!r}{suggestion(name, names)}")
    z = as_latents(model.encode([molecule], refine=True), model.latent_size)
    z = z.to(model.device).requires_grad_()
    with torch.enable_grad():
        prediction = head(z)[0, names.index(name)]
        (gradient,) = torch.autograd.grad(prediction, z)
    length = float(gradient.norm())
    if not length > 0:
        raise ModelError(f"the prediction of {name!r} does not change around this molecule")
    vector: Direction = (gradient[0] / length).cpu().numpy()
    return vector


def _check_number(name: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise ConfigError(f"{name} = {number}: this model has {name}s 1 to {most}")
