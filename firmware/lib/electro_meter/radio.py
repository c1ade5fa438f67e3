# SPDX-License-Identifier: Apache-2.0
"""Join a WiFi network with the board's station, and open connections over it; TLS trusts one CA."""

import asyncio
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CONNECT_TRIES = 40  # × 500 ms
_RENEW_EVERY = (
    6  # joins in a row that failed: no network is a reason to wait, a stuck driver one to make it anew
)
_CA_FILE = "ca.der"


class Radio:
    """A station of one network."""

    def __init__(self, station: "Any", ssid: str, password: str, reset: "Callable[[str], None]") -> None:
        """station: network.WLAN(network.STA_IF); reset: of the chip, for a radio that does not come back."""
        self._reset = reset
        self._failed = 0  # joins in a row
        self._ssid = ssid
        self._password = password
        self._station = station
        self._station.active(True)  # the hardware generator is true-random only with the radio on

    def switch(self, on: bool) -> None:
        self._station.active(on)

    async def join(self) -> None:
        """Connect to the network if the station is not connected.

        Raises OSError after 20 s, and at once while the radio is off.
        """
        station = self._station
        if station.isconnected():
            self._failed = 0
            return
        if not station.active():
            raise OSError("the radio is off: the board lives on its reserve")
        try:
            station.connect(self._ssid, self._password)
        except OSError:
            pass  # it is connecting already
        for _ in range(_CONNECT_TRIES):
            if station.isconnected():
                self._failed = 0
                return
            await asyncio.sleep(0.5)
        station.disconnect()
        self._failed += 1
        if self._failed % _RENEW_EVERY == 0 and not self._renew():
            self._reset("the radio is dead, and stays so when it is made anew")
        raise OSError(f"no WiFi {self._ssid}")

    def _renew(self) -> bool:
        """Make the station anew; return whether it lives."""
        try:
            self._station.active(False)
            self._station.active(True)
            return bool(self._station.active())
        except OSError:
            return False

    def told(self) -> "dict[str, object]":
        """Return the network's name, our address in it, its gateway and name server, and how strong it is in dBm."""
        address, _, gateway, server = self._station.ifconfig()
        joined = self._station.isconnected()
        try:
            strength = self._station.status("rssi") if joined else 0
        except (OSError, ValueError, TypeError):
            strength = 0
        return {
            "ssid": self._ssid,
            "joined": joined,
            "address": address,
            "gateway": gateway,
            "dns": server,
            "dbm": strength,
        }

    def dns_servers(self) -> "list[str]":
        """Return what the network's DHCP told."""
        server = self._station.ifconfig()[3]
        return [server] if server and server != "0.0.0.0" else []  # noqa: S104 - the address that is none

    async def connect(self, address: str, port: int, server_hostname: "str | None") -> "tuple[Any, Any]":
        """Open a connection to a numeric address and return (reader, writer); TLS if there is a name to verify.

        Raises OSError.
        """
        await self.join()
        if server_hostname is None:
            return await asyncio.open_connection(address, port)
        from .handshake import shake_hands  # for those whose relayers speak TLS

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # without the relayer's CA in ca.der nothing is trusted; the stubs don't know the attribute
        context.verify_mode = ssl.CERT_REQUIRED  # type: ignore[attr-defined]
        try:
            with open(_CA_FILE, "rb") as file:  # noqa: ASYNC230 - flash; there is no other way
                context.load_verify_locations(cadata=file.read())
        except OSError:
            raise OSError(f"{_CA_FILE} is missing: https needs the relayer's CA certificate, in DER")
        plain, _ = await asyncio.open_connection(address, port)
        stream = asyncio.StreamReader(await shake_hands(context, plain.s, server_hostname))  # type: ignore[attr-defined]
        return stream, stream
