"""Pods that the API server refuses."""
