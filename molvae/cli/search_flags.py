"""Settings of a search that have no flag: few users change them, and a TOML file can."""

SEARCH_BY_FILE = (
    # The search, and its constraints.
    "allow_reactive",
    "batch_size",
    "hide_repeats",
    "lead_scale",
    "max_chain",
    "max_ring_size",
    "max_rotatable_bonds",
    "min_environment_rate",
    "scaffold_threshold",
    # The default method.
    "candidate_heavy_atoms",
    "keep_stereo",
    "children",
    "evolved",
    "generations",
    "min_batch",
    "neutralize",
    "pool_ranked",
    "pool_size",
    "stagnation",
    "start",
    "surrogate",
    "surrogate_size",
    "retraining",
    # The other methods.
    "cma_es",
    "evolution",
    "gradient",
    "random",
    "random_walk",
    "turbo",
)
