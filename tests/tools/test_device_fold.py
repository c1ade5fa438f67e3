# SPDX-License-Identifier: Apache-2.0
"""Modules are compiled without the names of numbers, and do the same.

That the device's tests pass on what a chip gets, tests/device/test_on_micropython.py shows.
"""

from __future__ import annotations

import builtins
import re
import symtable

from electro_tools.device import firmware_files
from electro_tools.device.fold import Folded
from electro_tools.device.private import readable


def folded(outside: str = "", **texts: str) -> dict[str, str | None]:
    program = Folded(texts, [outside])
    return {name: program.text(name) for name in texts}


def test_a_number_stands_where_its_name_was() -> None:
    found = folded(one="A_DAY = 24 * 3_600\n_LATE = -A_DAY\ndef late(by):\n    return by < _LATE\n")
    assert found == {"one": "def late(a0):\n    return a0 < -86400\n"}


def test_a_number_from_another_module_is_not_imported() -> None:
    found = folded(
        one="from two import HOUR as AN_HOUR, run\ndef start():\n    run(AN_HOUR)\n",
        two="HOUR = 3_600\ndef run(seconds):\n    return seconds + HOUR\n",
    )
    assert found["one"] == "from two import run\n\ndef start():\n    run(3600)\n"
    assert "HOUR" not in str(found["two"])


def test_a_name_that_others_say_stays() -> None:
    text = "HOUR = 3600\nDAY = 24 * HOUR\n"
    assert folded("from one import HOUR", one=text) == {"one": "HOUR = 3600\n"}


def test_what_is_no_constant_stays() -> None:
    for text in (
        "STATE = 1\n\ndef forget():\n    global STATE\n    STATE = 2\n",  # assigned twice
        "WH = 3600000000\n\ndef joules():\n    return WH\n",  # an object on the chip
        "NAMES = ('a', 'b')\n",
        "class Report:\n    TYPE = 5\n",  # an attribute
    ):
        assert folded(one=text) == {"one": text}


def test_what_is_for_type_checkers_goes() -> None:
    text = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from a import b\nelse:\n    from c import b\n"
    assert folded(one=text) == {"one": "from c import b\n"}


def test_parameters_share_names() -> None:
    found = folded(one="def outer(first, second=1):\n    return lambda third: first + second + third\n")
    assert found["one"] == "def outer(a0, a1=1):\n    return lambda a2: a0 + a1 + a2\n"


def test_a_default_belongs_to_what_is_around() -> None:
    found = folded(one="def outer(size):\n    def inner(size=size):\n        return size\n    return inner\n")
    scope: dict[str, object] = {}
    exec(str(found["one"]), scope)
    assert scope["outer"](5)() == 5  # type: ignore[operator]


def test_a_parameter_that_is_given_by_its_name_keeps_it() -> None:
    text = "def wait(seconds):\n    return seconds\n"
    assert folded("wait(seconds=5)", one=text) == {"one": text}


def test_what_is_private_shares_names() -> None:
    found = folded(
        one="class Meter:\n    def _open(self):\n        self._now = _late()\n\ndef _late():\n    return 1\n",
        two="class Clock:\n    def _judge(self):\n        return self._judge\n",
    )
    assert (
        found["one"]
        == "class Meter:\n\n    def d0(self):\n        self.c0 = b0()\n\ndef b0():\n    return 1\n"
    )
    assert found["two"] == "class Clock:\n\n    def b0(self):\n        return self.b0\n"


def test_who_inherits_shares_the_names_of_what_it_inherits() -> None:
    found = folded(
        one="class Board:\n    def _open(self):\n        pass\n",
        two="from one import Board\nclass Chip(Board):\n    def _log(self):\n        self._open()\n",
    )
    assert found["one"] == "class Board:\n\n    def b0(self):\n        pass\n"
    assert "def c0(self):\n        self.b0()\n" in str(found["two"])


def test_a_private_name_stays_if_others_say_it() -> None:
    for outside, text in (
        ("meter._open()", "def _open():\n    pass\n"),
        ("", "def _open():\n    pass\nNAME = '_open'\n"),  # in a string
        ("", "from . import _fast\n"),  # a module
        ("", "def told(other):\n    return other._machine\n"),  # somebody else's
        ("", "def told(*, _late=1):\n    return _late\n"),
    ):
        names = {word for word in ("_open", "_fast", "_machine", "_late") if word in text}
        assert names <= set(re.findall(r"\w+", str(folded(outside, one=text)["one"])))


def test_a_log_is_told_with_the_names_of_the_sources() -> None:
    short = Folded({"meter.one": "def _open():\n    pass\n"}, []).short
    log = 'Traceback (most recent call last):\n  File "one", line 1, in b0\n  File "two", line 1, in b0\nOSError: 5\n'
    assert readable(log, short) == log.replace('"one", line 1, in b0', '"one", line 1, in _open')


def test_viper_stays_as_it_is() -> None:
    assert folded(one="SLOTS = 1\n@micropython.viper\ndef run(x: int): pass\n") == {"one": None}


def missing(text: str) -> set[str]:
    """Return the names that a module's functions take from it, and that it does not have."""
    top = symtable.symtable(text, "module", "exec")
    known = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    known |= {one.get_name() for one in top.get_symbols() if one.is_namespace()} | set(dir(builtins))
    found: set[str] = set()
    todo = [top]
    while todo:
        table = todo.pop()
        todo += table.get_children()
        found |= {one.get_name() for one in table.get_symbols() if one.is_global() and one.is_referenced()}
    return found - known


def test_a_missing_name_would_be_seen() -> None:
    assert missing("def late(by):\n    return by < LATE\n") == {"LATE"}


def test_no_module_says_a_name_that_it_lacks() -> None:
    texts = {source.place: source.local.read_text() for source in firmware_files.modules()}
    program = Folded({place[4:-3].replace("/", "."): text for place, text in texts.items()}, [])
    for place in texts:
        text = program.text(place[4:-3].replace("/", "."))
        assert text is None or not missing(text), place
