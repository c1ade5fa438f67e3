# SPDX-License-Identifier: Apache-2.0
"""The signed format of Electro, on CPython and MicroPython: messages, EIP-712, keccak256, secp256k1.

| module | what |
|---|---|
| messages | the structs that meters and consumers sign |
| readings | the 16-bit lanes inside an energy report |
| signed | a message with its signature, and its JSON |
| eip712 | type hashes, field encoding, the domain |
| keccak, secp256k1, address | the primitives |
"""
