# SPDX-License-Identifier: Apache-2.0
"""XML from strangers to a tree: no entities, no documents elsewhere, bounded; names without their namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from electro_plan.errors import PlanError
from electro_plan.sentence import foreign, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from electro_plan.opening import Opened

_MOST_BYTES = 128 * 2**20  # a tree takes ten times as much; a year of quarter hours in Green Button has 15 MB


def parse(opened: Opened) -> Element:
    """Return the root.

    Raises:
        PlanError: it is cut, no XML, too large, or uses what XML is attacked with.
    """
    if len(opened.data) > _MOST_BYTES:
        raise PlanError(
            sentence("{0} has more than {1} MB of XML", opened.shown, _MOST_BYTES // 2**20),
            "cut it into years",
        )
    try:
        root: Element = fromstring(opened.data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise PlanError(
            sentence("{0} declares entities or a document type, which no load file needs", opened.shown)
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise PlanError(
            sentence("{0} is no whole XML{1}", opened.shown, foreign(error)), "its end may be missing"
        ) from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def text(element: Element | None, path: str = ".") -> str:
    """Return the text of a descendant, "" if there is none."""
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def whole(element: Element, path: str, where: str, default: int | None = None) -> int:
    """Return a descendant's whole number.

    Raises:
        PlanError: it is none, or not there and has no default.
    """
    written = text(element, path)
    if not written and default is not None:
        return default
    digits = written.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise PlanError(sentence("{0}: {1} is {2!r}, which is no whole number", where, path, written[:40]))
    return int(written)


def parents(root: Element) -> Iterator[tuple[Element, Element]]:
    """Yield (child, parent) of the whole tree."""
    for parent in root.iter():
        for child in parent:
            yield child, parent
