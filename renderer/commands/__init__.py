"""One use case a module: the only place that puts the edge and the pure parts together."""
