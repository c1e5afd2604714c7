"""Why does it not run? A snapshot of a namespace, read once, and pure rules over it."""
