# SPDX-License-Identifier: Apache-2.0
"""The signed format of Electro: messages, EIP-712 digests, keccak256 and secp256k1, on CPython and MicroPython.

| module | what |
|---|---|
| messages | the structs that meters and consumers sign |
| readings | the 16-bit lanes inside an energy report |
| signed | a message with its signature, and its JSON |
| eip712 | type hashes, field encoding, the domain |
| keccak, secp256k1, address | the primitives |
"""
