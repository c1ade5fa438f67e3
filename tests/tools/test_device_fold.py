# SPDX-License-Identifier: Apache-2.0
"""Modules are compiled without the names of numbers, and do the same.

That the device's tests pass on what a chip gets, tests/device/test_on_micropython.py shows.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import sys
import types

import pytest

from electro_tools.device import firmware_files
from electro_tools.device.fold import Folded
from electro_tools.device.names import readable


def folded(outside: str = "", **texts: str) -> dict[str, str | None]:
    program = Folded(texts, [outside])
    return {name: program.text(name) for name in texts}


def test_a_number_stands_where_its_name_was() -> None:
    found = folded("late", one="A_DAY = 24 * 3_600\n_LATE = -A_DAY\ndef late(by):\n    return by < _LATE\n")
    assert found == {"one": "def late(a0):\n    return a0 < -86400\n"}


def test_a_number_from_another_module_is_not_imported() -> None:
    found = folded(
        "start(run)",
        one="from two import HOUR as AN_HOUR, run\ndef start():\n    run(AN_HOUR)\n",
        two="HOUR = 3_600\ndef run(seconds):\n    return seconds + HOUR\n",
    )
    assert found["one"] == "from two import run\n\ndef start():\n    run(3600)\n"
    assert "HOUR" not in str(found["two"])


def test_one_name_for_two_numbers_is_refused() -> None:
    """Each function would have its own; folding knows one of a module."""
    with pytest.raises(ValueError, match="one: AGAIN is 5 here and 7 there"):
        folded(
            one="def soon():\n    from two import AGAIN\n    return AGAIN\n"
            "def late():\n    from three import AGAIN\n    return AGAIN\n",
            two="AGAIN = 5\n",
            three="AGAIN = 7\n",
        )


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
        assert folded("STATE, forget, WH, joules, NAMES, Report.TYPE", one=text) == {"one": text}


def test_what_is_for_type_checkers_goes() -> None:
    text = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from a import b\nelse:\n    from c import b\n"
    assert folded(one=text) == {"one": "from c import b\n"}


def test_parameters_share_names() -> None:
    found = folded(
        "outer", one="def outer(first, second=1):\n    return lambda third: first + second + third\n"
    )
    assert found["one"] == "def outer(a0, a1=1):\n    return lambda a2: a0 + a1 + a2\n"


def test_a_default_belongs_to_what_is_around() -> None:
    found = folded(
        "outer", one="def outer(size):\n    def inner(size=size):\n        return size\n    return inner\n"
    )
    scope: dict[str, object] = {}
    exec(str(found["one"]), scope)
    assert scope["outer"](5)() == 5  # type: ignore[operator]


def test_a_parameter_that_is_given_by_its_name_keeps_it() -> None:
    text = "def wait(seconds):\n    return seconds\n"
    assert folded("wait(seconds=5)", one=text) == {"one": text}


def test_what_is_private_shares_names() -> None:
    found = folded(
        one="class Meter:\n    def _open(self):\n        self._now = 1\n",
        two="class Clock:\n    def _judge(self):\n        return self._judge\n",
    )
    first = re.findall(r"def (\w+)|self\.(\w+)", str(found["one"]))
    assert first[0][0] != first[1][1]
    assert f"def {first[0][0]}(self)" in str(found["two"]) or f"def {first[1][1]}(self)" in str(found["two"])
    assert not {"_open", "_judge"} & set(re.findall(r"\w+", str(found)))


def test_what_several_modules_say_has_one_short_name() -> None:
    found = folded(
        one="class Meter:\n    def settle(self):\n        self.windows = 1\n",
        two="def close(meter):\n    meter.settle()\n    return meter.windows\n",
    )
    for name in re.findall(r"a0\.(\w+)", str(found["two"])):
        assert re.search(rf"(def |self\.){name}\b", str(found["one"]))
    assert "settle" not in str(found)


def test_who_inherits_shares_the_names_of_what_it_inherits() -> None:
    found = folded(
        one="class Board:\n    def _open(self):\n        pass\n",
        two="from one import Board\nclass Chip(Board):\n    def _log(self):\n        self._open()\n",
    )
    opened = re.findall(r"def (\w+)", str(found["one"]))[0]
    logged, called = re.findall(r"def (\w+)|self\.(\w+)", str(found["two"]))
    assert called[1] == opened != logged[0]


def test_a_name_stays_if_others_say_it() -> None:
    for outside, text in (
        ("meter._open()", "def _open():\n    pass\n"),
        (
            "",
            "class A:\n    def __init__(self):\n        self._open = 1\n        setattr(self, '_open', 2)\n",
        ),
        ("", "from . import _fast\n"),  # a module
        ("", "def told(other):\n    return other._machine\n"),  # somebody else's
        ("", "def told(*, _late=1):\n    return _late\n"),
        ("", "class A:\n    def append(self):\n        pass\n"),  # MicroPython's own
    ):
        names = {word for word in ("_open", "_fast", "_machine", "_late", "append") if word in text}
        assert names <= set(re.findall(r"\w+", str(folded(outside, one=text)["one"])))


def test_a_log_is_told_with_the_names_of_the_sources() -> None:
    program = Folded({"meter.one": "class A:\n    def _open(self):\n        pass\n"}, ["A"])
    ((_, short),) = [key for key, name in program.long().items() if name == "_open"]
    log = f'Traceback (most recent call last):\n  File "one", line 1, in {short}\n  File "two", line 1, in {short}\n'
    assert readable(log, program.long()) == log.replace(
        f'"one", line 1, in {short}', '"one", line 1, in _open'
    )


ROOM = {
    "meter": "",
    "meter.app": (
        "from .clock import now as at\nfrom .clock import Clock\nfrom .log import LINES, say\nSTATE = []\n"
        "def start(now):\n    from .late import rare\n    from .clock import ahead\n"
        "    say(Clock().read())\n    return now + at() + rare() + ahead() + len(LINES)\n"
    ),
    "meter.clock": (
        "import time\n_offset = 5\ndef now():\n    return _offset\ndef ahead():\n    global _offset\n"
        "    _offset += 1\n    return _offset\n"
        "class Clock:\n    zero = 0\n    def read(self):\n        return time is not None\n"
    ),
    "meter.log": "import time\nLINES = []\n_offset = 'x'\ndef say(what):\n    LINES.append((_offset, what))\n",
    "meter.late": (
        "from .clock import now\nAPART = ('meter.late', 'meter.clock')\ndef rare():\n    return now() * 100\n"
    ),
}
GROUPS = {"meter.all": ("meter.app",)}


def lived(program: Folded) -> dict[str, types.ModuleType]:
    """Import a program's modules."""
    made = {}
    for name in program.names():
        module = made[name] = types.ModuleType(name)
        module.__dict__["__package__"] = "meter"
        if name == "meter":
            module.__path__ = []
    with pytest.MonkeyPatch.context() as patch:
        for name, module in made.items():
            patch.setitem(sys.modules, name, module)
        for name in sorted(made, key=lambda one: one != "meter.all"):
            exec(str(program.text(name)), made[name].__dict__)
    return made


def test_modules_that_are_always_there_are_one_and_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Folded(ROOM, ["from meter.app import start"], GROUPS)
    # the one that tests import stands there still, and gives what is said of it
    assert program.names() == {"meter", "meter.all", "meter.app", "meter.late"}
    assert "start" in str(program.text("meter.app"))
    made = lived(program)
    for name, module in made.items():
        monkeypatch.setitem(sys.modules, name, module)
    assert made["meter.app"].start(1) == 1 + 5 + 500 + 6 + 1


def test_of_modules_that_are_tried_each_gives_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "meter": "",
        "meter.fast": "import nowhere\ndef run():\n    return 'fast'\n",
        "meter.plain": "def run():\n    return 'plain'\n",
        "meter.user": (
            "try:\n    from .fast import run\nexcept ImportError:\n    from .plain import run\n"
            "def use():\n    return run()\n"
        ),
    }
    made = {name: types.ModuleType(name) for name in texts}
    program = Folded(texts, ["use"])
    for name in ("meter", "meter.plain"):
        monkeypatch.setitem(sys.modules, name, made[name])
    made["meter"].__path__ = []
    for name in ("meter.plain", "meter.user"):
        exec(str(program.text(name)), made[name].__dict__)
    assert made["meter.user"].use() == "plain"


def test_who_forgets_a_module_forgets_what_it_is_in() -> None:
    program = Folded(ROOM, [], GROUPS)
    assert "('meter.late', 'meter.all')" in str(program.text("meter.late"))


def test_what_is_one_name_for_two_things_is_not_joined() -> None:
    with pytest.raises(SyntaxError, match="can't be joined"):
        Folded({"one": "import two\nfrom os import sep\n", "two": "from sys import path as sep\n", "three": (
            "from one import sep as a\nfrom two import sep as b\nprint(a, b)\n")}, [], {"all": ("three",)})  # fmt: skip


def test_two_things_that_others_call_by_one_name_are_not_one_in_a_third() -> None:
    texts = {
        "one": "def check():\n    return 1\n",
        "two": "from one import check as other\ndef check():\n    return other()\n",
    }
    assert Folded(texts, [])
    with pytest.raises(SyntaxError, match="must both be called check"):
        Folded(texts, ["from two import check"])


def test_viper_stays_as_it_is() -> None:
    assert folded(one="SLOTS = 1\n@micropython.viper\ndef run(x: int): pass\n") == {"one": None}


def missing(text: str) -> set[str]:
    """Return the names that a module's functions take from it, and that it does not have."""
    top = symtable.symtable(text, "module", "exec")
    known = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    known |= {one.get_name() for one in top.get_symbols() if one.is_namespace()}
    known |= {"__file__", *dir(builtins)}  # which every module has
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
    program = firmware_files.program()
    for name in program.names():
        text = program.text(name)
        assert text is None or not missing(text), name


def lacking(texts: dict[str, str]) -> set[str]:
    """Return what modules say of another module, `module.name`, that has no such name."""
    trees = {name: ast.parse(text) for name, text in texts.items()}
    has = {
        name: {one.get_name() for one in symtable.symtable(text, name, "exec").get_symbols()}
        for name, text in texts.items()
    }
    found = set()
    for tree in trees.values():
        for scope in ast.walk(tree):
            if not isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            modules = {
                alias.asname or alias.name: f"{node.module}.{alias.name}"
                for node in scope.body
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
                if f"{node.module}.{alias.name}" in texts
            }
            for node in ast.walk(scope):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    module = modules.get(node.value.id)
                    if module and node.attr not in has[module]:
                        found.add(f"{module}.{node.attr}")
    return found


def test_what_another_module_lacks_would_be_seen() -> None:
    texts = {
        "one.user": "from one import maker\nmaker.make()\nmaker.lack()\n",
        "one.maker": "def make(): pass\n",
    }
    assert lacking(texts) == {"one.maker.lack"}


def test_no_module_says_of_another_what_that_lacks() -> None:
    program = firmware_files.program()
    kept = {
        firmware_files.dotted(source.place): source.local.read_text() for source in firmware_files.modules()
    }
    assert not lacking({name: program.text(name) or kept[name] for name in program.names()})


def test_a_function_that_is_called_as_its_modules_keeps_its_name_though_an_attribute_is_called_so() -> None:
    texts = {
        "one.maker": "def make():\n    return 7\n",
        "one.user": (
            "from one import maker\nclass Told:\n    pass\ndef told():\n    one = Told()\n"
            "    one.make = maker.make()\n    return one.make\n"
        ),
    }
    program = Folded(texts, ["from one.user import told"])
    assert not lacking({name: str(program.text(name)) for name in texts})
