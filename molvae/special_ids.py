"""The ids that every vocabulary begins with; the network knows these three and no others."""

PAD = 0
"""Fills a row after its END; as the decoder's input it stands for a symbol that is hidden."""
START = 1
"""What the decoder sees before the first symbol."""
END = 2
"""What the decoder writes after the last symbol."""
