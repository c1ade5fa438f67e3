# SPDX-License-Identifier: Apache-2.0
"""The structs against eth-account's vectors, and every way a message from outside can be wrong."""

import json
import unittest
from binascii import hexlify, unhexlify

from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.messages import (
    BY_NAME,
    AgreementAcceptance,
    DeviceEnrollment,
    DiscountRedemption,
    EnergyReport,
    FirmwareRelease,
    MessageError,
    OutageReport,
    Renomination,
    ValidatorSet,
)
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/"


def rows():
    """The vectors one at a time: the whole file would not fit beside the package on a chip."""
    with open(VECTORS + "messages.json") as file:
        for line in file:
            if line[0] == "{":
                yield json.loads(line.rstrip().rstrip(","))


def domain_of(row):
    return Domain(int(row["chainId"]), unhexlify(row["contract"][2:]))


def report():
    return {
        "agreementId": 1,
        "start": 10,
        "terms": "0x" + "22" * 16,
        "firstInterval": 0,
        "registerWh": 5,
        "readings": "0x0001",
    }


def energy(agreement_id=1, start=0, terms=bytes(16), first_interval=0, register_wh=0, readings=b"\x00\x00"):
    return EnergyReport(agreement_id, start, terms, first_interval, register_wh, readings)


def renomination(place=0, first_interval=0, sequence=1, bands=bytes(4), deadline=0):
    return Renomination(1, place, first_interval, sequence, bands, deadline)


class GoldenVectors(unittest.TestCase):
    def test_there_are_vectors_for_every_struct(self):
        self.assertEqual({row["signed"]["type"] for row in rows()}, set(BY_NAME))

    def test_domain_separators_are_eth_accounts(self):
        for row in rows():
            self.assertEqual("0x" + hexlify(domain_of(row).separator).decode(), row["separator"], row["name"])

    def test_digests_are_eth_accounts(self):
        for row in rows():
            message = SignedMessage.from_json(row["signed"]).message
            self.assertEqual(
                "0x" + hexlify(message.digest(domain_of(row))).decode(), row["digest"], row["name"]
            )

    def test_signatures_are_eth_accounts(self):
        for row in rows():
            foreign = SignedMessage.from_json(row["signed"])
            own = SignedMessage.make(foreign.message, domain_of(row), unhexlify(row["privateKey"][2:]))
            self.assertEqual(hexlify(own.signature), hexlify(foreign.signature), row["name"])

    def test_the_signer_is_recovered(self):
        for row in rows():
            signed = SignedMessage.from_json(row["signed"])
            self.assertEqual(checksum(signed.signer(domain_of(row))), row["signer"], row["name"])

    def test_json_comes_back_as_it_went_in(self):
        for row in rows():
            self.assertEqual(SignedMessage.from_json(row["signed"]).to_json(), row["signed"])


class Binding(unittest.TestCase):
    def test_another_chain_contract_or_field_gives_another_digest(self):
        here = Domain(1, bytes(20))
        message = OutageReport(1, 3, 10, 0, 2)
        digests = {
            message.digest(here),
            message.digest(Domain(2, bytes(20))),
            message.digest(Domain(1, bytes(19) + b"\x01")),
            OutageReport(2, 3, 10, 0, 2).digest(here),
            OutageReport(1, 4, 10, 0, 2).digest(here),
            OutageReport(1, 3, 11, 0, 2).digest(here),
            OutageReport(1, 3, 10, 12, 2).digest(here),
            OutageReport(1, 3, 10, 0, 1).digest(here),
        }
        self.assertEqual(len(digests), 8)

    def test_what_a_meter_believed_of_its_agreement_is_signed(self):
        here = Domain(1, bytes(20))
        believed = energy(start=900, terms=bytes(16)).digest(here)
        self.assertNotEqual(energy(start=901, terms=bytes(16)).digest(here), believed)
        self.assertNotEqual(energy(start=900, terms=bytes(15) + b"\x01").digest(here), believed)

    def test_a_domain_needs_a_chain_and_an_address(self):
        good = bytes(20)
        for chain_id, contract in ((-1, good), (1 << 256, good), ("1", good), (1, good[1:]), (1, "0x")):
            with self.assertRaises(ValueError):
                Domain(chain_id, contract)


class Construction(unittest.TestCase):
    def test_integers_stay_within_their_type(self):
        most = (1 << 64) - 1
        energy(most, (1 << 40) - 1, b"\xff" * 16, (1 << 32) - 1, most)
        wrong = (
            lambda: energy(agreement_id=1 << 64),
            lambda: energy(start=1 << 40),
            lambda: energy(first_interval=1 << 32),
            lambda: energy(register_wh=1 << 64),
            lambda: energy(agreement_id=-1),
            lambda: energy(agreement_id=True),
            lambda: energy(agreement_id=1.0),
            lambda: energy(agreement_id="1"),
            lambda: energy(agreement_id=None),
            lambda: OutageReport(1, 1 << 32, 0, 0, 0),
            lambda: OutageReport(1, 0, 1 << 40, 0, 0),
            lambda: OutageReport(1, 0, 0, 1 << 40, 0),
            lambda: DeviceEnrollment(bytes(32), 1 << 32, 0),
            lambda: DeviceEnrollment(bytes(32), 300, 1 << 40),
            lambda: AgreementAcceptance(1, bytes(32), bytes(32), 1 << 128, 0),
            lambda: DiscountRedemption(1, bytes(32), 1 << 128, 0),
            lambda: renomination(place=1 << 32),
            lambda: renomination(first_interval=1 << 32),
            lambda: FirmwareRelease(bytes(32), 0, 1),
            lambda: FirmwareRelease(bytes(31), 1, 1),
            lambda: ValidatorSet(bytes(32), 0, 1),
            lambda: ValidatorSet(bytes(31), 1, 1),
            lambda: renomination(sequence=1 << 32),
            lambda: renomination(deadline=1 << 40),
        )
        for make in wrong:
            with self.assertRaises(MessageError):
                make()

    def test_bytes32_has_32_bytes(self):
        for value in (b"", bytes(31), bytes(33), "0x00", 5, None):
            with self.assertRaises(MessageError):
                DeviceEnrollment(value, 300, 0)

    def test_the_terms_are_named_by_16_bytes(self):
        for value in (b"", bytes(15), bytes(17), bytes(32), "0x" + "00" * 16, 5, None):
            with self.assertRaises(MessageError):
                energy(terms=value)

    def test_a_meter_has_a_base_interval(self):
        self.assertEqual(DeviceEnrollment(bytes(32), 1, 0).base_seconds, 1)
        with self.assertRaises(MessageError):
            DeviceEnrollment(bytes(32), 0, 0)

    def test_a_renomination_has_1_to_672_slots_of_least_and_greatest_and_a_nonce_if_sealed(self):
        renomination(bands=bytes(2688 + 16))
        for bands in (b"", bytes(2), bytes(5), bytes(6), bytes(2688 + 20), "0x00000000", None):
            with self.assertRaises(MessageError):
                renomination(bands=bands)

    def test_a_report_has_1_to_672_whole_readings(self):
        self.assertEqual(energy(readings=bytes(1344)).intervals, 672)
        for readings in (b"", b"\x00", bytes(3), bytes(1346), "0x0000", 7):
            with self.assertRaises(MessageError):
                energy(readings=readings)

    def test_an_outage_ends_after_it_began_and_has_a_known_cause(self):
        OutageReport(1, 0, 10, 11, 2)
        for started_at, ended_at, cause in ((10, 10, 0), (10, 9, 0), (10, 0, 3), (10, 0, 255), (10, 0, 256)):
            with self.assertRaises(MessageError):
                OutageReport(1, 0, started_at, ended_at, cause)

    def test_the_refusal_names_the_field(self):
        try:
            DiscountRedemption(1, bytes(32), -1, 0)
            self.assertTrue(False)
        except MessageError as error:
            self.assertIn("amount", str(error))

    def test_equal_messages_are_equal(self):
        self.assertEqual(OutageReport(1, 0, 2, 3, 0), OutageReport(1, 0, 2, 3, 0))
        self.assertNotEqual(OutageReport(1, 0, 2, 3, 0), OutageReport(1, 0, 2, 4, 0))
        self.assertEqual(len({OutageReport(1, 0, 2, 3, 0), OutageReport(1, 0, 2, 3, 0)}), 1)


class FromOutside(unittest.TestCase):
    def test_a_message_is_an_object_with_exactly_its_fields(self):
        self.assertEqual(EnergyReport.from_json(report()).register_wh, 5)
        for wrong in (None, 5, "x", [], [report()]):
            with self.assertRaises(MessageError):
                EnergyReport.from_json(wrong)
        for name in report():
            lacking = report()
            del lacking[name]
            with self.assertRaises(MessageError):
                EnergyReport.from_json(lacking)
        more = report()
        more["nonce"] = 1
        with self.assertRaises(MessageError):
            EnergyReport.from_json(more)

    def test_integers_are_numbers_or_decimal_strings(self):
        for value, read in ((5, 5), ("5", 5), ("18446744073709551615", 2**64 - 1), (2**53, 2**53)):
            self.assertEqual(EnergyReport.from_json(dict(report(), registerWh=value)).register_wh, read)
        for wrong in (
            5.0,
            True,
            None,
            "",
            "-5",
            "+5",
            " 5",
            "5 ",
            "0x5",
            "5e3",
            "1_000",
            "\u0665",
            "9" * 79,
            [5],
            {},
        ):
            with self.assertRaises(MessageError):
                EnergyReport.from_json(dict(report(), registerWh=wrong))

    def test_bytes_are_hex(self):
        self.assertEqual(EnergyReport.from_json(dict(report(), readings="0xABcd")).readings, b"\xab\xcd")
        for wrong in (
            "",
            "0x",
            "0001",
            "0x000",
            "0x00g0",
            "0X0001",
            "0x 001",
            "0x\u06600001",
            None,
            1,
            [0, 1],
        ):
            with self.assertRaises(MessageError):
                EnergyReport.from_json(dict(report(), readings=wrong))

    def test_a_signed_message_is_an_object_of_three(self):
        good = {"type": "EnergyReport", "message": report(), "signature": "0x" + "11" * 65}
        self.assertEqual(SignedMessage.from_json(good).signature, b"\x11" * 65)
        wrong = [None, 5, [], [good], {}, dict(good, more=1)]
        for name, value in (
            ("type", "Mail"),
            ("type", None),
            ("type", ["EnergyReport"]),
            ("message", None),
            ("message", [report()]),
            ("signature", None),
            ("signature", "0x"),
            ("signature", "11" * 65),
            ("signature", "0x" + "11" * 64),
            ("signature", "0x" + "11" * 66),
        ):
            wrong.append(dict(good, **{name: value}))
        for name in good:
            lacking = dict(good)
            del lacking[name]
            wrong.append(lacking)
        for refused in wrong:
            with self.assertRaises(MessageError):
                SignedMessage.from_json(refused)

    def test_a_message_error_is_a_value_error(self):
        self.assertTrue(issubclass(MessageError, ValueError))

    def test_a_signature_that_no_key_made_has_no_signer(self):
        good = {"type": "EnergyReport", "message": report(), "signature": "0x" + "00" * 65}
        with self.assertRaises(SignatureError):
            SignedMessage.from_json(good).signer(Domain(1, bytes(20)))


if __name__ == "__main__":
    unittest.main()
