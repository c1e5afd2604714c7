"""Tools for what every cluster has: read, describe, change."""
