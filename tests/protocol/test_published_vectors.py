"""The primitives against the examples of the documents that define them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from pms.protocol.crc import crc16
from pms.protocol.ff1 import FF1
from pms.protocol.kdf import cmac

K128 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
K192 = K128 + bytes.fromhex("ef4359d8d580aa4f")
K256 = K192 + bytes.fromhex("7f036d6f04fc6a94")
TWEAK_10 = bytes.fromhex("39383736353433323130")
TWEAK_36 = bytes.fromhex("3737373770717273373737")

# NIST, FF1samples.pdf (Cryptographic Standards and Guidelines: Example Values), samples 1 to 9.
FF1_SAMPLES = [
    (K128, 10, b"", "0123456789", "2433477484"),
    (K128, 10, TWEAK_10, "0123456789", "6124200773"),
    (K128, 36, TWEAK_36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (K192, 10, b"", "0123456789", "2830668132"),
    (K192, 10, TWEAK_10, "0123456789", "2496655549"),
    (K192, 36, TWEAK_36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (K256, 10, b"", "0123456789", "6657667009"),
    (K256, 10, TWEAK_10, "0123456789", "1001623463"),
    (K256, 36, TWEAK_36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


@pytest.mark.parametrize(("key", "radix", "tweak", "plain", "secret"), FF1_SAMPLES)
def test_ff1_gives_the_samples_of_nist(key: bytes, radix: int, tweak: bytes, plain: str, secret: str) -> None:
    cipher = FF1(key, radix, len(plain), tweak)
    assert cipher.encrypt(int(plain, radix)) == int(secret, radix)
    assert cipher.decrypt(int(secret, radix)) == int(plain, radix)


# FIPS 197, appendix C.1.
def test_aes_gives_the_example_of_fips_197() -> None:
    ecb = Cipher(AES(bytes(range(16))), ECB()).encryptor()
    assert ecb.update(bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)


# RFC 4493, section 4.
@pytest.mark.parametrize(
    ("size", "tag"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_cmac_gives_the_examples_of_rfc_4493(size: int, tag: str) -> None:
    assert cmac(K128, MESSAGE[:size]).hex() == tag


# NIST CAVP, KBKDF counter mode, CMAC_AES128, counter of 8 bits before the fixed input, L = 128, COUNT = 0.
def test_counter_mode_gives_the_example_of_nist() -> None:
    fixed = bytes.fromhex(
        "c16e6e02c5a3dcc8d78b9ac1306877761310455b4e41469951d9e6c2245a064b"
        "33fd8c3b01203a7824485bf0a64060c4648b707d2607935699316ea5"
    )
    key = bytes.fromhex("dff1e50ac0b69dc40f1051d46c2b069c")
    assert cmac(key, b"\1" + fixed).hex() == "8be8f0869b3c0ba97b71863d1b9f7813"


# NXP AN10922, section 2.2.1 (AES-128): UID, application id and system identifier make 17 bytes.
def test_diversification_gives_the_example_of_an10922() -> None:
    key = bytes.fromhex("00112233445566778899aabbccddeeff")
    m = bytes.fromhex("04782e21801d803042f54e585020416275")
    assert cmac(key, b"\1" + m).hex() == "a8dd63a3b89d54b37ca802473fda9175"


# RFC 5297, appendix A.1.
def test_siv_gives_the_example_of_rfc_5297() -> None:
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    ad = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    sealed = AESSIV(key).encrypt(bytes.fromhex("112233445566778899aabbccddee"), [ad])
    assert sealed.hex() == "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"


# RFC 3610, section 8, packet vector 1: M = 8, L = 2.
def test_ccm_gives_the_example_of_rfc_3610() -> None:
    key, nonce = bytes(range(0xC0, 0xD0)), bytes.fromhex("00000003020100a0a1a2a3a4a5")
    sealed = AESCCM(key, tag_length=8).encrypt(nonce, bytes(range(8, 0x1F)), bytes(range(8)))
    assert sealed.hex() == "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0"


# RFC 8032, section 7.1, tests 1 to 3.
@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
)
def test_ed25519_gives_the_examples_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw().hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature


def test_crc_gives_the_check_value_of_its_catalogue() -> None:
    assert crc16(b"123456789") == 0x29B1
