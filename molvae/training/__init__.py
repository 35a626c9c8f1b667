"""How a model is fitted: schedule, loop, checkpoint, diagnostics. Imports no command line."""
