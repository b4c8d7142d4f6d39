"""The training loop, what it trains, and how it survives being killed."""
