# SPDX-License-Identifier: Apache-2.0
"""What anybody may ask of an index: agreements, readings in their bands, money, meters, and what waits for somebody.

Every answer is of one moment of the index. `now` is the chain's time as far as the one who asks knows it, in unix
seconds.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol, Self

import sqlalchemy as sa

from electro_console.agreement.paper import rebuild
from electro_console.agreement.sealed_paper import Viewing
from electro_console.viewing_keys import ViewingKeys
from electro_plan.sentence import sentence
from electro_protocol.eip712 import Domain

from . import schema
from .commitments import commitments_of
from .database import Database
from .errors import Unknown
from .fleet import meters_page
from .histories import history_of
from .ledger import burn_down_of, movements_of
from .lists import notes_of, outages_of, rotations_of, row_of
from .opening import Opened, readings_of
from .overview import overview_of
from .records import Agreement, Device, Note, Page, Status
from .series import overrides_of
from .standing import standings
from .waiting import deadlines_of, may_be_due, redemptions_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Select

    from electro_console.agreement.paper import Paper
    from electro_console.agreement.said import Said
    from electro_contracts.terms import Terms
    from electro_plan.sections import Commitment

    from .records import (
        AgreementRow,
        BurnDown,
        Deadline,
        Meter,
        Movement,
        Outage,
        Override,
        Overview,
        Phase,
        Readings,
        Redemption,
        State,
    )
    from .standing import Standing

_MOST_WORDS = 4000  # of a note
_PAPERS = 8  # at once


class Lending(Protocol):
    """What lends connections that see one moment of an index."""

    @property
    def is_followed(self) -> bool: ...

    def reading(self) -> AbstractContextManager[Connection]: ...

    def writing(self) -> AbstractContextManager[Connection]: ...

    def close(self) -> None: ...


class Index:
    """An index to be read, from any number of threads and processes; close it, or use it as a context manager."""

    def __init__(self, database: Lending, keys: ViewingKeys | None = None) -> None:
        self.database = database
        self.keys = keys or ViewingKeys()
        self._terms: dict[int, Terms] = {}  # they never change
        self._papers: dict[tuple[int, int], Paper] = {}  # with their keys, by agreement and block

    @classmethod
    def open(cls, name: str | Path, keys: ViewingKeys | None = None) -> Self:
        """Open the index at a path or URL, with the keys of agreements that are sealed.

        Raises:
            DatabaseFailure: there is none.
        """
        index = cls(Database(name), keys)
        try:
            index.status()
        except BaseException:
            index.close()
            raise
        return index

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()

    def status(self) -> Status:
        """Return of what the index is, and how far."""
        with self.database.reading() as connection:
            facts: dict[str, str] = dict(connection.execute(sa.select(schema.facts)).all())
            row = connection.execute(sa.select(schema.progress)).mappings().one()
            counts = [
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (schema.agreements, schema.devices, schema.reports)
            ]
        return Status(
            chain_id=int(facts["chain_id"]),
            contract=bytes.fromhex(facts["contract"]),
            currency=bytes.fromhex(facts["currency"]) if "currency" in facts else None,
            begins=int(facts["begins"]),
            block=row["block"],
            block_time=row["time"],
            final=row["final"],
            verified=row["verified"],
            followed=self.database.is_followed,
            agreements=counts[0],
            meters=counts[1],
            reports=counts[2],
        )

    # -- Agreements

    def agreements(
        self,
        now: int,
        *,
        state: State | None = None,
        phase: Phase | None = None,
        consumer: bytes | None = None,
        device: bytes | None = None,
        newest_first: bool = True,
        page: int = 0,
        size: int = 50,
    ) -> Page[AgreementRow]:
        """Return agreements by their number."""
        agreements = schema.agreements
        query = sa.select(agreements.c.id)
        if state is not None:
            query = query.where(agreements.c.state == state)
        if consumer is not None:
            query = query.where(agreements.c.consumer == consumer)
        if device is not None:
            served = sa.select(schema.points.c.agreement).where(schema.points.c.device == device)
            query = query.where(agreements.c.id.in_(served))
        query = query.order_by(agreements.c.id.desc() if newest_first else agreements.c.id)
        with self.database.reading() as connection:
            if phase is not None:  # which is no column: it changes with time
                every = [each for each in self._standings(connection, query) if each.phase(now) is phase]
                some = every[page * size : (page + 1) * size]
                return Page(tuple(row_of(each, now) for each in some), len(every), page, size)
            total = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
            found = self._standings(connection, query.limit(size).offset(page * size))
            return Page(tuple(row_of(each, now) for each in found), total, page, size)

    def agreement(self, agreement: int, now: int) -> Agreement:
        """Return one agreement, whole.

        Raises:
            Unknown: there is none of this number.
        """
        with self._standing(agreement) as (connection, standing):
            row, revoked = standing.row, self._revoked(connection, standing)
            return Agreement(
                id=agreement,
                state=standing.state,
                phase=standing.phase(now),
                consumer=row["consumer"],
                first_consumer=row["first_consumer"],
                successor=row["successor"],
                funder=row["funder"],
                earlier=row["earlier"],
                terms=standing.terms,
                kept=row["kept"],
                dates=standing.dates,
                money=standing.money(now),
                meters=standing.meters(now, revoked),
                rotations=rotations_of(connection, schema.rotations.c.agreement == agreement),
                proposed_at=row["proposed_at"],
                accepted_at=row["accepted_at"],
                ended_at=row["ended_at"],
                ended_by=row["ended_by"],
                cancelled_at=row["cancelled_at"],
                settled_at=row["settled_at"],
            )

    def terms(self, agreements: Iterable[int]) -> dict[int, Terms]:
        """Return the terms of agreements, of those that there are."""
        with self.database.reading() as connection:
            return {
                id_: each.terms for id_, each in standings(connection, list(agreements), self._terms).items()
            }

    def readings(
        self, agreement: int, place: int, now: int, first: int = 0, count: int | None = None
    ) -> Readings:
        """Return intervals of a place, by default of the whole term.

        Raises:
            Unknown: there is no such agreement or place.
        """
        with self._standing(agreement) as (connection, standing):
            opened = self._opened(agreement, standing.terms)
            return readings_of(connection, standing, place, now, first, count, opened)

    def overrides(self, agreement: int, place: int | None = None) -> tuple[Override, ...]:
        """Return renominations in the order in which they came: of two for one interval the later holds."""
        with self.database.reading() as connection:
            return overrides_of(connection, agreement, place)

    def outages(self, agreement: int | None = None, *, open_only: bool = False) -> tuple[Outage, ...]:
        """Return outages, the latest first."""
        with self.database.reading() as connection:
            return outages_of(connection, agreement, open_only=open_only)

    def movements(
        self,
        agreement: int,
        now: int,
        *,
        since: int | None = None,
        until: int | None = None,
        kinds: Sequence[str] = (),
        page: int | None = 0,
        size: int = 200,
    ) -> Page[Movement]:
        """Return what moved an agreement's money, in the order of time; by default of all kinds and times.

        A page of None is the one that ends with the newest, and begins in the middle of another.
        """
        with self._standing(agreement) as (connection, standing):
            opened = self._opened(agreement, standing.terms)
            found = [
                each
                for each in movements_of(connection, standing, now, opened)
                if (since is None or (each.at or 0) >= since)
                and (until is None or (each.at or 0) < until)
                and (not kinds or each.kind in kinds)
            ]
        first = max(0, len(found) - size) if page is None else page * size
        return Page(tuple(found[first : first + size]), len(found), first // size, size)

    def burn_down(self, agreement: int, now: int, samples: int = 400) -> BurnDown:
        """Return what was left of the bonus over time."""
        with self._standing(agreement) as (connection, standing):
            return burn_down_of(connection, standing, now, samples)

    def history(self, agreement: int) -> list[Said]:
        """Return every event of an agreement, in the chain's order."""
        with self.database.reading() as connection:
            return history_of(connection, agreement)

    def paper(self, agreement: int, newer: Sequence[Said] = ()) -> Paper:
        """Return an agreement on the independent model, event by event, with findings where the contract differs.

        Args:
            agreement: which.
            newer: events behind those of the index.
        """
        history = [*self.history(agreement), *newer]
        terms = self.terms([agreement]).get(agreement)
        return rebuild(agreement, history, None if terms is None else self._viewing(terms))

    # -- Meters, and what waits

    def meters(
        self,
        now: int,
        *,
        behind_s: int | None = None,
        silent_s: int | None = None,
        disagreeing: bool = False,
        device: bytes | None = None,
        agreement: int | None = None,
        page: int = 0,
        size: int = 50,
    ) -> Page[Meter]:
        """Return meters, those that are farthest behind first; see `fleet`."""
        with self.database.reading() as connection:
            return meters_page(
                connection,
                now,
                behind_s=behind_s,
                silent_s=silent_s,
                disagreeing=disagreeing,
                device=device,
                agreement=agreement,
                page=page,
                size=size,
            )

    def device(self, device: bytes) -> Device:
        """Return what is known of a key.

        Raises:
            Unknown: nothing is.
        """
        devices = schema.devices
        with self.database.reading() as connection:
            row = connection.execute(sa.select(devices).where(devices.c.device == device)).mappings().first()
        if row is None:
            raise Unknown(sentence("no meter 0x{0} has enrolled", device.hex()))
        return Device(**row)

    def redemptions(
        self, agreement: int | None = None, *, unacknowledged: bool = False, page: int = 0, size: int = 50
    ) -> Page[Redemption]:
        """Return redemptions, the oldest first."""
        with self.database.reading() as connection:
            return redemptions_page(
                connection, agreement, unacknowledged=unacknowledged, page=page, size=size
            )

    def deadlines(
        self, now: int, until: int, agreement: int | None = None, page: int = 0, size: int = 50
    ) -> Page[Deadline]:
        """Return the deadlines from now to before another instant, the next first."""
        query = may_be_due(now, until)
        if agreement is not None:
            query = query.where(schema.agreements.c.id == agreement)
        with self.database.reading() as connection:
            every = [
                each
                for standing in self._standings(connection, query)
                for each in deadlines_of(standing, now, until)
            ]
        every.sort(key=lambda each: (each.at, each.agreement))
        return Page(tuple(every[page * size : (page + 1) * size]), len(every), page, size)

    def overview(
        self,
        now: int,
        *,
        behind_s: int = 7200,
        silent_s: int = 86_400,
        deadlines_s: int = 7 * 86_400,
        most: int = 10,
    ) -> Overview:
        """Return what needs somebody now."""
        with self.database.reading() as connection:
            return overview_of(
                connection,
                lambda query: self._standings(connection, query),
                now,
                behind_s=behind_s,
                silent_s=silent_s,
                deadlines_s=deadlines_s,
                most=most,
            )

    def commitments(
        self,
        devices: set[bytes],
        first_s: int,
        end_s: int,
        now: int,
        offers: Sequence[int] = (),
        keys: ViewingKeys | None = None,
    ) -> list[Commitment]:
        """Return what agreements allow meters within a time, and what they have reported; see `commitments`."""
        with self.database.reading() as connection:
            return commitments_of(connection, devices, first_s, end_s, now, offers, keys or self.keys)

    # -- Notes

    def notes(self, agreement: int) -> tuple[Note, ...]:
        """Return what people wrote beside an agreement."""
        with self.database.reading() as connection:
            return notes_of(connection, agreement)

    def add_note(
        self,
        agreement: int,
        kind: str,
        author: str,
        words: str,
        now: int,
        *,
        place: int | None = None,
        first: int | None = None,
        last: int | None = None,
        amount: int | None = None,
    ) -> Note:
        """Keep what a person writes beside an agreement; it stays when the index is built anew.

        Raises:
            Unknown: there is no such agreement.
            ValueError: the words are too many, or none.
        """
        if not 1 <= len(words.strip()) <= _MOST_WORDS or len(kind) > 16 or len(author) > 200:
            raise ValueError(f"a note has 1 to {_MOST_WORDS} characters")
        with self._standing(agreement):
            pass
        row = {
            "agreement": agreement,
            "place": place,
            "first": first,
            "last": last,
            "kind": kind,
            "amount": amount,
            "author": author,
            "words": words.strip(),
            "written_at": now,
        }
        with self.database.writing() as connection:
            made = connection.execute(sa.insert(schema.notes).values(**row).returning(schema.notes.c.id))
            id_ = made.scalar_one()
        return Note(id_, agreement, place, first, last, kind, amount, author, words.strip(), now)

    # -- Within

    def _opened(self, agreement: int, terms: Terms) -> Opened | None:
        """Return a sealed agreement as who has its key sees it; None: it is not sealed, or nobody here has the key."""
        viewing, bands = self._viewing(terms), self.keys.bands(agreement, terms)
        if viewing is None or bands is None:
            return None
        at = agreement, self.status().block
        if at not in self._papers:  # a page asks for its readings, for its movements, and again
            if len(self._papers) >= _PAPERS:
                self._papers.clear()
            self._papers[at] = rebuild(agreement, self.history(agreement), viewing)
        return Opened(bands, self._papers[at])

    def _viewing(self, terms: Terms) -> Viewing | None:
        key = self.keys.key_of(terms)
        if key is None or self.keys.opened(terms) is None:
            return None
        status = self.status()
        return Viewing(key, Domain(status.chain_id, status.contract).separator)

    @contextlib.contextmanager
    def _standing(self, agreement: int) -> Iterator[tuple[Connection, Standing]]:
        with self.database.reading() as connection:
            found = standings(connection, [agreement], self._terms).get(agreement)
            if found is None:
                newest = connection.scalar(sa.select(sa.func.max(schema.agreements.c.id))) or 0
                raise Unknown(sentence("there is no agreement {0}; the newest is {1}", agreement, newest))
            yield connection, found

    def _standings(self, connection: Connection, query: Select[Any]) -> list[Standing]:
        """Return the agreements whose numbers a query finds, in its order."""
        wanted = list(connection.scalars(query))
        found = standings(connection, wanted, self._terms)
        return [found[each] for each in wanted]

    def _revoked(self, connection: Connection, standing: Standing) -> frozenset[bytes]:
        devices = schema.devices
        own = [each["device"] for each in standing.points]
        query = sa.select(devices.c.device).where(
            devices.c.device.in_(own), devices.c.revoked_at.is_not(None)
        )
        return frozenset(connection.scalars(query))
