"""A self-contained HTML page about a run; it only reads the files of the run."""
