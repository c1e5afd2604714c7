"""Passwords on command lines, where a short flag or the order of the words says what is one.

Flags with a name that speaks (`--password`) are pairs like any other.
"""

import re
from typing import NamedTuple

from agent.redaction.names import MARK
from agent.redaction.references import stands_for_a_secret

_REST = r"""(?:"[^"\n]*+" | '[^'\n]*+' | \\[\s\S] | [^\n|;&\\])*+"""
_WORD = r"""(?!\[redacted\])(?P<secret>\\?"[^"\n]*+(?:"|$) | '[^'\n]*+(?:'|$)
    | (?:[^\s"'`|;&,)\]}\\] | [)\]},](?![\s"'`\\]|$) | \\(?!["'`nrt]))+)"""


class Command(NamedTuple):
    """Programs, as a pattern, and the words of theirs that are passwords: group `secret` of `pattern`.

    One of `hints` is in the lower-cased text that holds such a command.
    The rest of the command is searched as far as the next `|`, `;`, `&` or the end of the line.
    """

    hints: tuple[str, ...]
    programs: str
    pattern: str

    def mask(self, text: str) -> str:
        """Return the text with the passwords of these programs replaced."""
        return re.sub(
            rf"(?ix)(?:(?<![\w.-])|(?m:(?<=^-)))(?:{self.programs})(?![\w-]){_REST}", self._mask_one, text
        )

    def _mask_one(self, command: re.Match[str]) -> str:
        return re.sub(rf"(?mx){self.pattern}", _mask_word, command[0])


def _mask_word(match: re.Match[str]) -> str:
    secret = match["secret"]
    quote = re.match(r"""\\?["']|""", secret)
    opening = quote[0] if quote else ""
    inner = secret.removeprefix(opening).removesuffix(opening) if opening else secret
    if not inner or inner.startswith(MARK) or stands_for_a_secret(inner):
        return match[0]
    at = match.start("secret") - match.start()
    return f"{match[0][:at]}{opening}{MARK}{opening}{match[0][at + len(secret) :]}"


_FLAG_END = r"[\ =]++"
COMMANDS = (
    Command(
        ("login",),
        r"(?:docker|podman|buildah|nerdctl|skopeo|oras|crane|regctl|helm\ registry|oc|az|ibmcloud|faas-cli|cf)"
        r"(?:\ [\w=:/.-]+){0,4}?\ (?:auth\ )?login",
        rf"(?<!\S)-p{_FLAG_END}{_WORD}",
    ),
    Command(
        ("mysql", "mariadb", "mycli", "sshpass", "7z "),
        r"(?:mysql|mariadb)[\w-]*|mycli|sshpass|7z",
        rf"(?<!\S)-p(?=[^\s-]){_WORD}",
    ),
    Command(
        ("mongo", "sshpass", "cqlsh", "rabbitmqadmin", "useradd"),
        r"mongo(?:sh|dump|restore|export|import)?|sshpass|cqlsh|rabbitmqadmin|useradd",
        rf"(?<!\S)-p{_FLAG_END}{_WORD}",
    ),
    Command(
        ("mosquitto", "sqlcmd", "bcp ", "ipmitool", "zip "),
        r"mosquitto_[pr]?[us][bur]b?|sqlcmd|bcp|ipmitool|zip|unzip",
        rf"(?<!\S)-P[\ =]*+{_WORD}",
    ),
    Command(("redis-cli",), r"redis-cli", rf"(?<!\S)(?:-a|--pass){_FLAG_END}{_WORD}"),
    Command(("ldap",), r"ldap(?:search|modify|add|delete|passwd|whoami|compare)", rf"(?<!\S)-w{_FLAG_END}{_WORD}"),
    Command(
        ("curl", "wget", "http"),
        r"curl|wget|https?",
        r"""(?<!\S)(?:-[a-zA-Z]{0,5}[uU]|--user|--proxy-user|-a|--auth)[\ =]?["']?[^\s:"']{0,128}:
            (?P<secret>[^\s"'`/][^\s"'`]*)""",
    ),
    Command(("smbclient",), r"smbclient", r"""(?<!\S)-U[\ =]?["']?[^\s%"']{0,128}%(?P<secret>[^\s"']+)"""),
    Command(("openssl",), r"openssl", r"(?<!\S)pass:(?P<secret>[^\s\"']+)"),
    Command(
        ("rabbitmqctl",),
        r"rabbitmqctl",
        rf"(?<=\ )(?:add_user|change_password|authenticate_user)\ +[^\s\"']++\ +{_WORD}",
    ),
    Command(("htpasswd",), r"htpasswd", rf"(?<!\S)-\w*b\w*\ (?:(?!-)\S+\ +){{1,2}}?{_WORD}(?=\s*$)"),
    Command(("mc ",), r"mc", rf"(?:alias\ set|host\ add)\ \S+\ \S+\ \S+\ {_WORD}"),
    Command(
        ("secret",),
        r"create\ secret",
        rf"""--from-literal[\ =]["']?[\w.-]+={_WORD}""",
    ),
    Command(("securestring",), r"ConvertTo-SecureString", rf"(?<=String\ )(?:-String\ )?(?!-){_WORD}"),
    Command(("configure set",), r"aws\ configure\ set", rf"(?:secret\w*|\w*token)\ {_WORD}"),
    Command(
        ("identified", "password"),
        r"IDENTIFIED\ (?:WITH\ \w+\ )?BY|(?:USER|ROLE)\ [\w\"'@%.`]+\ .{0,80}?PASSWORD|SET\ PASSWORD",
        r"(?i:BY|PASSWORD|=)[\ =(]+'(?P<secret>(?:[^'\n]|'')+)'(?!@)",
    ),
    Command(("chpasswd",), r"echo", r"""(?P<user>["']?[\w.-]+:)(?P<secret>[^\s"']+)"""),
)


_HINTED = tuple((hint, command) for command in COMMANDS for hint in command.hints)


def mask_commands(text: str, lowered: str) -> str:
    """Return the text with the passwords on command lines replaced; `lowered` is the text in lower case."""
    for hint, command in _HINTED:
        if hint in lowered:
            text = command.mask(text)
    return text


_BLANK = "\ue000"  # stands for white space inside an argument


def mask_arguments(arguments: list[str]) -> list[str]:
    """Return an argument list with the passwords in it replaced, if its program is known."""
    words = [re.sub(r"\s", _BLANK, argument) for argument in arguments]
    line = " ".join(words)
    masked = mask_commands(line, line.lower()).split(" ")
    if len(masked) != len(arguments):
        return arguments
    return [
        argument if new == word else new.replace(_BLANK, " ")
        for argument, word, new in zip(arguments, words, masked, strict=True)
    ]
