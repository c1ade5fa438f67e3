# SPDX-License-Identifier: Apache-2.0
"""Spend the key's nonces, and bring what is on them to an end.

A transaction's life:

       messages that passed the check, or a transfer of nothing
                             │ sign: on a hole first, else on the next nonce
                             ▼
        fee too low       OFFERED ──── no answer ────┐ taken or not, nobody knows
     ┌─ dearer, same ◄───────┤                       │
     └─ nonce ──────────►    │ taken                 │      ┌─ same bytes again, after heal_s
                             ▼                       ▼      ▼
        refused ◄───────────────────────────────  IN FLIGHT ┤
           │                 refused three times     │   ▲  └─ dearer on the same nonce, where blocks
           ▼                                         │   │     passed without it
        GIVEN UP ◄─── the nonce is used, and no ─────┤   └─────────────────────┐
           │          receipt is ours: FOREIGN       │ receipt                 │ a fork has undone it:
           ├─► its messages are checked again        ▼                         │ the same bytes again
           ▼                                       MINED ──────────────────────┘
         HOLE, if later ones are in flight: the      bytes kept for a while
         next transaction fills it

Before the first of ours may stand what an earlier process has sent. It is left alone while it may be mined; where
blocks pass without it, its nonce is claimed as a hole, and what fills that offers enough to take its place.

- a transaction that may have been sent is sent again only as the same bytes, or dearer on the same nonce;
- messages whose transaction did not come to be are checked again before they get a new nonce;
- after a start the next nonce is that of `pending`.

`unmined` knows which nonces are where, `spend` signs and offers, `watch` settles what was mined, `heal` what was not.
"""
