"""Microsoft Azure: `client` sends requests and translates errors; each service has a module of its kinds."""
