"""What words in a task mean: an order or talk, an object or grammar. Pure, the same for planner and gate."""

from __future__ import annotations

import re

from agent.model.port import Context

_NAME = r"[a-z0-9](?:[-a-z0-9._]*[a-z0-9])?"
_WORD = re.compile(_NAME)

# A verb is no order when its clause denies it or asks about it, or its sentence makes it depend.
_CLAUSE = re.compile(r"[,:]\s|\b(?:and|then|but)\b")
_SENTENCE = re.compile(r"[.;!?]\s|\n")
_NO_ORDER = re.compile(
    r"\b(?:no|not|never|without|instead|how|should|would|did|does|why|whether|cannot|safe|dont|refuse|\w+n't"
    r"|(?:can|may|could|shall|must|do) (?:i|we))\b"
    r"|^\s*(?:is|are|was|were|has|have|had)\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(r"\b(?:if|unless|when|once|until|after|before)\b", re.IGNORECASE)
# The verb opens its clause, or follows words that make it an order: "the update strategy" is none.
_OPENS = re.compile(
    r"(?:^|[.,:;!?&(*\n-]\s*|\b(?:please|and|then|now|just|also|or|help (?:me|us)"
    r"|(?:can|could|would|will) you|(?:want|need|try|have|ask|like)(?: you)? to)\s+(?:please\s+|just\s+)?)$",
    re.IGNORECASE,
)

_GRAMMAR = frozenset(
    _WORD.findall(
        """
        a an the this that these those it its my our your their all any every each everything anything nothing some
        i we you he she they is are was were be been being has have had do does did done can could may might must
        shall should will would not no and or but nor so as at by for from in into of off on onto out over to under
        up with within without about after again against before between during until while if unless then than too
        very what which who whom whose why when where how find finds look show tell get list describe explain check
        see please just now only also still keep keeps there here down ok okay because since namespace project
        cluster fix mend repair solve heal cure change set raise increase lower decrease reduce bump restart bounce
        roll scale update adjust apply patch undo revert rollback limit memory cpu
        """
    )
)
_KINDS = r"(?:pods?|deployments?|deploy|statefulsets?|sts|daemonsets?|ds|workloads?|apps?|services?)"
_EVERYTHING = re.compile(r"\b(?:everything|all|every\w*|whatever|anything|both|each)\b")


_NAMESPACE = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_EXPLICIT = re.compile(
    rf"(?:\bnamespace|\bproject|\bns|(?<!\S)-n|(?<!\S)--namespace)[ =:/]+[\"'`]?({_NAMESPACE})", re.IGNORECASE
)
_IMPLICIT = (
    re.compile(rf"\b({_NAMESPACE})[\"'`]? (?:namespace|project)\b", re.IGNORECASE),
    re.compile(rf"\bin (?:the )?[\"'`]?({_NAMESPACE})", re.IGNORECASE),
    re.compile(r"\bon (?:the )?(dev|test|qa|staging|prod|production)\b", re.IGNORECASE),
)
_ENVIRONMENTS = {
    word: spellings
    for spellings in (("dev", "development"), ("test", "qa"), ("stage", "staging"), ("prod", "production"))
    for word in spellings
}
_NOT_NAMESPACES = frozenset(
    [
        "a", "an", "the", "this", "that", "my", "our", "its", "it", "all", "any", "every", "each", "which", "what",
        "whole", "entire", "same", "other", "new", "is", "are", "of", "for", "with", "and", "or", "to", "in", "on",
        "namespace", "project", "cluster", "sandbox", "kubernetes", "openshift", "k8s",
        "pending", "crashloop", "crashloopbackoff", "imagepullbackoff", "errimagepull", "oomkilled",
        "createcontainerconfigerror", "containercreating", "terminating", "running", "evicted",
        "here", "there", "general", "order", "time", "place", "progress", "state", "status", "loop", "trouble",
        "error", "scheduling", "startup", "ok", "okay", "fine", "healthy", "unhealthy", "broken", "down",
    ]
)  # fmt: skip
_ALL_NAMESPACES = re.compile(r"\b(?:all|every|any) namespaces?\b|(?<!\S)(?:-A|--all-namespaces)(?!\S)")


def is_order(before: str) -> bool:
    """Whether a verb is an order, going by what stands before it in the task."""
    sentence = _SENTENCE.split(before)[-1]
    return not _DEPENDS.search(sentence) and not _NO_ORDER.search(_CLAUSE.split(sentence)[-1])


def orders(task: str, verbs: re.Pattern[str]) -> bool:
    """Whether a task orders one of these: the verb opens its clause, and nothing denies or questions it."""
    before = [task[: verb.start()] for verb in verbs.finditer(task)]
    return any(_OPENS.search(text) is not None and is_order(text) for text in before)


def means_everything(task: str) -> bool:
    """Whether a task is about all there is, so that no name in it narrows it down."""
    return _EVERYTHING.search(task.lower()) is not None


def object_words(task: str, namespaces: tuple[str, ...]) -> frozenset[str]:
    """The words of a task, in lower case, that can name an object.

    Not those that name a namespace where they stand (`in shop-dev`), nor grammar and verbs; a name that is
    such a word counts when its kind stands before it (`deployment fix`, `deployment/fix`) or it is quoted.
    """
    said = task.lower()
    for namespace in namespaces:
        said = re.sub(_namespace_span(namespace), " ", said)
    sure = re.findall(rf"\b{_KINDS}[ /]+[\"'`]?({_NAME})|[\"'`]({_NAME})[\"'`]", said)
    loose = [word for word in _WORD.findall(said) if word not in _GRAMMAR]
    return frozenset([*loose, *(word for pair in sure for word in pair if word and not _only_grammar(word, said))])


def _only_grammar(word: str, said: str) -> bool:
    """`the pods in shop`: a preposition behind a kind is no name, unless a slash or quotes make it one."""
    return word in _GRAMMAR and not re.search(rf"(?:/|[\"'`]|\bdeployment )[\"'`]?{re.escape(word)}\b", said)


def _namespace_span(namespace: str) -> str:
    name = rf"[\"'`]?{re.escape(namespace)}[\"'`]?(?![-a-z0-9._])"
    return (
        rf"\b(?:in|of|namespace|project|ns)[ =:]+(?:the )?(?:namespace |project )?{name}"
        rf"|(?<!\S)(?:-n|--namespace)[ =]{name}|(?<![-\w]){name} (?:namespace|project)\b|(?<![-\w]){name}(?=/)"
    )


def namespace_of(task: str, context: Context) -> str:
    """The namespace a task means: one it names, else the one it was started in.

    Empty when it names an environment (`in prod`) and that is not exactly one namespace: to take another
    would change the wrong objects.
    """
    explicit = _found(_EXPLICIT, task)
    named = [*explicit, *(name for pattern in _IMPLICIT for name in _found(pattern, task))]
    known = [name for name in (*named, *([] if explicit else _names(task))) if name in context.namespaces]
    if known:
        return known[0]
    environment = next((name for name in named if name in _ENVIRONMENTS), "")
    if environment:
        return _of_environment(environment, context) or (environment if environment in explicit else "")
    return named[0] if named else context.namespace


def _found(pattern: re.Pattern[str], task: str) -> list[str]:
    return [name for found in pattern.findall(task) if not _is_word(name := str(found).lower())]


def _is_word(name: str) -> bool:
    return name in _NOT_NAMESPACES or name.isdigit()


def _of_environment(environment: str, context: Context) -> str:
    """The one namespace of an environment, going by its name; the sibling of the session's own, if there is one."""
    known = {*context.namespaces, context.namespace}
    there = sorted(name for name in known if set(_ENVIRONMENTS[environment]) & set(name.split("-")))
    siblings = [name for name in there if _stem(name) == _stem(context.namespace)]
    found = siblings or there
    return found[0] if len(found) == 1 else ""


def _stem(namespace: str) -> list[str]:
    return [part for part in namespace.split("-") if part not in _ENVIRONMENTS]


def means_all_namespaces(task: str) -> bool:
    """Whether a task is about every namespace."""
    return _ALL_NAMESPACES.search(task) is not None


def says(task: str, value: str) -> bool:
    """Whether a task says a value (a name, a path) word for word, and not as a part of another."""
    return re.search(rf"(?<![\w./~-]){re.escape(value)}(?![\w/~-]|[.:@]\w)", task) is not None


def is_within(task: str, namespace: str, context: Context) -> bool:
    """Whether a namespace belongs to a task: its session's own, one it names or means, or it means them all."""
    meant = (context.namespace, namespace_of(task, context), *_names(task))
    return namespace in meant or means_all_namespaces(task)


def _names(task: str) -> list[str]:
    return re.findall(_NAMESPACE, task.lower())
