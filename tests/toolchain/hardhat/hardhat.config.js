// SPDX-License-Identifier: Apache-2.0
// The node only: nothing is compiled here.
module.exports = { networks: { hardhat: { chainId: 31337, initialDate: "2026-05-01T00:00:00Z" } } };
