"""Every sequence of verbs up to a depth, played in the simulator: `make prove`."""
