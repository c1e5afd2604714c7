"""Kubernetes quantities: `100m`, `1.5`, `16Mi`, `2G`.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal

MIB = 1024**2
GIB = 1024**3
_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|Ki|[MGTPE]i?)?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse(text: object) -> Decimal:
    """The number a quantity stands for: bytes of memory, cores of CPU. `ValueError` when it is none."""
    match = _QUANTITY.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f'"{text}" is not a Kubernetes quantity such as 100m, 16Mi or 2.')
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    return number.scaleb(_DECIMAL.get(suffix, 0))


def amount(text: object) -> Decimal:
    """The number of a quantity; 0 where there is none."""
    try:
        return parse("0" if text is None else text)
    except (ValueError, ArithmeticError):
        return Decimal(0)


def memory(limit_bytes: int) -> str:
    """Whole Mi, as `128Mi`; a part of one is cut off."""
    return f"{limit_bytes // MIB}Mi"


def cpu(cores: Decimal) -> str:
    """Cores as people write them: `2`, `500m`; a part of a millicore is cut off."""
    milli = int((cores * 1000).to_integral_value(ROUND_FLOOR))
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def size(number_bytes: int) -> str:
    """Bytes in the largest binary unit that leaves a whole number, as `2Gi`; else in whole Mi from 10Mi on."""
    for unit, power in reversed(_BINARY.items()):
        is_whole = number_bytes >= (1 << power) and number_bytes % (1 << power) == 0
        if is_whole and (unit != "Ki" or number_bytes < 10 * MIB):
            return f"{number_bytes >> power}{unit}"
    return memory(number_bytes) if number_bytes >= 10 * MIB else str(number_bytes)
