"""Sessions as Kubernetes Jobs.

`request` is what is asked for, `job` the Job that does it (pure), `deciding` what comes after a Job (pure), and
`dispatcher` makes Jobs. Nothing is remembered here: the journal says how a session stands, the Jobs say what was
asked for, and a Job's name says which one of its session key it is. So two dispatchers at once make one Job.
"""
