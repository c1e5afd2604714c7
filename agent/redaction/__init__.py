"""Secrets are taken out of every value at one boundary: before it is written to the journal.

The model, git, the logs and the terminal read the journal, so none of them sees what was masked here.

- `values`: JSON values, by their structure (Secrets, environment entries, kubeconfigs, argument lists);
- `text`: all text, by the four tables below, one after the other;
- `encoded`, `wrapped`, `folded`: text in base64 or percent-encoding, over broken lines, inside other text;
- `shapes`: what a secret looks like, with `issued` for tokens; `pairs`: how a name and its value are written;
  `commands`: how programs take a password; `sentences`: how people tell one another a password; and `manifests`
  of Secrets;
- `names`: which names have secrets for values; `references`: values that only stand for a secret.

Every pattern takes time linear in the text: a repetition is possessive or bounded, or starts where no
other can. Patterns are kept as text, and `re` compiles and keeps each at its first use, so that importing
this package is cheap.
"""

from agent.redaction.names import MARK, is_secret_name
from agent.redaction.values import LAST_APPLIED, JsonValue, Redactor

__all__ = ["LAST_APPLIED", "MARK", "JsonValue", "Redactor", "is_secret_name"]
