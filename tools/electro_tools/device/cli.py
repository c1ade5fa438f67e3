# SPDX-License-Identifier: Apache-2.0
"""`electro device`: its commands, in the order in which a meter's life needs them."""

from __future__ import annotations

import click

from electro_tools.commands import Sections

_HERE = "electro_tools.device."
_SECTIONS = {
    "Make a meter": {
        "flash": (_HERE + "cli_chip:flash", "Write MicroPython to the chip."),
        "install": (_HERE + "cli_chip:install", "Put the meter's program on the chip."),
        "provision": (_HERE + "cli_provision:provision", "Give the chip its settings and its key."),
        "calibrate": (_HERE + "cli_calibrate:calibrate", "Find the coefficients on a bench, and store them."),
        "enrol": (_HERE + "cli_provision:enrol", "Enrol a device with the operator's key."),
    },
    "Look at one that runs": {
        "status": (_HERE + "cli_look:status", "What it measures, knows and has on its mind."),
        "monitor": (_HERE + "cli_look:monitor", "Live: the running slot against its band."),
        "logs": (_HERE + "cli_look:logs", "Its crash log, and what it says."),
        "doctor": (_HERE + "cli_look:doctor", "Everything it needs: well, or what to do."),
        "identify": (_HERE + "cli_look:identify", "Let it blink and say its address."),
    },
    "Change one": {
        "viewing-key": (_HERE + "cli_viewing:viewing_key", "Give it the key of a sealed agreement."),
        "wifi": (_HERE + "cli_provision:wifi", "Bring it into another network."),
        "update": (_HERE + "cli_update:update", "Bring it a signed release: a file's, or a URL's."),
    },
    "Make many": {
        "line": (_HERE + "cli_line:line", "Take a batch of boards through all steps at once."),
        "self-test": (_HERE + "cli_line:self_test", "Test one board: memory, flash, radio, converter."),
    },
    "Release a program": {
        "release": (_HERE + "cli_release:release", "Build the program and its manifest."),
        "sign-release": (_HERE + "cli_release:sign_release", "Sign it as the operator or as the consumer."),
    },
    "Change whose seals are believed": {
        "validators": (_HERE + "cli_validators:validators", "Write down a QBFT network's validators."),
        "sign-validators": (_HERE + "cli_validators:sign_validators", "Sign them as one of the parties."),
    },
}


@click.group(cls=Sections, sections=_SECTIONS)
def device() -> None:
    """Bring a meter to life, look at it, keep it up to date."""
