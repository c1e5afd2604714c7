"""Tools for what an application needs of Azure: a registry, a key vault, a database, storage. A module a service.

Each says what it does differently from the command that one usually types, and why; each guardrail's source stands
in the module of its kind (`tools/cloud/azure`). Whatever is made here is asked, in every environment.
"""
