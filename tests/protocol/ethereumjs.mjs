// SPDX-License-Identifier: Apache-2.0
// What @ethereumjs makes of the receipts in the file that the first argument names: one JSON object a line on stdout.
// The second argument is the folder with the packages.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.argv[3] + "/");
const { verifyMerkleProof } = require("@ethereumjs/mpt");
const { RLP } = require("@ethereumjs/rlp");
const { bytesToHex, ecrecover, hexToBytes, publicToAddress } = require("@ethereumjs/util");
const { keccak_256 } = require("@noble/hashes/sha3.js");

const EXTRA_DATA = 12;
const ROUND = 3;
const SEALS = 4;

function withExtra(fields, extra, round) {
  const changed = [...fields];
  const parts = [...extra];
  parts[ROUND] = round;
  parts[SEALS] = [];
  changed[EXTRA_DATA] = RLP.encode(parts);
  return keccak_256(RLP.encode(changed));
}

for (const row of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  if (!row.header) continue;
  const fields = RLP.decode(hexToBytes(row.header));
  const extra = RLP.decode(fields[EXTRA_DATA]);
  const digest = withExtra(fields, extra, extra[ROUND]);
  const told = {
    hash: bytesToHex(withExtra(fields, extra, new Uint8Array())),
    signers: extra[SEALS].map((seal) =>
      bytesToHex(
        publicToAddress(ecrecover(digest, BigInt(27 + seal[64]), seal.slice(0, 32), seal.slice(32, 64))),
      ),
    ),
  };
  if (row.accountProof) {
    const proof = row.accountProof.map(hexToBytes);
    const account = RLP.decode(
      await verifyMerkleProof(keccak_256(hexToBytes(row.contract)), proof, {
        root: fields[3],
        useKeyHashing: false,
      }),
    );
    told.storageHash = bytesToHex(account[2]);
    told.codeHash = bytesToHex(account[3]);
    const word = await verifyMerkleProof(
      keccak_256(hexToBytes(row.slot)),
      row.storageProof.map(hexToBytes),
      { root: account[2], useKeyHashing: false },
    );
    told.value = bytesToHex(RLP.decode(word));
  }
  console.log(JSON.stringify(told));
}
