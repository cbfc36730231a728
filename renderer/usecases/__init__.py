"""What each command does: the only place that puts the edge and the pure parts together."""
