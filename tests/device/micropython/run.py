# SPDX-License-Identifier: Apache-2.0
"""Run one device test file in MicroPython: micropython run.py tests/device/test_x.py

The last line is "ran N, failed N, skipped N"; the exit code is 1 if something failed or no test was there.
`import unittest` finds the one beside this file: MicroPython looks first where the script lies.
"""

import sys
import unittest


def _run_test(case_class, name, counts):
    label = "{}.{}".format(case_class.__name__, name)
    case = case_class()
    try:
        try:
            case.setUp()
            try:
                getattr(case, name)()
            finally:
                case.tearDown()
        finally:
            for function, arguments, named in reversed(case.cleanups):
                function(*arguments, **named)
    except unittest.SkipTest as reason:
        counts["skipped"] += 1
        print("skip {}: {}".format(label, reason))
        return
    except Exception as error:  # noqa: BLE001  # whatever a test raises is its failure
        sys.print_exception(error)
        case.subtest_failures.append("")
    counts["ran"] += 1
    counts["failed"] += bool(case.subtest_failures)
    print("{} {}".format("FAIL" if case.subtest_failures else "ok  ", label))


def _run_class(case_class, counts):
    names = [name for name in sorted(dir(case_class)) if name.startswith("test")]
    if case_class.skip_reason is not None:
        counts["skipped"] += len(names)
        print("skip {}: {}".format(case_class.__name__, case_class.skip_reason))
        return
    try:
        case_class.setUpClass()
    except unittest.SkipTest as reason:
        counts["skipped"] += len(names)
        print("skip {}: {}".format(case_class.__name__, reason))
        return
    try:
        for name in names:
            _run_test(case_class, name, counts)
    finally:
        case_class.tearDownClass()


def run(path):
    """Run the tests of the file at `path`; return how many ran, failed and were skipped."""
    folder, _, file = path.rpartition("/")
    sys.path.insert(1, folder or ".")
    module = __import__(file[: -len(".py")])
    counts = {"ran": 0, "failed": 0, "skipped": 0}
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if (
            isinstance(value, type)
            and issubclass(value, unittest.TestCase)
            and value is not unittest.TestCase
        ):
            try:
                _run_class(value, counts)
            except Exception as error:  # noqa: BLE001  # of setUpClass or tearDownClass
                sys.print_exception(error)
                counts["failed"] += 1
                print("FAIL {}".format(name))
    return counts


if __name__ == "__main__":
    result = run(sys.argv[1])
    print("ran {ran}, failed {failed}, skipped {skipped}".format(**result))
    sys.exit(1 if result["failed"] or not result["ran"] + result["skipped"] else 0)
