"""Tables, figures and report: reads metrics files, cards and printed values, never a model."""
