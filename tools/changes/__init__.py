"""Changes of systems: what a plan of them is, and one driver for each system that makes them.

| module | holds |
|---|---|
| plan | `Plan`, `Step`, `Change`, `Check`: data, and the digest that an approval is bound to |
| driver | the port that every system's driver has: may, preview, send, observe |
| kubernetes | the driver for a Kubernetes cluster |
| files, folder | the driver for files, and how they are written through no link |
| clouds | the driver for what is in a cloud, of whichever kind |
| build | the changes of a Kubernetes object, from the object as it is |
| guardrails | which class of risk a change of a cluster has by what it does |
| patches, strategic, merge_patch | how a patch is undone, and whether it is in effect |
"""
