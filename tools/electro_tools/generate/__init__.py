# SPDX-License-Identifier: Apache-2.0
"""Write the modules of electro_protocol that no hand should: the field's arithmetic, keccak's rounds, the table.

`python -m electro_tools.generate` writes them, `--table 4` with another table; a test holds what is checked in
to what this package writes.
"""
