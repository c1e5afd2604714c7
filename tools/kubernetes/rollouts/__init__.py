"""Rollouts: how far they are, what blocks them, what was before, and the wait for their end."""
