"""Tekton: runs, their tasks and steps, and what was to start them."""
