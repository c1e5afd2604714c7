"""Pods that no node takes, or that lost theirs."""
