"""A verdict on each figure: whether it can be relied on, and what to do if not."""

from dataclasses import dataclass

from molvae.diagnosis.held_out import HeldOut
from molvae.diagnosis.information import Information
from molvae.diagnosis.prior_match import PriorMatch
from molvae.diagnosis.reconstruction import ExactShare
from molvae.diagnosis.smoothness import Smoothness
from molvae.diagnosis.thresholds import THRESHOLDS, describe_elbo_gap


@dataclass(frozen=True)
class Verdict:
    """A verdict on an item of a diagnosis."""

    item: str
    word: str
    is_sound: bool
    """Whether the model can be relied on for this item."""
    reason: str
    """Figures behind the word, and advice if it is not sound."""

    def __str__(self) -> str:
        return f"{self.item}: {self.word} - {self.reason}"


def judge_use(held_out: HeldOut) -> Verdict:
    """Verdict on whether z carries information, and in how many dimensions."""
    active, size = held_out.active_units, len(held_out.kl_per_dimension)
    figures = f"KL {held_out.kl:.1f} nats, {active} of {size} units active"
    if held_out.collapse() is not None:
        advice = "the decoder ignores z: lower `beta`, or raise `free_bits` or `word_dropout`"
        return Verdict("use of z", "collapsed", False, f"{figures}; {advice}")
    if active / size < THRESHOLDS["partly_used_below_active_share"]:
        advice = "most dimensions hold noise: a smaller `latent_size` would do"
        return Verdict("use of z", "partly used", True, f"{figures}; {advice}")
    return Verdict("use of z", "informative", True, figures)


def judge_information(information: Information) -> Verdict:
    """Verdict on whether latent vectors tell the molecules apart."""
    figures = (
        f"{information.mutual_information:.2f} nats of at most log N = {information.bound:.2f}"
    )
    share = information.mutual_information / information.bound
    if share < THRESHOLDS["overlapping_below_share_of_bound"]:
        advice = "posteriors overlap: lower `beta`"
        return Verdict("mutual information", "overlapping", False, f"{figures}; {advice}")
    if share < THRESHOLDS["telling_apart_above_share_of_bound"]:
        return Verdict("mutual information", "partly apart", True, figures)
    note = f"near its bound; the true value is between it and the KL, {information.kl:.1f}"
    return Verdict("mutual information", "tells molecules apart", True, f"{figures}; {note}")


def judge_gap(held_out: HeldOut) -> Verdict:
    """Verdict on whether N(0, I) decodes to typical molecules, by the ELBO gap."""
    gap = held_out.elbo_gap
    figures = (
        f"ELBO gap {gap:.1f} nats (reconstruction {held_out.reconstruction:.1f} + "
        f"KL {held_out.kl:.1f} - prior {held_out.language:.1f})"
    )
    if gap > THRESHOLDS["autoencoder_above_elbo_gap"]:
        advice = (
            f"{describe_elbo_gap(gap)}; sample the learned prior, or train with a higher `beta`"
        )
        return Verdict("ELBO gap", "autoencoder", False, f"{figures}; {advice}")
    is_small = gap <= THRESHOLDS["generative_below_elbo_gap"]
    word = "generative" if is_small else "in between"
    return Verdict("ELBO gap", word, True, f"{figures}; {describe_elbo_gap(gap)}")


def judge_reconstruction(held_out: HeldOut, refined: ExactShare) -> Verdict:
    """Verdict on whether a molecule survives encoding and greedy decoding."""
    exact = held_out.exact_reconstruction
    figures = (
        f"{exact:.1%} exact from the mean, {refined.exact:.1%} from refined latent vectors, "
        f"{held_out.reconstruction:.2f} nats"
    )
    if exact < THRESHOLDS["poor_below_exact"]:
        advice = "means stand for other molecules: train longer, or refine latent vectors"
        return Verdict("reconstruction", "poor", False, f"{figures}; {advice}")
    word = "faithful" if exact >= THRESHOLDS["faithful_above_exact"] else "partial"
    return Verdict("reconstruction", word, True, figures)


def judge_noisy(noisy: ExactShare) -> Verdict:
    """Verdict on whether it survives the noise of the posterior and of the decoder too."""
    figures = (
        f"{noisy.exact:.1%} exact over 10 encodings x 10 decodings of {noisy.molecules} molecules"
    )
    if noisy.exact < THRESHOLDS["fragile_below_jtvae"]:
        advice = "decode greedily and from means, or train longer"
        return Verdict("noisy reconstruction", "fragile", False, f"{figures}; {advice}")
    word = "robust" if noisy.exact >= THRESHOLDS["robust_above_jtvae"] else "partial"
    return Verdict("noisy reconstruction", word, True, figures)


def judge_prior(match: PriorMatch) -> Verdict:
    """Verdict on whether the model's own prior samples where these molecules are."""
    figures = (
        f"AUC {match.auc_prior:.2f} of molecules' latent vectors against samples of the "
        f"{match.prior} prior"
    )
    off = match.auc_prior - 0.5
    if abs(off) <= THRESHOLDS["matching_prior_within_auc"]:
        return Verdict("prior", "matches", True, figures)
    if off > 0:
        why = "much of the prior lies where no molecule does"
        return Verdict("prior", "too wide", False, f"{figures}; {why}")
    why = "it misses part of these molecules, or they are of another kind than the training data"
    return Verdict("prior", "too narrow", False, f"{figures}; {why}")


def judge_normal(match: PriorMatch) -> Verdict:
    """Verdict on whether N(0, I) samples where these molecules are; for learned priors."""
    figures = f"AUC {match.auc_normal:.2f} of molecules' latent vectors against samples of N(0, I)"
    if match.auc_normal > THRESHOLDS["missing_normal_above_auc"]:
        advice = "sample the learned prior, and start searches from molecules"
        return Verdict("N(0, I)", "misses the molecules", False, f"{figures}; {advice}")
    return Verdict("N(0, I)", "overlaps", True, figures)


def judge_steps(smoothness: Smoothness) -> Verdict:
    """Verdict on whether a step of one posterior deviation leads to a similar molecule."""
    step = smoothness.step("posterior", 1.0)
    figures = (
        f"one posterior deviation away {step.same:.0%} decode to the same molecule, "
        f"mean Tanimoto {step.similarity:.2f}"
    )
    if not step.similarity >= THRESHOLDS["rough_below_similarity"]:
        advice = "small steps lead to dissimilar molecules: do not interpolate"
        return Verdict("steps", "rough", False, f"{figures}; {advice}")
    word = "smooth" if step.similarity >= THRESHOLDS["smooth_above_similarity"] else "uneven"
    return Verdict("steps", word, True, figures)


def judge_distances(smoothness: Smoothness) -> Verdict:
    """Verdict on whether near latent vectors belong to similar molecules."""
    near, random = smoothness.near_pairs, smoothness.random_pairs
    figures = (
        f"Spearman {random.spearman:.2f} of distance and Tanimoto over random pairs; mean Tanimoto "
        f"{near.similarity:.2f} of nearest neighbors, {random.similarity:.2f} of random pairs"
    )
    if not random.spearman <= THRESHOLDS["unordered_above_spearman"]:
        advice = "distance in this space says little about similarity"
        return Verdict("distances", "unordered", False, f"{figures}; {advice}")
    is_ordered = random.spearman <= THRESHOLDS["ordered_below_spearman"]
    return Verdict("distances", "ordered" if is_ordered else "loosely ordered", True, figures)
