"""Buildings, floors, room types, rooms, and which of them are clean."""
