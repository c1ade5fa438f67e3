# SPDX-License-Identifier: Apache-2.0
"""Ask a source which bands hold in a sealed agreement's passes, and open those that replaced the terms'.

It is asked of the pass of which something is to be reported, of the running one and of that of the next hour, until it
is settled which they are. What is believed of the answers says `passes`.
"""

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256
from electro_protocol.sealing import IV_BYTES

from .errors import SourceError
from .passes import Said
from .sources import TERMS_HEADER_BYTES, octets, part, terms
from .turns import STATE_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .agreement import Agreement, Told
    from .exchange import Uplink
    from .http import Client
    from .turns import Source


async def follow(uplink: "Uplink", client: "Client", source: "Source", agreement: "Agreement") -> bool:
    """Ask, and return whether reports wait for another source, or a receipt, to say the same. Raises SourceError."""
    passes, told = agreement.passes, agreement.told[source.url]
    if passes is None or not uplink.clock.confirmed:
        return False  # there is no key, or no time
    now_s = uplink.clock.unix_s()
    unsettled = False
    for pass_ in _wanted(uplink, agreement, told, now_s):
        is_over = now_s >= passes.over_s(pass_)
        proved = _proved(agreement, pass_)
        if passes.is_due(pass_, source.url, uplink.board.uptime_us(), is_over):
            await _hear(uplink, client, source, agreement, pass_, proved, is_over)
        unsettled = unsettled or (is_over and not passes.settled(pass_))
    return unsettled


async def _hear(
    uplink: "Uplink",
    client: "Client",
    source: "Source",
    agreement: "Agreement",
    pass_: int,
    proved: "tuple[bytes, bytes]",
    is_over: bool,
) -> None:
    """Have a source tell of a pass, unless a receipt has settled it, and bring its bands."""
    passes, place, now_us = agreement.passes, agreement.told[source.url].place, uplink.board.uptime_us()
    assert passes is not None  # `follow` has seen that there is a key
    account, code_hash = proved
    if not code_hash or code_hash != passes.settled(pass_):
        account, code_hash = await _ask(uplink, client, source, agreement, place, pass_)
        if not client.place[1] and client.place != source.place:
            raise SourceError("another address answers now")
    passes.tell(pass_, source.url, Said(source, code_hash, now_us, is_over))
    if passes.is_open(pass_, code_hash):
        return
    code = await _code(client, source, account, code_hash)
    bands = b""
    if is_override_of(code, agreement.slots):
        bands = passes.sealing.open_pass(agreement, place, pass_, code)
    if bands:
        passes.open(pass_, code_hash, bands)
    else:
        uplink.board.log(f"the viewing key does not open what {source.url} tells of pass {pass_}")


def _wanted(uplink: "Uplink", agreement: "Agreement", told: "Told", now_s: int) -> "list[int]":
    """Return the passes of which it matters."""
    running = (now_s - agreement.start_s) // agreement.interval_s
    wanted: "list[int]" = []
    if told.next_latest < uplink.reports.closed(agreement):
        wanted.append(told.next_latest // agreement.slots)
    for interval in (running, running + STATE_MS // 1000 // agreement.interval_s):
        pass_ = interval // agreement.slots
        if 0 <= interval < agreement.end and pass_ not in wanted:
            wanted.append(pass_)
    return wanted


def _proved(agreement: "Agreement", pass_: int) -> "tuple[bytes, bytes]":
    """Take over what the last receipt proves of a pass; return account and hash of its code, empty if it is nothing."""
    passes, slots = agreement.passes, agreement.slots
    proved = agreement.proved.proved if agreement.proved is not None else None
    if proved is None or passes is None:
        return b"", b""
    time_s, (first, end), overrides = proved
    if not first // slots <= pass_ <= (end - 1) // slots or first == end:
        return b"", b""
    account, code_hash = b"", agreement.code_hash
    for number, its_account, its_hash in overrides:
        if number == pass_:
            account, code_hash = its_account, its_hash
    began_s = agreement.start_s + agreement.interval_s * pass_ * slots
    if time_s >= began_s:
        passes.prove(pass_, code_hash)
    else:
        passes.prove(pass_, code_hash, agreement.proved_until_us)
    return account, code_hash


async def _ask(
    uplink: "Uplink", client: "Client", source: "Source", agreement: "Agreement", place: int, pass_: int
) -> "tuple[bytes, bytes]":
    """Return account and hash of the code with the bands that hold in a pass, as a source says."""
    interval = pass_ * agreement.slots
    if source.is_node:
        from .node import schedule_of

        return await schedule_of(client, source.url, uplink.settings.contract, agreement.id, place, interval)
    path = f"/v1/meters/{checksum(uplink.address)}/schedules/{agreement.id}/{interval}"
    answer = await client.request("GET", source.url + path)
    if answer.status != 200:
        raise SourceError(f"it answers {answer.status} when asked for a pass's bands")
    return schedule(answer.json())


async def _code(client: "Client", source: "Source", account: bytes, code_hash: bytes) -> bytes:
    """Return the code with this hash."""
    if source.is_node:
        from .node import code

        found = await code(client, source.url, account)
    else:
        answer = await client.request("GET", f"{source.url}/v1/terms/{checksum(account)}")
        if answer.status != 200:
            raise SourceError(f"it answers {answer.status} when asked for the bands that it tells")
        found = answer.octets()
    if keccak256(found) != code_hash:
        raise SourceError("the bands are not those with the told hash")
    return found


def schedule(untrusted: object) -> "tuple[bytes, bytes]":
    """Return account and hash of the code with a pass's bands, as a relayer tells them."""
    account = octets("account", part(untrusted, "account", str), 20)
    code_hash = octets("code_hash", part(untrusted, "code_hash", str), 32)
    if len(account) != 20 or len(code_hash) != 32:
        raise SourceError("the bands have no account, or no hash")
    return account, code_hash


def is_override_of(code: "bytes | bytearray", slots: int) -> bool:
    """Return whether this is code with sealed bands for a pass of so many slots, and their nonce."""
    return terms(code)[0] == slots and code[8] == 1 and len(code) == TERMS_HEADER_BYTES + 4 * slots + IV_BYTES
