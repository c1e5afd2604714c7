"""What Desk can do: one module a domain, each a set of typed functions."""
