"""Settings of a search that have no flag: few users change them, and a TOML file can."""

SEARCH_BY_FILE = (
    # The search, and its constraints.
    "batch_size",
    "hide_repeats",
    "lead_scale",
    "max_chain",
    "max_ring_size",
    "max_rotatable_bonds",
    # The default method.
    "batches",
    "children",
    "evolved",
    "generations",
    "neutralize",
    "pool_ranked",
    "pool_size",
    "stagnation",
    "start",
    "surrogate_size",
    # Its retraining; `updates` has a flag.
    "clip_norm",
    "elites",
    "every",
    "interval",
    "learning_rate",
    "precision",
    "rank_weight",
    "rehearsed",
    # The other methods.
    "cma_es",
    "evolution",
    "gradient",
    "random",
    "random_walk",
    "turbo",
)
