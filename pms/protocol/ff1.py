"""FF1 format-preserving encryption (NIST SP 800-38G) on AES.

The only primitive that is written here. An `FF1` object is bound to key, radix, length and tweak: all that does not depend
on the round is done once, so that for ten decimal digits each of the ten rounds costs one AES block.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

# ECB is what SP 800-38G builds its CBC-MAC from: it never sees two equal blocks of content here.
from cryptography.hazmat.primitives.ciphers.modes import ECB

from .errors import UsageError

_ROUNDS = 10
_BLOCK = 16
_MIN_DOMAIN = 1_000_000
_MAX_RADIX = 1 << 16
_MAX_LENGTH = 1 << 16


class FF1:
    """FF1 over strings of `length` numerals of `radix`, taken and given as numbers (first numeral most significant).

    `UsageError` if the domain is smaller than the million that SP 800-38G revision 1 asks for.
    """

    __slots__ = ("_blocks", "_ecb", "_moduli", "_number_size", "_round_bit", "_s_size", "_start")

    def __init__(self, key: bytes, radix: int, length: int, tweak: bytes) -> None:
        if not (2 <= radix <= _MAX_RADIX and 2 <= length < _MAX_LENGTH and radix**length >= _MIN_DOMAIN):
            raise UsageError("FF1 needs a domain of a million or more")
        u = length // 2
        v = length - u
        self._moduli: tuple[int, int] = (radix**u, radix**v)
        b = ((radix**v - 1).bit_length() + 7) // 8
        self._number_size = b
        self._s_size = 4 * -(-b // 4) + 4
        self._round_bit = 8 * b
        self._ecb = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - see above
        head = b"\1\2\1" + radix.to_bytes(3, "big") + bytes((_ROUNDS, u & 0xFF))
        state = self._block(head + length.to_bytes(4, "big") + len(tweak).to_bytes(4, "big"))
        # Q = tweak, zeros, round, number: blocks that lie wholly before the round number are chained now.
        fixed = tweak + bytes((-len(tweak) - b - 1) % _BLOCK)
        whole = len(fixed) // _BLOCK * _BLOCK
        for at in range(0, whole, _BLOCK):
            state = self._block(_xor(state, fixed[at : at + _BLOCK]))
        rest = fixed[whole:] + bytes(b + 1)
        self._blocks = len(rest) // _BLOCK
        self._start = int.from_bytes(rest, "big") ^ int.from_bytes(state, "big") << 128 * (self._blocks - 1)

    def _block(self, block: bytes) -> bytes:
        return self._ecb.update(block)

    def _round(self, number: int, value: int) -> int:
        """The number y of one round: CBC-MAC over what is left of Q, stretched to the wanted size."""
        mixed = (self._start ^ (number << self._round_bit | value)).to_bytes(_BLOCK * self._blocks, "big")
        r = self._ecb.update(mixed[:_BLOCK])
        for at in range(_BLOCK, len(mixed), _BLOCK):
            r = self._block(_xor(r, mixed[at : at + _BLOCK]))
        if self._s_size <= _BLOCK:
            return int.from_bytes(r[: self._s_size], "big")
        stretched = r
        for j in range(1, -(-self._s_size // _BLOCK)):
            stretched += self._block(_xor(r, j.to_bytes(_BLOCK, "big")))
        return int.from_bytes(stretched[: self._s_size], "big")

    def encrypt(self, plain: int) -> int:
        """The encrypted number; `UsageError` for one outside the domain."""
        even, odd = self._moduli
        a, b = self._split(plain, odd)
        step = self._round
        for number in range(0, _ROUNDS, 2):
            a, b = b, (a + step(number, b)) % even
            a, b = b, (a + step(number + 1, b)) % odd
        return a * odd + b

    def decrypt(self, secret: int) -> int:
        """The number that encrypts to `secret`; `UsageError` for one outside the domain."""
        even, odd = self._moduli
        a, b = self._split(secret, odd)
        step = self._round
        for number in range(_ROUNDS - 1, 0, -2):
            a, b = (b - step(number, a)) % odd, a
            a, b = (b - step(number - 1, a)) % even, a
        return a * odd + b

    def _split(self, value: int, odd: int) -> tuple[int, int]:
        if not 0 <= value < self._moduli[0] * odd:
            raise UsageError("the number has more numerals than this FF1 takes")
        return divmod(value, odd)


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")
