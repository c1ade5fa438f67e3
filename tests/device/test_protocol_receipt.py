# SPDX-License-Identifier: Apache-2.0
"""Receipts: of a real Besu network, and of a contract on anvil under headers sealed here; and every way to forge one.

vectors/besu.json says itself what it is; vectors/receipt.json is made by tests/protocol/plant.py.
"""

import json
import unittest
from binascii import unhexlify

from driving import driven

from electro_protocol import comb, qbft, receipt, storage
from electro_protocol.address import address_of
from electro_protocol.curve import GX, GY, N, P
from electro_protocol.header import MIX_HASH, Header
from electro_protocol.keccak import keccak256
from electro_protocol.rlp import ReceiptError, item, items
from electro_protocol.seals import signer
from electro_protocol.secp256k1 import public_key, recover, sign
from electro_protocol.trie import Nodes

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/"
# What takes a minute without viper is tried in parts there; tests/protocol/test_receipt.py tries the rest in CPython.
FAST = comb.engine.__name__ == "electro_protocol._fast"
STATE_ROOT, NUMBER, TIME, EXTRA_DATA, MIX = 3, 8, 11, 12, 13
KEYS = sorted([keccak256(b"validator %d" % i) for i in range(4)], key=lambda key: address_of(public_key(key)))
SET = tuple([address_of(public_key(key)) for key in KEYS])


def rows(kind):
    with open(VECTORS + "besu.json") as file:
        for line in file:
            if line[0] == "{":
                row = json.loads(line.rstrip().rstrip(","))
                if row.get("kind") == kind:
                    yield row


def octets(text):
    return unhexlify("0" * (len(text) % 2) + text[2:])


def nodes_of(listed):
    """Return Nodes of these, hashed."""
    raw = b"".join([qbft.encode(node) for node in listed])
    nodes = Nodes(raw, items(raw, 0, len(raw), len(listed)))
    driven(nodes.hash())
    return nodes


class Besu(unittest.TestCase):
    def test_the_hash_the_round_and_the_seals_of_each_header_are_those_that_were_seen(self):
        rounds = set()
        for row in rows("header"):
            with self.subTest(number=row["number"], nodes=row["nodes"]):
                self.check(row)
            rounds.add(row["round"])
            if not FAST and len(rounds) > 1:
                return
        self.assertEqual(rounds, {0, 1, 3, 4, 5})

    def check(self, row):
        whole = octets(row["header"])
        self.assertEqual(keccak256(qbft.hashed_form(whole)), octets(row["hash"]))
        form, seals = qbft.signed_form(whole)
        header = Header(form, item(form, 0, len(form)))
        self.assertEqual(header.number, row["number"])
        self.assertEqual(header.round, row["round"])
        self.assertEqual(header.validators, [octets(one) for one in row["validators"]])
        found = [driven(signer(keccak256(form), qbft.hinted(seal))) for seal in seals]
        self.assertEqual(sorted(found), sorted([octets(one) for one in row["signers"]]))

    def test_account_and_slot_of_a_contract_are_proved(self):
        for row in rows("proof"):
            with self.subTest(chain=row["chainId"]):
                self.check(row)
                form, _ = qbft.signed_form(octets(row["header"]))
                header = Header(form, item(form, 0, len(form)))
                nodes = nodes_of([octets(node) for node in row["accountProof"] + row["storageProof"]])
                root, code_hash = driven(nodes.account(header.state_root, octets(row["contract"])))
                self.assertEqual((root, code_hash), (octets(row["storageHash"]), octets(row["codeHash"])))
                value = driven(nodes.word(root, octets(row["slot"])))
                self.assertEqual(value, int.from_bytes(octets(row["value"]), "big"))
                nodes.must_all_be_needed()

    def test_a_flipped_byte_of_a_proof_is_refused(self):
        for row in rows("proof"):
            form, _ = qbft.signed_form(octets(row["header"]))
            root = Header(form, item(form, 0, len(form))).state_root
            listed = [octets(node) for node in row["accountProof"] + row["storageProof"]]
            for k, node in enumerate(listed):
                for at in range(0, len(node), 1 if FAST else 97):
                    spoiled = bytearray(node)
                    spoiled[at] ^= 1 << at % 8
                    nodes = nodes_of(listed[:k] + [bytes(spoiled)])  # nobody gets to those behind it
                    with self.assertRaises(ReceiptError):
                        account = driven(nodes.account(root, octets(row["contract"])))
                        driven(nodes.word(account[0], octets(row["slot"])))


def extra_parts(validators, round_=0):
    """Return the encoded parts of a QBFT header's extraData."""
    addresses = qbft.encode_list([qbft.encode(one) for one in validators])
    return [qbft.encode(bytes(32)), addresses, b"\xc0", qbft.encode_number(round_), b"\xc0"]


def longer_encodings(data, whole):
    """Return encodings of the same content as an item's that are longer than they need be."""
    is_list, start, end = whole
    raw = data[start:end]
    kind, length = (0xF7, end - start) if is_list else (0xB7, end - start)
    found = [bytes([kind + 2, length >> 8, length & 255]), bytes([kind + 3, 0, length >> 8, length & 255])]
    if length < 256:
        found.append(bytes([kind + 1, length]))
    if length == 1 and not is_list:
        found.append(b"\x81")
    shortest = (qbft.encode_list([raw]) if is_list else qbft.encode(raw))[: -length or None]
    return [head + raw for head in found if head != shortest]


class Block:
    """A block of the chain of vectors/receipt.json, to be sealed by whom one likes."""

    def __init__(self, **changes):
        with open(VECTORS + "receipt.json") as file:
            told = json.load(file)
        self.contract, self.meter = unhexlify(told["contract"]), unhexlify(told["meter"])
        self.nobody = unhexlify(told["nobody"])
        self.fields = [unhexlify(field) for field in told["header"]]
        self.fields[MIX] = MIX_HASH
        self.number = int.from_bytes(self.fields[NUMBER], "big")
        self.nodes = [unhexlify(node) for node in told["nodes"]]
        self.nodes_of_nobody = [unhexlify(node) for node in told["nodes of nobody"]]
        self.terms = {unhexlify(hash_): tuple(header) for hash_, header in told["terms"].items()}
        self.told = told["told"]
        self.validators = SET
        self.round = 0
        self.extra_data = None  # QBFT's
        for name, value in changes.items():
            setattr(self, name, value)

    @property
    def form(self):
        extra = self.extra_data
        if extra is None:
            extra = qbft.encode_list(extra_parts(self.validators, self.round))
        fields = self.fields[:EXTRA_DATA] + [extra] + self.fields[EXTRA_DATA + 1 :]
        return qbft.encode_list([qbft.encode(field) for field in fields])

    def seals(self, keys):
        digest = keccak256(self.form)
        found = []
        for key in keys:
            signature = sign(digest, key)
            found.append(qbft.hinted(signature[:64] + bytes([signature[64] - 27])))
        return found

    def receipt(self, keys=KEYS[:3], nodes=None):
        return qbft.packed(self.form, self.seals(keys), self.nodes if nodes is None else nodes)

    def check(self, raw, validators=SET, contract=None, meter=None, least=0, code_hash=b""):
        steps = receipt.check(
            raw, validators, contract or self.contract, meter or self.meter, least, self.header_of, code_hash
        )
        return driven(steps)

    def header_of(self, account, code_hash):
        if code_hash not in self.terms:
            raise ReceiptError("the terms are not known")
        return self.terms[code_hash]


class Proved(unittest.TestCase):
    def test_a_receipt_tells_what_the_contract_tells(self):
        block = Block(round=3)
        proved = block.check(block.receipt())
        self.assertEqual((proved.number, proved.sealed), (block.number, 3))
        self.assertEqual(proved.time_s, int.from_bytes(block.fields[TIME], "big"))
        (standing,) = proved.standings
        for name, value in block.told.items():
            found = getattr(standing, name)
            self.assertEqual(found, unhexlify(value) if isinstance(value, str) else value, name)
        self.assertEqual(standing.state, 2)  # accepted
        first, end = standing.window
        self.assertEqual(first, (proved.time_s - standing.start_s) // 900)
        self.assertEqual(end, first + storage.WINDOW_S // 900 + 1)
        (override,) = standing.overrides
        self.assertEqual(override[0], first // 96)
        self.assertNotEqual(override[2], standing.code_hash)

    def test_all_four_seals_will_do_and_their_order_does_not_matter(self):
        block = Block()
        self.assertEqual(block.check(block.receipt(KEYS)).sealed, 4)
        self.assertEqual(block.check(block.receipt([KEYS[3], KEYS[0], KEYS[2]])).sealed, 3)

    def test_a_meter_without_an_agreement_is_proved_to_have_none(self):
        block = Block()
        proved = block.check(block.receipt(nodes=block.nodes_of_nobody), meter=block.nobody)
        self.assertEqual(proved.standings, [])

    def test_a_seal_with_a_high_s_counts_as_besu_counts_it(self):
        block = Block()
        signature = sign(keccak256(block.form), KEYS[0])
        s = N - int.from_bytes(signature[32:64], "big")
        seal = signature[:32] + s.to_bytes(32, "big") + bytes([1 - (signature[64] - 27)])
        self.assertEqual(driven(signer(keccak256(block.form), qbft.hinted(seal))), SET[0])

    def test_others_may_sign_between_two_slices(self):
        block = Block()
        steps = signer(keccak256(block.form), block.seals(KEYS[:1])[0])
        while True:
            try:
                next(steps)
            except StopIteration as end:
                self.assertEqual(end.value, SET[0])
                return
            if FAST:
                self.assertTrue(sign(bytes(32), KEYS[1])[64] in (27, 28))

    def test_without_validators_the_header_is_taken_at_its_hash(self):
        block = Block()
        raw = qbft.packed(block.form, [], block.nodes)
        proved = block.check(raw, validators=())
        self.assertEqual((proved.sealed, proved.digest), (0, keccak256(block.form)))
        with self.assertRaises(ReceiptError):
            block.check(block.receipt(), validators=())

    def test_a_quorum_is_two_thirds_rounded_up(self):
        self.assertEqual(
            [receipt.quorum(count) for count in (1, 2, 3, 4, 5, 6, 7, 16)], [1, 2, 2, 3, 4, 4, 5, 11]
        )


class Refused(unittest.TestCase):
    def refused(self, block, raw, pattern, **options):
        with self.assertRaises(ReceiptError) as caught:
            block.check(raw, **options)
        self.assertTrue(pattern in str(caught.exception), str(caught.exception))

    def test_too_few_seals(self):
        block = Block()
        for count in (0, 1, 2):
            self.refused(block, block.receipt(KEYS[:count]), "not 3 to 4 seals")

    def test_more_seals_than_validators(self):
        block = Block()
        self.refused(block, block.receipt(KEYS + KEYS[:1]), "not 3 to 4 seals")

    def test_a_strangers_seal(self):
        block = Block()
        self.refused(block, block.receipt(KEYS[:2] + [keccak256(b"stranger")]), "stranger's")

    def test_one_validators_seal_twice_whichever_way(self):
        block = Block()
        self.refused(block, block.receipt(KEYS[:2] + KEYS[:1]), "second")
        signature = sign(keccak256(block.form), KEYS[0])
        s = N - int.from_bytes(signature[32:64], "big")
        other = qbft.hinted(signature[:32] + s.to_bytes(32, "big") + bytes([28 - signature[64]]))
        seals = block.seals(KEYS[:2]) + [other]
        self.refused(block, qbft.packed(block.form, seals, block.nodes), "second")

    def test_a_header_of_two_validators_sealed_by_two_of_the_four(self):
        block = Block(validators=SET[:2])
        self.refused(block, block.receipt(KEYS[:2]), "not the pinned ones")
        self.assertEqual(block.check(block.receipt(KEYS[:2]), validators=SET[:2]).sealed, 2)

    def test_a_set_that_changed_or_stands_in_another_order(self):
        more = sorted(SET + (address_of(public_key(keccak256(b"a fifth"))),))
        for validators in (tuple(more), SET[:3], SET[1:] + SET[:1], SET[:3] + SET[2:3]):
            block = Block(validators=validators)
            self.refused(block, block.receipt(), "not the pinned ones")

    def test_seals_of_another_round_or_another_block(self):
        block = Block()
        for other in (Block(round=1), Block()):
            if not other.round:
                other.fields[TIME] = bytes([1, 2, 3, 4])
            raw = qbft.packed(block.form, other.seals(KEYS[:3]), block.nodes)
            self.refused(block, raw, "stranger's")

    def test_another_chains_state_under_seals_of_the_same_validators(self):
        block = Block()
        block.fields[STATE_ROOT] = keccak256(b"another state")
        self.refused(block, block.receipt(), "a node of a proof is missing")
        block = Block()
        right = block.check(block.receipt()).code_hash
        self.assertEqual(block.check(block.receipt(), code_hash=right).code_hash, right)
        self.refused(block, block.receipt(), "another chain's", code_hash=keccak256(b"another chain's"))

    def test_another_chains_header(self):
        block = Block()
        block.fields[MIX] = bytes(32)
        self.refused(block, block.receipt(), "not QBFT's")

    def test_a_header_of_ibft_which_has_the_same_mark_and_other_parts(self):
        """Its round has four bytes always, and its signed form no part for the seals."""
        vanity, addresses, vote, _, none = extra_parts(SET)
        for parts, pattern in (
            ([vanity, addresses, vote, qbft.encode(bytes(4))], "five parts"),
            ([vanity, addresses, vote, qbft.encode(bytes(4)), none], "the round"),
            ([vanity, addresses, vote, qbft.encode(bytes(3) + b"\x01"), none], "the round"),
        ):
            block = Block(extra_data=qbft.encode_list(parts))
            self.refused(block, block.receipt(), pattern)

    def test_extra_data_of_another_shape_whoever_has_sealed_it(self):
        vanity, addresses, vote, round_, none = parts = extra_parts(SET)
        good = qbft.encode_list(parts)
        stranger = qbft.encode(bytes(21))
        for extra, pattern in (
            (b"", "shortest form"),
            (bytes(32), "no list"),
            (vanity, "no list"),
            (good + b"\x80", "no list"),
            (good[:-1], "shortest form"),
            (qbft.encode_list(parts[:4]), "five parts"),
            (qbft.encode_list(parts + [none]), "more than 5"),
            (qbft.encode_list([vanity, addresses, vote, round_, b"\x80"]), "five parts"),
            (qbft.encode_list([vanity, vote, vote, round_, none]), "not the pinned ones"),  # of nobody
            (qbft.encode_list([vanity, b"\x80", vote, round_, none]), "no list"),
            (qbft.encode_list([vanity, qbft.encode_list([stranger]), vote, round_, none]), "20 bytes"),
            (qbft.encode_list([vanity, addresses, vote, b"\x00", none]), "the round"),
            (qbft.encode_list([vanity, addresses, vote, qbft.encode(b"\x01" * 5), none]), "the round"),
            (qbft.encode_list([vanity, addresses, vote, none, none]), "the round"),
            (qbft.encode_list([vanity, addresses, vote, round_, qbft.encode_list([bytes(65)])]), "its seals"),
        ):
            block = Block(extra_data=extra)
            self.refused(block, block.receipt(), pattern)

    def test_nobodys_header_is_no_proof_for_a_meter_without_validators_either(self):
        """Where none are known seals are refused, and without any nothing is proved by them."""
        block = Block(extra_data=qbft.encode_list(extra_parts(())))
        self.refused(block, block.receipt(), "no validators are known", validators=())
        raw = qbft.packed(block.form, [], block.nodes)
        self.assertEqual(block.check(raw, validators=()).sealed, 0)

    def test_seals_that_are_cut_or_a_list_or_of_another_size(self):
        block = Block()
        good = block.seals(KEYS[:3])
        for joined in (b"".join(good)[:-1], b"".join(good) + b"\x01", b"".join([one[:65] for one in good])):
            self.refused(block, qbft.packed(block.form, [joined], block.nodes), "not 3 to 4 seals")
        nodes = qbft.encode_list([qbft.encode(node) for node in block.nodes])
        listed = qbft.encode_list([qbft.encode(one) for one in good])
        self.refused(block, qbft.encode_list([block.form, listed, nodes]), "not header, seals and nodes")
        self.refused(block, qbft.encode_list([block.form, nodes]), "not header, seals and nodes")
        self.refused(block, qbft.encode_list([block.form, b"", nodes, nodes]), "")

    def test_a_longer_encoding_of_any_part(self):
        """Which has the same nodes, and so the same hashes, as the one that is taken."""
        block = Block(validators=SET[:1])
        raw = block.receipt(KEYS[:1])
        whole = item(raw, 0, len(raw))
        parts = items(raw, whole[1], whole[2], 3)
        tried = 0
        for longer in longer_encodings(raw, whole):
            self.refused(block, longer, "shortest form", validators=SET[:1])
        for k, part in enumerate(parts):
            others = [qbft._encoded(raw, one) for one in parts]
            for longer in longer_encodings(raw, part):
                spoiled = qbft.encode_list(others[:k] + [longer] + others[k + 1 :])
                self.refused(block, spoiled, "", validators=SET[:1])
                tried += 1
        nodes = items(raw, parts[2][1], parts[2][2], len(block.nodes))
        encoded = [qbft.encode(node) for node in block.nodes]
        for k in range(len(nodes) if FAST else 2):
            for longer in longer_encodings(raw, nodes[k]):
                listed = qbft.encode_list(encoded[:k] + [longer] + encoded[k + 1 :])
                spoiled = qbft.encode_list([block.form, raw[parts[1][1] - 2 : parts[1][2]], listed])
                self.refused(block, spoiled, "", validators=SET[:1])
                tried += 1
        self.assertTrue(tried > 5)

    def test_a_node_of_another_trie_does_not_stand_in_for_one(self):
        """A root is a hash that something proved names, whatever lies beside; and a word is no account."""
        block = Block()
        nodes = nodes_of(block.nodes)
        root, _ = driven(nodes.account(block.fields[STATE_ROOT], block.contract))
        with self.assertRaises(ReceiptError):
            driven(nodes_of(block.nodes).word(block.fields[STATE_ROOT], block.contract))
        with self.assertRaises(ReceiptError):
            driven(nodes.account(root, storage.device_slot(block.meter, keccak256)))

    def test_another_contracts_receipt(self):
        block = Block()
        with self.assertRaises(ReceiptError):
            block.check(block.receipt(), contract=block.nobody)

    def test_another_meters_receipt(self):
        block = Block()
        self.refused(block, block.receipt(), "proves nothing", meter=block.nobody)

    def test_an_absence_for_a_presence_and_the_other_way_round(self):
        block = Block()
        self.refused(block, block.receipt(nodes=block.nodes_of_nobody), "missing")
        self.refused(block, block.receipt(), "proves nothing", meter=block.nobody)

    def test_a_node_left_out_repeated_or_of_no_use(self):
        block = Block()
        for k in range(len(block.nodes)):
            self.refused(block, block.receipt(nodes=block.nodes[:k] + block.nodes[k + 1 :]), "missing")
        for more in (block.nodes[3], keccak256(b"a node") * 2):
            self.refused(block, block.receipt(nodes=block.nodes + [more]), "proves nothing")

    def test_an_older_header(self):
        block = Block()
        self.assertEqual(block.check(block.receipt(), least=block.number).number, block.number)
        self.refused(block, block.receipt(), "older", least=block.number + 1)

    def test_what_is_too_long(self):
        block = Block()
        self.refused(block, bytes(receipt.MOST_BYTES + 1), "more than 16384 bytes")
        self.refused(block, block.receipt(nodes=block.nodes + [bytes(601)]), "32 to 600 bytes")
        self.refused(block, block.receipt(nodes=[bytes(32)] * 97), "more than 96 items")
        block.fields[6] = bytes(3_000)
        self.refused(block, block.receipt(), "more than 3072 bytes")
        block = Block(validators=tuple([bytes(19) + bytes([i]) for i in range(17)]))
        self.refused(block, block.receipt(), "more than 16 items")

    def test_a_header_with_its_seals_in_it(self):
        block = Block()
        fields = qbft.fields_of(block.form, item(block.form, 0, len(block.form)))
        extra = bytes(block.form[fields[EXTRA_DATA][1] : fields[EXTRA_DATA][2]])
        spoiled = block.form.replace(extra, extra[:-1] + b"\x80")
        with self.assertRaises(ReceiptError):
            block.check(qbft.packed(spoiled, block.seals(KEYS[:3]), block.nodes))

    def test_wrong_hints(self):
        block = Block()
        good = block.seals(KEYS[:3])
        y = int.from_bytes(good[0][64:96], "big")
        i = int.from_bytes(good[0][96:], "big")
        wrong = (
            (P - y, i, "stranger's"),  # that of -R, whose key is another one
            ((y + 1) % P, i, "y is not"),
            (0, i, "y is not"),
            (y, (i + 1) % N, "inverse is not"),
            (y, N - i, "inverse is not"),
            (y, 0, "inverse is not"),
        )
        for other_y, other_i, pattern in wrong:
            seal = good[0][:64] + other_y.to_bytes(32, "big") + other_i.to_bytes(32, "big")
            self.refused(block, qbft.packed(block.form, [seal] + good[1:], block.nodes), pattern)

    def test_a_seal_out_of_range(self):
        block = Block()
        good = block.seals(KEYS[:3])
        for at, value in ((0, 0), (0, N), (0, P), (32, 0), (32, N), (32, (1 << 256) - 1)):
            seal = good[0][:at] + value.to_bytes(32, "big") + good[0][at + 32 :]
            self.refused(block, qbft.packed(block.form, [seal] + good[1:], block.nodes), "out of range")

    def test_a_sum_that_meets_a_special_case_is_refused_or_right(self):
        """R = G or -G, so that sums of both cancel or double: whoever seals can choose that."""
        inverted = comb.inverse(GX, N)
        for y in (GY, P - GY):
            for s in (1, 2, N >> 1):
                for z in (0, 1, s, N - s):
                    raw = GX.to_bytes(32, "big") + s.to_bytes(32, "big")
                    digest = z.to_bytes(32, "big")
                    seal = raw + y.to_bytes(32, "big") + inverted.to_bytes(32, "big")
                    try:
                        found = driven(signer(digest, seal))
                    except ReceiptError:
                        continue
                    self.assertEqual(found, address_of(recover(digest, raw + bytes([27 + (y & 1)]))))

    def test_every_flipped_byte(self):
        """Of a chain with one validator, whose receipt has all parts."""
        block = Block(validators=SET[:1])
        raw = block.receipt(KEYS[:1])
        block.check(raw, validators=SET[:1])
        for at in range(0, len(raw), 1 if FAST else 97):
            spoiled = bytearray(raw)
            spoiled[at] ^= 1 << at % 8
            with self.assertRaises(ReceiptError):
                block.check(spoiled, validators=SET[:1])

    def test_every_cut_and_every_byte_behind_it(self):
        block = Block(validators=SET[:1])
        raw = block.receipt(KEYS[:1])
        for end in range(0, len(raw), 7 if FAST else 97):
            self.refused(block, raw[:end], "", validators=SET[:1])
        self.refused(block, raw + b"\x80", "behind it", validators=SET[:1])

    def test_bytes_at_random(self):
        block = Block()
        seed = keccak256(b"receipts")
        for length in range(400):
            seed = keccak256(seed)
            raw = (seed * 13)[:length]
            self.refused(block, raw, "")
            self.refused(block, qbft.encode_list([b"\xc0", raw, b"\xc0"]), "")


if __name__ == "__main__":
    unittest.main()
