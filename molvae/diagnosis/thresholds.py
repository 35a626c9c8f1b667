"""Thresholds that separate the words of a diagnosis; rules of thumb, used everywhere."""

from collections.abc import Mapping
from math import isnan
from types import MappingProxyType

THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "collapsed_below_kl": 1.0,
        "collapsed_below_active_share": 0.02,
        "partly_used_below_active_share": 0.2,
        "telling_apart_above_share_of_bound": 0.9,
        "overlapping_below_share_of_bound": 0.5,
        "faithful_above_exact": 0.9,
        "poor_below_exact": 0.5,
        "robust_above_jtvae": 0.75,
        "fragile_below_jtvae": 0.25,
        "autoencoder_above_elbo_gap": 30.0,
        "generative_below_elbo_gap": 10.0,
        "matching_prior_within_auc": 0.15,
        "missing_normal_above_auc": 0.9,
        "smooth_above_similarity": 0.5,
        "rough_below_similarity": 0.3,
        "ordered_below_spearman": -0.3,
        "unordered_above_spearman": -0.1,
    }
)


def describe_elbo_gap(gap: float) -> str:
    """Meaning of an ELBO gap in nats; empty for NaN, a model without a learned prior."""
    if isnan(gap):
        return ""
    if gap > THRESHOLDS["autoencoder_above_elbo_gap"]:
        return "an autoencoder: N(0, I) does not decode to typical molecules"
    if gap > THRESHOLDS["generative_below_elbo_gap"]:
        return "in between: some samples of N(0, I) decode to typical molecules"
    return "a generative model: N(0, I) decodes to typical molecules"
