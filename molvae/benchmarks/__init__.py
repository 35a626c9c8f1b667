"""Named suites with fixed rules: what is drawn, what it is measured against, and the record."""
