"""Which makes of machine there are: every file in `pms.devices.drivers`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pms.devices import drivers
from pms.devices.encoder import Driver

from .errors import Unsupported


@cache
def all_drivers() -> tuple[Driver, ...]:
    """The makes, in the order in which an unknown port is asked for them."""
    names = [module.name for module in iter_modules(drivers.__path__)]
    found: list[Driver] = [import_module(f"{drivers.__name__}.{name}").DRIVER for name in names]
    return tuple(sorted(found, key=lambda driver: (driver.probe_order, driver.name)))


def get_driver(name: str) -> Driver:
    """The make of this name; `Unsupported` where this program has none."""
    for driver in all_drivers():
        if driver.name == name:
            return driver
    raise Unsupported(f"there is no driver called {name}")


def drivers_for(url: str) -> tuple[Driver, ...]:
    """The makes that may be found at a URL."""
    scheme = url.partition(":")[0] if "://" in url else ""
    special = [driver for driver in all_drivers() if driver.url_scheme and driver.url_scheme == scheme]
    return tuple(special) or tuple(driver for driver in all_drivers() if not driver.url_scheme)
