"""What the tools of all clouds share: whose a resource is, how a value arrives in a namespace, what is in the way.

| module | holds |
|---|---|
| owner | the arguments that say whose a resource is; plans of resources |
| claims | objects of the namespace, for a controller of the cluster to make a resource of |
| delivering | a secret of a cloud in a namespace, and pull secrets |
| files | files of this machine that a cloud is given |
| links | one thing after another that has to be so, and which is not |
"""
