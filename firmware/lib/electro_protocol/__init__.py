# SPDX-License-Identifier: Apache-2.0
"""The signed format of Electro, on CPython and MicroPython: messages, EIP-712, keccak256, secp256k1.

| module | what |
|---|---|
| reports, messages | the structs that meters sign; those and the ones that consumers sign |
| sealed, judging, sealing | a meter's messages with readings that few can read; what deviates; the ciphertext |
| delivery | a viewing key, encrypted to a meter's key |
| releases | the struct that release keys sign |
| untrusted | reading them from somebody's JSON |
| readings | the 16-bit lanes inside an energy report |
| signed | a message with its signature, and its JSON |
| eip712 | type hashes, field encoding, the domain |
| typed_data | EIP-712 for any other data |
| secp256k1, recovery | signing; recovering and verifying |
| keccak, address | hashes, addresses |
| comb, curve, table | k·G, and the numbers it needs |
| _fast, _field32, _invert32, _word32, _keccak32 | the arithmetic in viper, for 32-bit words |
| _plain, _keccak_plain | the same in plain integers, wherever Python runs |
"""
