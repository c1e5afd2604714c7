"""What a task in plain words asks for: pure, without a model, the same for the planner and the gate.

    task -> terms -> clauses -> parses -> Understanding

`terms` finds names of the cluster, values and concepts; `clauses` tells orders, questions, complaints and what
forbids or delays; `matching` fits a clause to what tools are for (`tools.intents`), with every word accounted for.
"""
