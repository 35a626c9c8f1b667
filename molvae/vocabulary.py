"""Symbol to id and back."""
