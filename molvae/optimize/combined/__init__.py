"""The default method of search: many sources, a surrogate that chooses, decoders that follow."""
