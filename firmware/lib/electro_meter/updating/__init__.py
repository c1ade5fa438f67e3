# SPDX-License-Identifier: Apache-2.0
"""Updates of the program, which two keys sign: imported when one is under way, or is looked for."""
