"""rollspec: app specs in, checked Kubernetes manifests out; a release is an edit of the spec."""

__version__ = "0.1.0"
