"""Ways to reach a lock without a person beside it: gateways on the wall, cellular modules inside of locks."""
