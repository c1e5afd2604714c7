"""Argo CD: what it has seen, compared and synced, and what it waits for."""
