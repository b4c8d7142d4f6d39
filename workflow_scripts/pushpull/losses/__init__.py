"""Losses: pure functions of tensors that know no encoder. Adding one is a function and a line in `registry.py`."""
