"""How it is looked for: objective-blind optimisers (one algorithm a file), the oracle, the loop."""
