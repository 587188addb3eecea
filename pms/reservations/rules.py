"""Where bookings come from."""

from __future__ import annotations

from pms.core.text import N_

SOURCE_WORDS: dict[str, str] = {
    "desk": N_("At the desk"),
    "phone": N_("By telephone"),
    "mail": N_("By mail"),
    "web": N_("Website"),
    "agent": N_("Travel agent"),
    "walk_in": N_("Walk-in"),
}
