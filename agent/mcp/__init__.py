"""Desk's knowledge for other agents, by the Model Context Protocol, without the cluster itself."""
