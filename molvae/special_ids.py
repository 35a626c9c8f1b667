"""The ids that every vocabulary begins with; the network knows these three and no others."""

PAD = 0
"""Padding after END; also replaces input symbols under word dropout."""
START = 1
"""First input of the decoder."""
END = 2
"""End of a sequence."""

FIRST_TOKEN = 3
"""The first id that stands for SELFIES symbols."""
