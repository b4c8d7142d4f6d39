"""What a study costs, counted before anything is run: `make estimate`."""
