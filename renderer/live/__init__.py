"""What runs: Kubernetes objects and the answers of Prometheus -> values, compared with Git; pure."""
