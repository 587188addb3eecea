"""The broker that the program runs itself where the house has none: in a thread of the process that owns the ports.

It listens at 127.0.0.1 only, knows MQTT 3.1.1, keeps everything in memory, and is meant for a house on one computer: gateways
reach it through a tunnel, simulated ones directly. Whoever has more sets up Mosquitto (docs/broker.md).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Overdue
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from amqtt.errors import AMQTTError, BrokerError

from pms.config import BrokerAddress
from pms.gateways.processes import LinkFault
from pms.link.house_broker import HOST, SERVER, HouseBroker

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")
_WAIT_SECONDS = 10
_log = logging.getLogger(__name__)


class NoBroker(Exception):
    """It cannot listen; `fault` says why."""

    def __init__(self, fault: LinkFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class EmbeddedBroker:
    """A broker in a thread with an event loop of its own. `port` 0 takes any that is free."""

    def __init__(self, *, port: int, prefix: str) -> None:
        self._port, self._prefix = port, prefix
        self._secret = secrets.token_urlsafe(24)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._asking = ThreadPoolExecutor(2, thread_name_prefix="broker asks")
        self._broker: HouseBroker | None = None

    @property
    def address(self) -> BrokerAddress:
        """Where the server's own client finds it; the secret is of this start only."""
        return BrokerAddress(host=HOST, port=self._port, username=SERVER, password=self._secret)

    def start(self) -> None:
        """Listen; NoBroker where that cannot be."""
        self._thread.start()
        try:
            self._port = self._wait(self._open())
        except (BrokerError, OSError) as error:
            self.stop()
            raise NoBroker(_why(error)) from error

    def stop(self) -> None:
        """Throw everybody out, and let go of the port."""
        if self._thread.is_alive():
            if self._broker is not None:
                with suppress(Overdue, AMQTTError):
                    self._wait(self._broker.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_WAIT_SECONDS)
        self._asking.shutdown(wait=False)
        if not self._loop.is_running():
            self._loop.close()

    async def _open(self) -> int:
        broker = HouseBroker(
            port=self._port, prefix=self._prefix, secret=self._secret, loop=self._loop, asking=self._asking
        )
        await broker.start()
        self._broker = broker
        return broker.port

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_note_fault)
        self._loop.run_forever()
        rest = asyncio.all_tasks(self._loop)
        for task in rest:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))


def _why(error: Exception) -> LinkFault:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.EACCES, errno.EPERM):
        return LinkFault.PORT_FORBIDDEN
    return LinkFault.PORT_TAKEN


def _note_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong with one connection ends there; its text may hold what was sent."""
    _log.info("a task of the broker failed: %s", type(context.get("exception")).__name__)
