"""Namespaces with guardrails.

`specification` is what somebody asks for, checked; `guardrails` makes of it the objects, as they are to be (pure);
`provision` gives the plan; `check` tells what is no longer so.
"""
