"""What the audit trail says of the house."""

from __future__ import annotations

from pms.core.text import N_

ACTIONS = {
    "property.set_up": N_("Set the house up: %(subject)s"),
    "property.changed": N_("Changed the settings of the house: %(subject)s"),
}
FIELDS = {
    "name": N_("Name"),
    "time_zone": N_("Time zone"),
    "check_in_hour": N_("Check-in hour"),
    "check_out_hour": N_("Check-out hour"),
    "currency": N_("Currency"),
    "early_arrival_hour": N_("Earliest arrival"),
    "late_departure_hour": N_("Latest departure"),
    "early_fee": N_("Fee for early arrival"),
    "late_fee": N_("Fee for late departure"),
    "cleaning_hours": N_("Hours for cleaning"),
    "low_battery_percent": N_("Low battery (per cent)"),
    "offline_minutes": N_("Gateway or 4G module out of reach (minutes)"),
    "silent_lock_hours": N_("Lock silent (hours)"),
}
