# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro plan`: words around `electro_plan`."""
