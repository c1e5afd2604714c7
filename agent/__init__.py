"""The runtime of Desk, the developer-experience agent."""

__version__ = "0.1.0"
