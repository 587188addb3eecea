"""Everything that takes in what doors say, behind one import."""

from __future__ import annotations

from pms.access_records.service.checking import verify_records
from pms.access_records.service.fetching import Fetched, fetch_due
from pms.access_records.service.frames import Brought, Taken, take_frame, take_frames, take_report
from pms.access_records.service.hiding import hide_record, show_record
from pms.access_records.service.intake import take_page
from pms.access_records.service.modules import issue_password
from pms.access_records.service.series import SUBJECT, sync_records

__all__ = [
    "SUBJECT",
    "Brought",
    "Fetched",
    "Taken",
    "fetch_due",
    "hide_record",
    "issue_password",
    "show_record",
    "sync_records",
    "take_frame",
    "take_frames",
    "take_page",
    "take_report",
    "verify_records",
]
