"""What every object of the Kubernetes API is made of: quantities, label selectors, manifests. Pure."""
