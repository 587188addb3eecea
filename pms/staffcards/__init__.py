"""Cards of staff: signed, for scopes of doors, with shifts and end dates."""
