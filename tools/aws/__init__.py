"""Tools for what an application needs of AWS: a registry, a bucket, secrets, a database. A module a service.

Each says what it does differently from the command that one usually types, and why; each guardrail's source stands
in the module of its kind (`tools/cloud/aws`). Whatever is made here is asked, in every environment.
"""
