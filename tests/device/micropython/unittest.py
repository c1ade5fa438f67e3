# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802, N818  # the names are CPython's
"""The part of CPython's unittest that the device tests use, for MicroPython, which has none.

Names and behaviour are CPython's, so that a test means the same under both; what is missing here raises
AttributeError on the first use. Two limits of the interpreter show: functions carry no attributes, so a
skipped one is wrapped; classes don't know their module, so run.py runs every TestCase the file has a name for.
"""

import re
import sys


class SkipTest(Exception):
    """Raised inside a test, skips it; its text is the reason."""


def skip(reason):
    def decorate(test):
        if isinstance(test, type):
            test.skip_reason = reason
            return test

        def skipped(*_arguments):
            raise SkipTest(reason)

        return skipped

    return decorate


def skipIf(condition, reason):
    return skip(reason) if condition else _unchanged


def skipUnless(condition, reason):
    return _unchanged if condition else skip(reason)


def _unchanged(test):
    return test


class _Raises:
    """What assertRaises returns: the context that wants the error, and keeps it in `exception`."""

    def __init__(self, wanted, pattern=None):
        self.exception = None
        self._wanted = wanted
        self._pattern = pattern

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if kind is None:
            raise AssertionError("{} not raised".format(_name(self._wanted)))
        if not issubclass(kind, self._wanted):
            return False
        self.exception = error
        if self._pattern is not None and not re.search(self._pattern, str(error)):
            raise AssertionError("{!r} does not match {!r}".format(self._pattern, str(error)))
        return True


class _SubTest:
    """Report a failure with its parameters and let the test go on, as CPython does."""

    def __init__(self, failures, message, parameters):
        self._failures = failures
        self._label = " ".join(
            ([] if message is None else ["[{}]".format(message)])
            + ["({})".format(", ".join("{}={!r}".format(*item) for item in parameters.items()))]
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, SkipTest):
            return False
        print("  in subTest {}:".format(self._label))
        sys.print_exception(error)
        self._failures.append(self._label)
        return True


def _name(kinds):
    return " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


class TestCase:
    skip_reason = None

    def __init__(self):
        self.subtest_failures = []
        self.cleanups = []

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def addCleanup(self, function, *arguments, **named):
        self.cleanups.append((function, arguments, named))

    def skipTest(self, reason):
        raise SkipTest(reason)

    def subTest(self, msg=None, **parameters):
        return _SubTest(self.subtest_failures, msg, parameters)

    def fail(self, msg=None):
        raise AssertionError(msg or "fail() was called")

    def _expect(self, truth, sentence, *values, msg=None):
        if not truth:
            said = sentence.format(*(_short(value) for value in values))
            raise AssertionError(said if msg is None else "{}: {}".format(said, msg))

    def assertTrue(self, value, msg=None):
        self._expect(value, "{} is not true", value, msg=msg)

    def assertFalse(self, value, msg=None):
        self._expect(not value, "{} is not false", value, msg=msg)

    def assertEqual(self, first, second, msg=None):
        self._expect(first == second, "{} != {}", first, second, msg=msg)

    def assertNotEqual(self, first, second, msg=None):
        self._expect(first != second, "{} == {}", first, second, msg=msg)

    def assertIs(self, first, second, msg=None):
        self._expect(first is second, "{} is not {}", first, second, msg=msg)

    def assertIsNot(self, first, second, msg=None):
        self._expect(first is not second, "{} is {}", first, second, msg=msg)

    def assertIsNone(self, value, msg=None):
        self._expect(value is None, "{} is not None", value, msg=msg)

    def assertIsNotNone(self, value, msg=None):
        self._expect(value is not None, "{} is None", value, msg=msg)

    def assertIn(self, member, container, msg=None):
        self._expect(member in container, "{} not in {}", member, container, msg=msg)

    def assertNotIn(self, member, container, msg=None):
        self._expect(member not in container, "{} in {}", member, container, msg=msg)

    def assertIsInstance(self, value, kind, msg=None):
        self._expect(isinstance(value, kind), "{} is no {}", value, kind, msg=msg)

    def assertNotIsInstance(self, value, kind, msg=None):
        self._expect(not isinstance(value, kind), "{} is a {}", value, kind, msg=msg)

    def assertGreater(self, first, second, msg=None):
        self._expect(first > second, "{} is not greater than {}", first, second, msg=msg)

    def assertGreaterEqual(self, first, second, msg=None):
        self._expect(first >= second, "{} is less than {}", first, second, msg=msg)

    def assertLess(self, first, second, msg=None):
        self._expect(first < second, "{} is not less than {}", first, second, msg=msg)

    def assertLessEqual(self, first, second, msg=None):
        self._expect(first <= second, "{} is greater than {}", first, second, msg=msg)

    def assertAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        if places is not None and delta is not None:
            raise TypeError("specify delta or places not both")
        far = abs(first - second)
        near = far <= delta if delta is not None else round(far, 7 if places is None else places) == 0
        self._expect(first == second or near, "{} != {}, {} apart", first, second, far, msg=msg)

    def assertRaises(self, wanted, function=None, *arguments, **named):
        context = _Raises(wanted)
        return context if function is None else _call_in(context, function, arguments, named)

    def assertRaisesRegex(self, wanted, pattern, function=None, *arguments, **named):
        context = _Raises(wanted, pattern)
        return context if function is None else _call_in(context, function, arguments, named)


def _call_in(context, function, arguments, named):
    with context:
        function(*arguments, **named)


def _short(value):
    text = repr(value)
    return text if len(text) <= 400 else "{}… ({} characters)".format(text[:400], len(text))


def main():
    """Do nothing: run.py runs the tests of the file that calls this."""
