"""The kinds of error that logs tell of: how each is recognised, why it happens, and what to do next."""

from __future__ import annotations

from typing import Literal

import msgspec

from tools.diagnose.logs.signs import (
    ADDRESS,
    ANY_PATH,
    FILE_NOT_FOUND,
    HOST,
    LACKING,
    OF_FILE,
    OF_VARIABLE,
    PATH,
    PORT,
    REFUSALS,
    REFUSED,
    VARIABLE_NAME,
    Sign,
    signs,
)

ErrorKind = Literal[
    "address in use",
    "low port",
    "connection refused",
    "unknown host",
    "cluster DNS not asked",
    "timeout",
    "read-only file system",
    "no space left",
    "lock held",
    "login refused",
    "permission denied",
    "permission lacking",
    "missing variable",
    "pending migration",
    "wrong architecture",
    "missing module",
    "missing interpreter",
    "missing command",
    "missing file",
    "untrusted certificate",
    "out of memory",
]


class Kind(msgspec.Struct, frozen=True):
    """The signs of which a line has one, what patterns find its subject, why it happens and what one does."""

    kind: ErrorKind
    signs: tuple[Sign, ...]
    subjects: tuple[str, ...]
    why: str
    next_step: str

    def is_told_by(self, line: str) -> bool:
        lowered = line.lower()
        return any(sign.is_in(line, lowered) for sign in self.signs)


KINDS = (
    Kind(
        "address in use",
        signs(
            "address already in use",
            "address is already in use",
            "eaddrinuse",
            ("address in use", r"\baddress in use\b"),
            ("already in use", r"port \d+ (is|was) already in use"),
        ),
        PORT,
        "Two programs of one pod cannot listen on the same port: the containers of a pod share their network, "
        "and a program that was started twice meets itself.",
        "Give one of them another port",
    ),
    Kind(
        "low port",
        signs(
            ("permission denied", r"bind.*permission denied|permission denied.*\bbind\b"),
            "listen eacces",
            ("listen tcp", r"listen tcp.*permission denied"),
        ),
        PORT,
        "A process that is not root may not listen on a port below 1024, unless it has the capability "
        "NET_BIND_SERVICE.",
        "Let it listen on a port from 1024 on, and point the Service's targetPort there",
    ),
    Kind(
        "connection refused",
        signs(
            "connection refused",
            "econnrefused",
            "actively refused",
            ("connection to ", r"connection to \S+ (was )?refused"),
            ("is the server running", r"^(?!.*\btimed? ?out).*is the server running"),
            ("could not connect to server", r"^(?!.*\btimed? ?out).*could not connect to server"),
        ),
        ADDRESS,
        "The address was reached and nothing listens there: the service is down, still starting, or on another "
        "port; and 127.0.0.1 is the container's own pod.",
        "Compare the address with what listens there",
    ),
    Kind(
        "unknown host",
        signs(
            "no such host",
            ("enotfound", r"\bENOTFOUND\b"),
            ("eai_again", r"\bEAI_AGAIN\b"),
            "name or service not known",
            "name resolution",
            "getaddrinfo failed",
            "nodename nor servname",
            "unknownhostexception",
            ("bad address", r"\bbad address\b"),
            "could not translate host",
            "could not resolve host",
            "name does not resolve",
            "server can't find",
            "can't resolve",
            "no address associated with hostname",
        ),
        HOST,
        "The cluster's DNS knows a Service of the same namespace by its name, and one of another namespace by "
        "NAME.NAMESPACE; it does not know this host.",
        "Correct the host's name in the application's settings",
    ),
    Kind(
        "timeout",
        signs(
            "connection timed out",
            "etimedout",
            "i/o timeout",
            "connect timeout",
            "connect timed out",
            "sockettimeoutexception",
            "connection timeout",
            "no route to host",
        ),
        ADDRESS,
        "Nothing answered: the address is wrong, or a NetworkPolicy or firewall drops what is sent there.",
        "See whether the address is right, and whether a NetworkPolicy forbids it",
    ),
    Kind(
        "read-only file system",
        signs("read-only file system", "read-only filesystem", ("erofs", r"\bEROFS\b")),
        PATH,
        "The container's root file system is read-only (readOnlyRootFilesystem), or the volume is: ConfigMaps "
        "and Secrets always are.",
        "Mount an emptyDir where it writes",
    ),
    Kind(
        "no space left",
        signs("no space left on device", ("enospc", r"\bENOSPC\b"), "disk quota exceeded"),
        PATH,
        "The volume it writes to is full: an emptyDir in memory at its sizeLimit, a PersistentVolumeClaim at "
        "its size, or the node's disk.",
        "Make the volume larger, or let the application delete what it no longer needs",
    ),
    Kind(
        "lock held",
        signs(
            ("locked", r"\b(?:is|are|already|database|file|store|table) (?:is )?locked\b"),
            ("lock", r"(?:could not|cannot|can't|unable to|failed to) (?:\w+ ){0,3}(?:the )?(?:\w+ )?locks?\b"),
            ("lock file", r"lock file \S+ (?:already )?exists"),
            ("another process", r"(?:by|is|has) another process|another process (?:is|has|holds)"),
            ("another instance", r"another instance (?:is|of)"),
            "resource temporarily unavailable",
        ),
        PATH,
        "Another process holds a lock on what it opens, mostly on a file of a volume that both mount: the pod "
        "before it, another replica, or one that ended without taking its lock away.",
        "See who else mounts the volume, and let only one run at a time",
    ),
    Kind(
        "login refused",
        signs(
            "password authentication failed",
            "access denied for user",
            "authentication failed",
            "invalid credentials",
            "invalid password",
            "invalid username",
            ("wrongpass", r"\bWRONGPASS\b"),
            ("noauth", r"\bNOAUTH\b"),
            "login failed for user",
        ),
        (r"user [\"']?([\w.\-@]+)",),
        "The other side was reached and does not accept the user or the password; the Secret holds another one, "
        "or it was changed after this container started, and env is read only once.",
        "Compare the user and the password with what the other side expects",
    ),
    Kind(
        "wrong architecture",
        signs("exec format error"),
        ANY_PATH,
        "The program was built for another kind of CPU (arm64 and amd64, mostly), or a script lacks its first "
        "line, such as #!/bin/sh.",
        "Build the image for the nodes' architecture",
    ),
    Kind(
        "missing module",
        signs(
            "modulenotfounderror",
            "no module named",
            "cannot find module",
            "cannot find package",
            "err_module_not_found",
            "classnotfoundexception",
            "noclassdeffounderror",
            "error while loading shared libraries",
            "cannot open shared object file",
            "could not find or load main class",
        ),
        (r"libraries: ([\w.\-+]+)", r"[\"']([^\"']{1,120})[\"']", r"(?:Exception|Error|class):? ([\w./$]+)"),
        "The image lacks a module that the program needs: it was not installed when the image was built, or the "
        "program starts in another directory.",
        "Install it when the image is built, or correct the working directory",
    ),
    Kind(
        "missing variable",
        signs(
            "parameter not set",
            "parameter null",
            "unbound variable",
            (
                "environment variable",
                r"environment variables?\b.*(not set|missing|required|undefined|not defined|not found|empty|must)",
            ),
            ("env", r"(missing|required|undefined|unset|no)\b.*\benv(ironment)?\b"),
            ("env", r"\benv\b.*(is required|not set|is missing)"),
            ("missing value", r"required key \w+ missing value"),
            ("keyerror", rf"KeyError: '(?-i:{VARIABLE_NAME})'"),
            ("must specify", rf"must specify (?-i:{VARIABLE_NAME})\b"),
            ("need to specify", r"need to specify .*environment variable"),
            "could not resolve placeholder",
            *((verb, OF_VARIABLE) for verb in (" is ", " was ", " must be ")),
            *((word, LACKING) for word in ("missing", "required")),
        ),
        (rf"\b{VARIABLE_NAME}\b", r"(\w+): (?:parameter|unbound)"),
        "The program needs an environment variable that its container does not set.",
        "Set the variable in the container's env, or by a ConfigMap or Secret",
    ),
    Kind(
        "pending migration",
        signs("pendingmigrationerror", "migrations are pending"),
        (),
        "The database lacks what newer migrations of the application make, and Rails does not serve until they "
        "have run.",
        "Run bin/rails db:migrate before it starts, in a Job or an initContainer",
    ),
    Kind(
        "untrusted certificate",
        signs(
            "x509: certificate",
            "certificate verify failed",
            "pkix path building failed",
            ("unable to ", r"unable to (get local|verify the first) (issuer )?certificate"),
            "self-signed certificate",
            "self signed certificate",
            "certificate has expired",
        ),
        (),
        "The other side's certificate is expired, is for another name, or was signed by an authority that the "
        "image does not know.",
        "Mount the authority's certificate, or correct the name or the certificate",
    ),
    Kind(
        "out of memory",
        signs(
            "java.lang.outofmemoryerror",
            "javascript heap out of memory",
            ("memoryerror", r"\bMemoryError\b"),
            "cannot allocate memory",
        ),
        (),
        "The program's own limit of memory was reached (a heap that is smaller than the container's limit), or "
        "the system gave no more.",
        "Raise the program's heap together with the container's memory limit",
    ),
    Kind(
        "missing interpreter",
        signs(
            ("exec ", r"^exec \S+: no such file or directory"),
            "bad interpreter: no such file",
            ("env: ", r"\benv: [‘'\"]?\w+(\\r|\^M|\r)"),
        ),
        (r"^exec (/[^\s:]+)", r"(/[^\s:]+): \S+: bad interpreter"),
        "The file is there, and what runs it is not: its first line (#!) names an interpreter that the image does "
        "not have, mostly because its lines end as on Windows (CRLF) and the name with them; a binary may lack "
        "its loader, as one for glibc does on Alpine.",
        "Save the file with Unix line endings (LF), or name an interpreter that the image has",
    ),
    Kind(
        "missing command",
        signs(
            ("not found", r"\bsh: .*: not found$"),
            "command not found",
            "executable file not found",
            ("/usr/bin/env: ", r"/usr/bin/env: .*no such file"),
        ),
        (
            r"sh: (?:line )?(?:\d+: )*([^: ]+): (?:command )?not found",
            r"([^: ]+): command not found",
            r"[\"'‘]([^\"'’]+)[\"'’]",
        ),
        "The shell was asked to run a program that its image does not have, or that is not in its PATH.",
        "Correct the command, or take an image that has it",
    ),
    Kind(
        "permission denied",
        signs(
            *((refusal, OF_FILE) for refusal in REFUSALS),
            ("permission denied", r"errno 13\b"),
            ("permission denied", r"(\b(open|mkdir|touch|cat)|can't create|cannot create) \S+: permission denied"),
            ("permission denied", r"\b(touch|cat|rm|mkdir): .+: permission denied"),
        ),
        PATH,
        "The process may not do that with this file: it belongs to another user than the one the container runs "
        "as (runAsUser, or the image's USER), or a volume lacks fsGroup.",
        "Give the file to the container's user: fsGroup for a volume, a chown in the image",
    ),
    Kind(
        "permission lacking",
        signs(*((refusal, REFUSED) for refusal in REFUSALS)),
        (),
        "The process, or the user that it is on the other side, may not do what the line says.",
        "Give it the permission that the line names",
    ),
    Kind(
        "missing file",
        signs(
            "no such file or directory",
            ("enoent", r"\bENOENT\b"),
            "filenotfound",
            "nosuchfileexception",
            "cannot find the file",
            "cannot find the path",
            "nonexistent directory",
            "file not found",
            "file does not exist",
            *((end, FILE_NOT_FOUND) for end in ("not found", "does not exist")),
            ("config", r"config(uration)? file .*(not found|missing)"),
        ),
        ANY_PATH,
        "The program looks for a file that is neither in its image nor in a volume of the container; a path that "
        "is relative starts at workingDir.",
        "Put the file into the image or mount it, or correct the path",
    ),
)
