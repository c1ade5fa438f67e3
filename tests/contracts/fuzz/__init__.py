# SPDX-License-Identifier: Apache-2.0
"""Random lives of the whole contract beside the same lives on paper: `python -m tests.contracts.fuzz`.

`paper` is the expectation, `chain` the contract; `meters`, `people` and `money` are the rules, which `play` lets happen
in a random order and `checks` compares. Hypothesis plays by the same rules (`test_stateful`), few lives that it can
shrink; `run` plays many.
"""
