"""An application's manifests: from one checked specification to objects as data, and to files that people read.

As a library, all of it pure and without a cluster:

    from tools.manifests.application import files, objects
    from tools.manifests.judges import exceptions
    from tools.manifests.specification import SpecificationError, specified

    wanted = specified("shop", "registry.example.com/shop:v1", host="shop.example.com", env=["LOG_LEVEL=info"])
    made = objects(wanted)                       # the API's own JSON, in the order in which they are applied
    texts = dict(files(made))                    # {"deployment.yaml": "---\n# deployment.yaml\n...", ...}
    for excepted in exceptions(made): ...        # what judges demand and this application cannot have, with reasons

For a kustomize base, `dataclasses.replace(wanted, namespace="")` leaves the namespace to the overlays.

`specification` has `specified`, with all refusals (`SpecificationError`); `application` has `objects` and `files`;
`judges` has `exceptions`; `served` says what of a cluster the objects follow (`ASSUMED`: nothing is known of it).
`pods`, `controllers`, `networking`, `scaling` and `accounts` make the objects; `serialize` writes YAML in their
order, with the comments of `comments`. None of these imports more than the standard library.
"""
