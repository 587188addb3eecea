"""What the pages say of gateways and modules, and the audit trail."""

from __future__ import annotations

from pms.core.text import N_
from pms.gateways.processes import LinkFault
from pms.gateways.rules import ModuleState

MODULE_STATES: dict[ModuleState, tuple[str, str]] = {
    ModuleState.LOOSE: ("muted", N_("With no lock")),
    ModuleState.ASKED: ("info", N_("The lock was told to take it")),
    ModuleState.ASSOCIATED: ("ok", N_("Associated")),
}

LINK_FAULTS: dict[LinkFault, str] = {
    LinkFault.UNREACHABLE: N_("It does not answer."),
    LinkFault.CERTIFICATE: N_(
        "Its certificate is not valid for its name, or comes from nobody that this server trusts."
    ),
    LinkFault.LOG_IN: N_("It refuses the server's user or password."),
    LinkFault.REFUSED: N_("It does not let the server use its topics."),
    LinkFault.PORT_TAKEN: N_("Another program uses its port."),
    LinkFault.PORT_FORBIDDEN: N_("The server may not use its port."),
    LinkFault.STOPPED: N_("The process of the server that talks to it has ended."),
}

ACTIONS = {
    "gateways.bound": N_("Bound the gateway %(subject)s"),
    "gateways.unbound": N_("Unbound the gateway %(subject)s"),
    "gateways.lock_hung": N_("Hung a lock on the gateway %(subject)s"),
    "gateways.lock_taken_off": N_("Took a lock off the gateway %(subject)s"),
    "gateways.password_given": N_("Gave a new password to %(subject)s"),
    "gateways.module_asked": N_("Told a lock to take the 4G module %(subject)s"),
    "gateways.module_associated": N_("A lock has the 4G module %(subject)s"),
    "gateways.module_refused": N_("A lock did not take the 4G module %(subject)s"),
}
FIELDS = {
    "lock": N_("Lock"),
    "locks": N_("Locks"),
    "name": N_("Name"),
    "password": N_("Password"),
    "serial_number": N_("Serial number"),
}
