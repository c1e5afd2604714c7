"""Secrets that are known by their own form, whatever stands around them."""

import re
from typing import NamedTuple

from agent.redaction.issued import ISSUED
from agent.redaction.names import MARK
from agent.redaction.references import REFERENCE_IN_A_URL


class Shape(NamedTuple):
    """A secret that is known by its own form; one of `hints` is in the lower-cased text that holds it."""

    name: str
    hints: tuple[str, ...]
    pattern: str
    replacement: str = MARK

    def mask(self, text: str) -> str:
        """Return the text with each secret of this shape replaced."""
        return re.sub(self.pattern, self.replacement, text)


_KEPT = rf"\g<1>{MARK}"
_BEGINS = r"(?a)(?:(?<![\w-])|(?<=\\[nrt])|(?m:(?<=^-)))"
SHAPES = (
    *(Shape(whose, (sign,), f"{_BEGINS}(?:{form})") for whose, sign, form in ISSUED),
    Shape(
        "private key",
        ("-----begin",),
        r"""(?x)-----BEGIN[A-Z0-9 ]{0,40}\ (?:PRIVATE\ KEY(?:\ BLOCK)?|OpenVPN\ Static\ key\ V1|NKEY\ SEED)-----
            (?: (?:(?!-----(?:BEGIN|END))[\s\S])*+ -----END[A-Z0-9 ]{0,60}-----
              | (?:\n?[^\n]{0,200}?[A-Za-z0-9+/]{32}[^\n]*+)*+ (?:\s{0,9}[A-Za-z0-9+/=]+\s*\Z)? )""",
    ),
    Shape(
        "private key in base64",
        ("ls0tls1crudjti",),
        r"LS0tLS1CRUdJTi(?!BDRVJUSUZJQ0|BQVUJMSUMg|BYNTA5IENSTC)[\w+/]{20,}+={0,2}",
    ),
    Shape("registry logins in base64", ("eyjhdxro",), r"(?a)\beyJhdXRocyI[\w+/]{12,}+={0,2}"),
    Shape("JWT", ("eyj",), r"(?a)(?:(?<![\w-])|(?<=\\[nrt])|(?m:(?<=^-)))eyJ[\w-]{8,}+(?:\.[\w-]{2,}+){1,4}"),
    Shape(
        "authorization header",
        ("authorization",),
        r"""(?aix)(authorization\\*+["']?\s?[:=]\s?\\*+["']?
            (?:(?:bearer|basic|token|digest|negotiate|apikey|geniekey|splunk|ssws)\s|(?=\S{0,63}\d)))[\w.~+/=-]{4,}+""",
        _KEPT,
    ),
    Shape("cookie", ("cookie: ",), r"""(?ai)(\bcookie: )(?!\[redacted\])[^\r\n"'\\]+""", _KEPT),
    Shape("bearer token", ("bearer ",), r"(?ai)\b(bearer )(?=\S{0,63}\d)[\w.~+/-]{16,}+=*", _KEPT),
    Shape(
        "basic credentials",
        ("basic ",),
        r"\b((?i:basic) )(?=[A-Za-z0-9+/]{0,63}[a-z0-9][A-Z])[A-Za-z0-9+/]{8,}+={0,2}",
        _KEPT,
    ),
    Shape(
        "password in a URL",
        ("://",),
        rf"""(?x)(?<=://)([^\s/:"'<>\[]{{0,256}}+:)(?!\d{{1,5}}(?:[\s/?#"',;)\]}}\\]|\Z))(?!\[redacted\]@)
            (?!{REFERENCE_IN_A_URL}@)
            (?:[^\s"<>/]+|[^\s"<>]{{1,128}})@(?!sha(?:256|512):)""",
        rf"\g<1>{MARK}@",
    ),
    Shape("token in a URL", ("://",), r"(?a)(?<=://)[\w-]{20,}+@(?!sha(?:256|512):)", f"{MARK}@"),
    Shape("Oracle JDBC", ("jdbc:oracle",), r"(jdbc:oracle:\w{1,9}:[^/\s:]{1,64}/)[^@\s]+@", rf"\g<1>{MARK}@"),
    Shape(
        "signed URL",
        ("sig=", "signature="),
        r"""(?ai)((?:\b|-)sig(?:nature)?=)(?!\[redacted\])[^&\s"';,\\]+""",
        _KEPT,
    ),
    Shape("AWS key id", ("akia", "asia"), r"(?a)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    Shape(
        "GitHub, npm, Docker token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "npm_", "dckr_pat_", "dckr_oat_"),
        r"""(?ax)gh[pousr]_[A-Za-z0-9]{20,} | github_pat_\w{20,} | npm_[A-Za-z0-9]{30,} | dckr_[po]at_[\w-]{20,}""",
    ),
    Shape(
        "GitLab, Slack, Vault, OpenShift token",
        ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "xox", "xapp-", "hvs.", "hvb.", "sha256~"),
        r"""(?ax)\b(?: gl(?:pa|d|r|pt|cb)t-[\w-]{16,} | xox[abceoprs][-.][\w-]{8,} | xapp-[\w-]{16,}
            | hv[sb]\.[\w-]{20,} | sha256~[\w-]{20,} )""",
    ),
    Shape(
        "Stripe, Anthropic, OpenAI, Google key",
        ("k_live_", "k_test_", "sk-", "aiza", "ya29."),
        r"""(?ax)\b(?: [sr]k_(?:live|test)_[A-Za-z0-9]{10,} | AIza[\w-]{30,} | ya29\.[\w-]{20,}
            | (?:(?<!-)|(?m:(?<=^-)))sk-(?:(?:ant|proj|svcacct|admin|or)-[\w-]{16,} | [A-Za-z0-9]{32,}) )""",
    ),
    Shape(
        "package index, age, mail token",
        ("pypi-", "age-secret-key-", "sg.", "rubygems_", "whsec_", "shpat_", "lin_api_"),
        r"""(?ax)\b(?: pypi-[\w-]{30,} | AGE-SECRET-KEY-1[A-Z0-9]{20,} | SG\.[\w-]{16,}\.[\w-]{16,}
            | rubygems_[a-f0-9]{32,}
            | whsec_[\w+/=]{20,} | shpat_[a-f0-9]{24,} | lin_api_\w{24,} )""",
    ),
    Shape(
        "cloud and monitoring token",
        (
            "hf_",
            "dop_v1_",
            "dapi",
            "glsa_",
            "glc_",
            "tskey-",
            ".atlasv1.",
            "nrak-",
            "atatt3",
            "sntry",
            "pul-",
            "dp.",
        ),
        r"""(?ax)\b(?: hf_[A-Za-z0-9]{24,} | do[opr]_v1_[a-f0-9]{32,} | dapi[a-f0-9]{32} | gl(?:sa|c)_[\w+/=]{24,}
            | tskey-[a-z]+-[\w-]{12,} | [\w-]{14}\.atlasv1\.[\w-]{40,} | NRAK-[A-Z0-9]{20,} | ATATT3[\w=-]{24,}
            | sntry[su]_[\w+/=-]{24,} | pul-[a-f0-9]{32,} | dp\.(?:pt|st|ct|sa)\.[\w.-]{24,} )""",
    ),
    Shape(
        "Azure client secret",
        ("q~",),
        r"(?a)(?:(?<![\w~.-])|(?m:(?<=^-)))[\w~.-]{3}[0-9]Q~[\w~.-]{31,34}(?![\w~.-])",
    ),
    Shape(
        "password hash",
        ("$", "{s"),
        r"""(?ax)\$(?:2[abxy]|apr1|[156y]|argon2(?:id|i|d)|scrypt)\$(?!\[redacted\])[\w./$=,+-]{12,}+
            | \{SSHA?\}[\w+/]{20,}+={0,2}
            | \{SHA\}[\w+/]{20,}+={0,2}""",
    ),
    Shape(
        "password file",
        (":",),
        r"""(?ax)(?:(?<![\w:./-])|(?m:(?<=^-)))([\w.*-]{1,253}:(?:\d{4,5}|\*):(?=[a-f0-9]{0,8}[g-z*_])[\w*-]{1,63}:[\w.*-]{1,63}:)
            (?!\[redacted\])[^\s:"'\\]{3,}+(?!:)""",
        _KEPT,
    ),
    Shape(
        "data source name",
        ("@tcp(", "@unix("),
        r"""(?<![\w:/])([\w.-]{1,64}:)(?!\[redacted\]@)[^\s@"'\\]{1,128}(?=@(?:tcp|unix)\()""",
        _KEPT,
    ),
    Shape(
        "login before a host",
        ("@",),
        r"""(?aix)(?:(?<![\w:/@.-])|(?m:(?<=^-)))(?!(?:mailto|acct|sips?|xmpp|npm):)([a-z][\w.-]{0,63}:)(?=[^\s@]{0,64}\d)
            [^\s:@/"'\\\[]{4,64}(?=@(?:localhost\b|[a-z][\w-]{0,62}(?:\.[a-z][\w-]{0,62}){1,9}+(?![\w.-])))""",
        _KEPT,
    ),
    Shape(
        "webhook URL",
        ("hooks.slack.com/", "webhook.office.com/", "/api/webhooks/"),
        r"""(?x)(hooks\.slack\.com/|webhook\.office\.com/|discord(?:app)?\.com/api/webhooks/)
            (?!\[redacted\])[^\s"'<>\\]+""",
        _KEPT,
    ),
    Shape(
        "key of a function's URL",
        ("code=",),
        r"""(?a)(\.azurewebsites\.net/[^\s"'<>?]{0,200}\?(?:[^\s"'<>]{0,200}&)?code=)(?!\[redacted\])[^&\s"';,\\]+""",
        _KEPT,
    ),
    Shape(
        "integration key",
        ("key",),
        r"""(?aix)(\b(?:\w{0,40}_)?(?:routing|integration|service|events)[\ _-]?key
            \\*+["']?(?:\s?[:=]|\sis)?\s?\\*+["']?)
            (?:[a-f0-9]{32}|(?-i:R[A-Z0-9]{31}))\b""",
        _KEPT,
    ),
    Shape(
        "JSON Web Key",
        ('kty"', "kty\\"),
        r"""("(?:d|p|q|dp|dq|qi|k)\\*+"\s{0,9}:\s{0,9}\\*+")[\w-]{16,}""",
        _KEPT,
    ),
    Shape(
        "PuTTY's private key",
        ("private-lines: ",),
        r"(Private-Lines: \d{1,3}\r?)(?:\n[^\n]{0,200}?[\w+/]{16,}+={0,2}\r?(?=\n|\Z))+",
        rf"\g<1>\n{MARK}",
    ),
    Shape("registry auth", ('auth"', "auth\\"), r'("auth\\*+"\s{0,9}:\s{0,9}\\*+")[\w+/]{12,}+={0,2}', _KEPT),
)
_HINTED = tuple((hint, shape) for shape in SHAPES for hint in shape.hints)


def mask_shapes(text: str, lowered: str) -> str:
    """Return the text with the secrets replaced that have a shape; `lowered` is the text in lower case."""
    for hint, shape in _HINTED:
        if hint in lowered:
            text = shape.mask(text)
    return text
