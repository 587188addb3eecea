"""Gateways and the state of modules, for programs."""

from __future__ import annotations

from flask import Blueprint

from pms.core import clock
from pms.gateways import queries, rules, schemas, service
from pms.locks import queries as locks
from pms.web import login
from pms.web.operations import Listed, operation

blueprint = Blueprint("gateways_api", __name__)


@blueprint.get("/gateways")
@operation(64, "gateways:view", tag="Gateway", gives=schemas.Gateway, is_list=True)
def gateways() -> Listed:
    """All gateways, with the locks that hang on them."""
    rows, now = queries.list_gateways(), clock.now()
    link = queries.link_state(now)
    return Listed([schemas.write_gateway(row, link, now) for row in rows], total=len(rows))


@blueprint.post("/gateways/unbindLock")
@operation(
    65,
    "gateways:edit",
    tag="Gateway",
    body=schemas.UnbindLock,
    gives=schemas.Gateway,
    refuses=(locks.NoSuchLock, rules.LockHangsNowhere),
)
def unbind_lock(body: schemas.UnbindLock) -> schemas.Gateway:
    """Unbind a lock from its gateway; it is reached by a phone beside it as before."""
    now = clock.now()
    lock = locks.find_by_wire_id(body.lock_id)
    gateway = service.unbind_lock(lock_id=lock.id, gateway_id=body.gateway_id, actor=login.actor(), now=now)
    return schemas.write_gateway(queries.get_gateway(gateway.id), queries.link_state(now), now)


@blueprint.post("/gateways/unbindUser")
@operation(
    66,
    "gateways:edit",
    tag="Gateway",
    body=schemas.UnbindUser,
    gives=schemas.Gateway,
    refuses=(rules.NoSuchGateway,),
)
def unbind_user(body: schemas.UnbindUser) -> schemas.Gateway:
    """Unbind a gateway from the server's user: no lock hangs on it any more."""
    now = clock.now()
    service.unbind_gateway(gateway_id=body.gateway_id, actor=login.actor(), now=now)
    return schemas.write_gateway(queries.get_gateway(body.gateway_id), queries.link_state(now), now)


@blueprint.get("/modules/<imei>")
@operation(80, "gateways:view", tag="4G direct", gives=schemas.Module, refuses=(rules.NoSuchModule,))
def module(imei: str) -> schemas.Module:
    """Check the module's state."""
    now = clock.now()
    return schemas.write_module(queries.get_module(imei[:20]), queries.link_state(now), now)
