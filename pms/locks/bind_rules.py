"""What can be said against binding, re-keying, forgetting and replacing a lock."""

from __future__ import annotations

from pms.core.errors import DomainError
from pms.core.text import N_


class OtherLabel(DomainError):
    """A serial number belongs to one lock."""

    code = "other_label"
    field = "lock_keys"
    message = N_("The lock %(serial)s is known with another address or other keys. Compare the label letter by letter.")


class MacTaken(DomainError):
    """A Bluetooth address belongs to one lock."""

    code = "mac_taken"
    field = "mac"
    message = N_("The address %(mac)s belongs to the lock %(lock)s. Compare the label letter by letter.")


class AlreadyBound(DomainError):
    """A bound lock takes nothing under the key of its label."""

    code = "already_bound"
    field = "lock_sn"
    message = N_(
        "The lock %(lock)s holds keys already. Give it new ones with a re-key; or reset it to its factory state, say so, "
        "and bind it."
    )


class NeverBound(DomainError):
    """A lock without keys can be bound, not re-keyed."""

    code = "never_bound"
    field = "lock_id"
    message = N_("The lock %(lock)s holds no keys. Bind it first.")


class AlreadyReplaced(DomainError):
    """A lock is replaced once."""

    code = "already_replaced"
    message = N_("The lock %(lock)s was replaced by another one already.")


class HangsNowhere(DomainError):
    """Only a lock on a door can be replaced there."""

    code = "hangs_nowhere"
    message = N_("The lock %(lock)s hangs on no door, so there is nothing to replace it at.")


class NotSetUp(DomainError):
    """A lock takes commands under keys that only this server knows."""

    code = "not_set_up"
    field = "lock_id"
    message = N_("The lock %(lock)s is not set up for its door, so it takes no commands. Set it up first.")


class NothingToSet(DomainError):
    """A change of settings changes something."""

    code = "nothing_to_set"
    status = 422
    message = N_("Say which setting the lock should change.")


class BadSetting(DomainError):
    """A raw setting is a tag and its value."""

    code = "bad_setting"
    status = 422
    field = "settings"
    message = N_("“%(text)s” is no setting. Write tag and value in hexadecimal, such as 3001, 37FFFF or 3D02.")


class SettingTwice(DomainError):
    """A setting has one value."""

    code = "setting_twice"
    status = 422
    field = "settings"
    message = N_("The setting %(tag)s comes twice.")


class ExtendedOnSeven(DomainError):
    """Extended settings came with version 08."""

    code = "extended_on_seven"
    status = 422
    field = "settings"
    message = N_(
        "The lock %(lock)s speaks version 07 and has no setting %(tag)s; those from 30 to 37 came with version 08."
    )
