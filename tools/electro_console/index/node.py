# SPDX-License-Identifier: Apache-2.0
"""Ask nodes by JSON-RPC: one at a time, the next when one fails; nothing that they answer is believed unread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
import requests

from electro_contracts.node.access import AccessError, Endpoint
from electro_contracts.node.session import NodeSilent, session
from electro_plan.sentence import foreign, sentence

from .errors import NodeFailure, OtherChain, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Request = tuple[str, list[Any]]
MAX_ANSWER_BYTES = 32 << 20  # 25,000 logs of a day's readings each; as objects they take ten times the room
_TIMEOUT_S = 60  # of silence: a large range takes an old disk some seconds
_ANSWER_S = 600  # for a whole answer: a node that drips keeps nobody for ever
_BUSY = ("rate limit", "too many requests", "429", "capacity", "try again")
_BUSY_STATUS = (429, 502, 503, 504)
_TOO_LARGE_STATUS = (413, 414)
_MOST_WAITS = 6
_FIRST_WAIT_S = 0.5
_BATCH = 100  # requests at once: fewer than any provider refuses


class Node:
    """One node; `shown` is its address without credentials, path or query, in which keys may stand."""

    def __init__(self, endpoint: Endpoint | str, sleep: Callable[[float], object] = time.sleep) -> None:
        try:
            self._endpoint = Endpoint(endpoint) if isinstance(endpoint, str) else endpoint
        except AccessError as error:
            raise NodeFailure(sentence("a node's address {0}", error.problem)) from error
        self.shown = self._endpoint.shown
        self._session = session(self._endpoint)
        self._sleep = sleep

    def close(self) -> None:
        """Give its connections back."""
        self._session.close()

    def call(self, method: str, *params: Any) -> Any:
        """Return what one question is answered.

        Raises:
            Refused: it refuses; of less it may not.
            NodeFailure: it does not answer.
        """
        return self._patiently([(method, list(params))])[0]

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Return the answers to many questions, in their order.

        Raises:
            NodeFailure: one of them is not answered.
        """
        answers: list[Any] = []
        for at in range(0, len(asked), _BATCH):
            answers += self._patiently(asked[at : at + _BATCH])
        return answers

    def _patiently(self, asked: Sequence[Request]) -> list[Any]:
        """Ask, and again while the node is busy."""
        wait_s = _FIRST_WAIT_S
        for attempt in range(_MOST_WAITS):
            try:
                return self._ask(asked)
            except _Busy as busy:
                if attempt == _MOST_WAITS - 1:
                    raise NodeFailure(
                        sentence("the node {0} is too busy: {1}", self.shown, busy.sentence)
                    ) from busy
            self._sleep(wait_s)
            wait_s *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _ask(self, asked: Sequence[Request]) -> list[Any]:
        bodies = [
            {"jsonrpc": "2.0", "id": at, "method": method, "params": params}
            for at, (method, params) in enumerate(asked)
        ]
        untrusted = self._post(orjson.dumps(bodies[0] if len(bodies) == 1 else bodies))
        answers = [untrusted] if len(bodies) == 1 else untrusted
        if isinstance(answers, dict):  # a batch as a whole was refused
            answers = [answers]
        if not isinstance(answers, list):
            raise NodeFailure(sentence("the node {0} does not speak JSON-RPC", self.shown))
        found: dict[int, Any] = {}
        for answer in answers:
            if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
                raise NodeFailure(sentence("the node {0} does not speak JSON-RPC", self.shown))
            if answer.get("error") is not None:
                raise self._refused(answer["error"])
            found[answer.get("id") if len(bodies) > 1 else 0] = answer["result"]  # type: ignore[index]
        if found.keys() != set(range(len(asked))):
            raise NodeFailure(
                sentence("the node {0} answered {1} of {2} questions", self.shown, len(found), len(asked))
            )
        return [found[at] for at in range(len(asked))]

    def _post(self, body: bytes) -> Any:
        try:
            with self._session.post(
                self._endpoint.url,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=_TIMEOUT_S,
                stream=True,
                allow_redirects=False,
            ) as answer:
                read = self._read(answer)
        except NodeSilent as silent:
            raise self._unanswered(silent) from silent
        except (requests.RequestException, OSError) as error:
            words = sentence(
                "the node {0} does not answer{1}", self.shown, foreign(self._endpoint.why(error))
            )
            raise NodeFailure(words) from None  # a traceback would show the address
        try:
            return orjson.loads(read)
        except orjson.JSONDecodeError as error:
            raise NodeFailure(sentence("the node {0} answers no JSON", self.shown)) from error

    def _unanswered(self, silent: NodeSilent) -> NodeFailure:
        words = sentence("the node {0} does not answer{1}", self.shown, foreign(silent.sentence))
        if silent.status in _BUSY_STATUS:
            return _Busy(words)
        if silent.status in _TOO_LARGE_STATUS:
            return Refused(words)
        return NodeFailure(words)

    def _read(self, answer: requests.Response) -> bytes:
        pieces, size = [], 0
        until = time.monotonic() + _ANSWER_S
        for piece in answer.iter_content(1 << 18):
            if time.monotonic() > until:
                raise NodeFailure(
                    sentence("the node {0} has not finished its answer in {1} s", self.shown, _ANSWER_S)
                )
            pieces.append(piece)
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise Refused(
                    sentence(
                        "the node {0} answers more than {1} MB at once", self.shown, MAX_ANSWER_BYTES >> 20
                    )
                )
        return b"".join(pieces)

    def _refused(self, error: Any) -> NodeFailure:
        words = str(error.get("message") if isinstance(error, dict) else error)[:200]
        if any(each in words.lower() for each in _BUSY):
            return _Busy(sentence("the node {0} refuses: {1}", self.shown, words))
        return Refused(sentence("the node {0} refuses: {1}", self.shown, words))


class _Busy(NodeFailure):
    """The node asks for patience."""


class Nodes:
    """Several nodes of one chain, of which one is in use.

    Args:
        endpoints: where they are, and how they are reached.
        chain_id: of the chain; None: whichever the first one serves.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint | str],
        chain_id: int | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if not endpoints:
            raise NodeFailure(sentence("no node is named"), sentence("name one: --rpc http://127.0.0.1:8545"))
        self._nodes = [Node(each, sleep) for each in endpoints]
        self._greeted: set[int] = set()
        self._chain_id = chain_id
        self._at = 0

    def close(self) -> None:
        """Give all connections back."""
        for node in self._nodes:
            node.close()

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def shown(self) -> str:
        return self._nodes[self._at].shown

    @property
    def chain_id(self) -> int:
        """Of the chain that they serve; asks if it is not known yet."""
        if self._chain_id is None:
            self._greet()
        assert self._chain_id is not None  # greeting has asked
        return self._chain_id

    def others(self) -> list[Node]:
        """Return those that are not in use."""
        return [each for at, each in enumerate(self._nodes) if at != self._at]

    def next(self) -> None:
        """Use another node from now on, if there is one."""
        self._at = (self._at + 1) % len(self._nodes)

    def call(self, method: str, *params: Any) -> Any:
        """Ask the node in use."""
        return self._greet().call(method, *params)

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Ask the node in use many things at once."""
        return self._greet().batch(asked)

    def _greet(self) -> Node:
        """Return the node in use, once it has said that it serves this chain.

        Raises:
            OtherChain: it does not.
        """
        node = self._nodes[self._at]
        if self._at in self._greeted:
            return node
        untrusted = node.call("eth_chainId")
        try:
            served = int(untrusted, 16)
        except (TypeError, ValueError) as error:
            raise NodeFailure(
                sentence("the node {0} does not say which chain it serves", node.shown)
            ) from error
        if self._chain_id is None:
            self._chain_id = served
        if served != self._chain_id:
            raise OtherChain(
                sentence("the node {0} serves chain {1}, not {2}", node.shown, served, self._chain_id)
            )
        self._greeted.add(self._at)
        return node
