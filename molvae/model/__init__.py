"""The networks: tensors in, tensors out. Nothing here knows chemistry or strings."""
