"""Workloads that do not come about."""
