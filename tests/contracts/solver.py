# SPDX-License-Identifier: Apache-2.0
"""Answer one SMT query by bitwuzla, as a program of its own: what halmos calls, with the query's file.

halmos' own choice, yices (2.6.4, and 2.6.5 too), called a query of these proofs satisfiable which bitwuzla, z3 and the
contract itself, run with the values of the alleged counterexample, say is not.
"""

from __future__ import annotations

import sys

import bitwuzla  # in the folder that `isolated` installs halmos into

options = bitwuzla.Options()
options.set(bitwuzla.Option.PRODUCE_MODELS, True)
bitwuzla.Parser(bitwuzla.TermManager(), options).parse(sys.argv[1])
