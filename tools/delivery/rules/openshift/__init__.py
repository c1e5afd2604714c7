"""OpenShift: builds, their configurations, image streams."""
