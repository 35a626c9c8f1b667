"""A plain line on each figure: is it good enough to rely on, and what to do where it is not.

The thresholds are rules of thumb; the figures beside them are the measurement.
"""

from dataclasses import dataclass

from molvae.diagnosis.information import Information
from molvae.diagnosis.prior_match import PriorMatch
from molvae.diagnosis.reconstruction import Reconstruction
from molvae.diagnosis.smoothness import Smoothness

THRESHOLDS = {
    "collapsed_below_kl": 1.0,
    "collapsed_below_active_share": 0.02,
    "partly_used_below_active_share": 0.2,
    "telling_apart_above_share_of_bound": 0.9,
    "overlapping_below_share_of_bound": 0.5,
    "faithful_above_exact": 0.9,
    "poor_below_exact": 0.5,
    "robust_above_jtvae": 0.75,
    "fragile_below_jtvae": 0.25,
    "matching_prior_within_auc": 0.15,
    "missing_normal_above_auc": 0.9,
    "smooth_above_similarity": 0.5,
    "rough_below_similarity": 0.3,
    "ordered_below_spearman": -0.3,
    "unordered_above_spearman": -0.1,
}
"""What separates one word from the next. The first two are those of training's validation."""


@dataclass(frozen=True)
class Verdict:
    """A word on one item."""

    item: str
    word: str
    is_sound: bool
    """False: do not rely on the model for what the item is about."""
    reason: str
    """The figures that the word rests on, and advice where it is not sound."""

    def __str__(self) -> str:
        return f"{self.item}: {self.word} - {self.reason}"


def judge_use(found: Information) -> Verdict:
    """Whether z carries anything, and in how many dimensions."""
    active, size = found.active_units, found.latent_size
    figures = f"KL {found.kl:.1f} nats, {active} of {size} units active"
    share = active / size
    if (
        found.kl < THRESHOLDS["collapsed_below_kl"]
        or share < THRESHOLDS["collapsed_below_active_share"]
    ):
        advice = "the decoder ignores z: lower `beta`, or raise `free_bits` or `word_dropout`"
        return Verdict("use of z", "collapsed", False, f"{figures}; {advice}")
    if share < THRESHOLDS["partly_used_below_active_share"]:
        advice = "most dimensions hold noise: a smaller `latent_size` would do"
        return Verdict("use of z", "partly used", True, f"{figures}; {advice}")
    return Verdict("use of z", "informative", True, figures)


def judge_information(found: Information) -> Verdict:
    """Whether codes tell the molecules apart."""
    figures = f"{found.mutual_information:.2f} nats of at most log N = {found.bound:.2f}"
    share = found.mutual_information / found.bound
    if share < THRESHOLDS["overlapping_below_share_of_bound"]:
        advice = "posteriors overlap: lower `beta`"
        return Verdict("mutual information", "overlapping", False, f"{figures}; {advice}")
    if share < THRESHOLDS["telling_apart_above_share_of_bound"]:
        return Verdict("mutual information", "partly apart", True, figures)
    note = f"near its bound; the true value is between it and the KL, {found.kl:.1f}"
    return Verdict("mutual information", "tells molecules apart", True, f"{figures}; {note}")


def judge_reconstruction(found: Reconstruction) -> Verdict:
    """Whether a molecule survives its own code."""
    figures = f"{found.exact:.1%} exact from the mean, {found.reconstruction:.2f} nats"
    if found.exact < THRESHOLDS["poor_below_exact"]:
        advice = "a search moves among other molecules than it was given: train longer"
        return Verdict("reconstruction", "poor", False, f"{figures}; {advice}")
    word = "faithful" if found.exact >= THRESHOLDS["faithful_above_exact"] else "partial"
    return Verdict("reconstruction", word, True, figures)


def judge_protocol(found: Reconstruction) -> Verdict:
    """Whether it survives the noise of the posterior and of the decoder too."""
    figures = (
        f"{found.jtvae:.1%} exact over 10 encodings x 10 decodings of "
        f"{found.jtvae_molecules} molecules"
    )
    if found.jtvae < THRESHOLDS["fragile_below_jtvae"]:
        advice = "draw less (decode greedily, from means), or train longer"
        return Verdict("noisy reconstruction", "fragile", False, f"{figures}; {advice}")
    word = "robust" if found.jtvae >= THRESHOLDS["robust_above_jtvae"] else "partial"
    return Verdict("noisy reconstruction", word, True, figures)


def judge_prior(found: PriorMatch) -> Verdict:
    """Whether the model's own prior draws where these molecules are."""
    figures = f"AUC {found.auc_prior:.2f} of codes against draws of the {found.prior} prior"
    off = found.auc_prior - 0.5
    if abs(off) <= THRESHOLDS["matching_prior_within_auc"]:
        return Verdict("prior", "matches", True, figures)
    if off > 0:
        why = "much of the prior lies where no molecule does"
        return Verdict("prior", "too wide", False, f"{figures}; {why}")
    why = "it misses part of these molecules, or they are of another kind than the training data"
    return Verdict("prior", "too narrow", False, f"{figures}; {why}")


def judge_normal(found: PriorMatch) -> Verdict:
    """Whether draws of N(0, I) lie where these molecules are; for models with a learned prior."""
    figures = f"AUC {found.auc_normal:.2f} of codes against draws of N(0, I)"
    if found.auc_normal > THRESHOLDS["missing_normal_above_auc"]:
        advice = "draw from the learned prior, and begin searches at codes of molecules"
        return Verdict("N(0, I)", "misses the molecules", False, f"{figures}; {advice}")
    return Verdict("N(0, I)", "overlaps", True, figures)


def judge_steps(found: Smoothness) -> Verdict:
    """Whether a step of the posterior's own size leads to a like molecule."""
    step = found.step("posterior", 1.0)
    figures = (
        f"one posterior deviation away {step.same:.0%} decode to the same molecule, "
        f"mean Tanimoto {step.similarity:.2f}"
    )
    if not step.similarity >= THRESHOLDS["rough_below_similarity"]:
        advice = "small steps change the molecule beyond likeness: do not interpolate"
        return Verdict("steps", "rough", False, f"{figures}; {advice}")
    word = "smooth" if step.similarity >= THRESHOLDS["smooth_above_similarity"] else "uneven"
    return Verdict("steps", word, True, figures)


def judge_distances(found: Smoothness) -> Verdict:
    """Whether near codes belong to like molecules."""
    near, random = found.near_pairs, found.random_pairs
    figures = (
        f"Spearman {random.spearman:.2f} of distance and Tanimoto over random pairs; mean Tanimoto "
        f"{near.similarity:.2f} of nearest neighbors, {random.similarity:.2f} of random pairs"
    )
    if not random.spearman <= THRESHOLDS["unordered_above_spearman"]:
        advice = "nearness in this space says little on likeness"
        return Verdict("distances", "unordered", False, f"{figures}; {advice}")
    is_ordered = random.spearman <= THRESHOLDS["ordered_below_spearman"]
    return Verdict("distances", "ordered" if is_ordered else "loosely ordered", True, figures)
