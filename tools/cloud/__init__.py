"""Clouds: the only code that talks to their APIs. What is made there, and how one cloud is told from another.

| module | holds |
|---|---|
| resource | `Cloud` and `Kind`: what a driver needs of a cloud, and of each kind of thing in it |
| tags | whose a resource is, for what, paid by whom, and which session made it |
| connect | which clouds there are; a cloud's SDK is imported when it is asked for |
| aws/ | Amazon's: `client` sends and translates errors, a module a service |
| azure/ | Microsoft's, likewise |

A kind says what a resource of it is to be like by a *specification*: JSON of plain keys, read back in the same
shape. So one driver (`tools/changes/clouds.py`) plans, makes, looks for, compares and undoes all of them.
"""
