"""Containers that do not run."""
