"""Invented guests of the demo hotel. Any likeness is chance."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pms.guests.rules import GuestFields

if TYPE_CHECKING:
    from random import Random

# Family names, given names, country, telephone code.
_LANDS = (
    (
        "DE",
        "+49",
        "Weber Schneider Fischer Wagner Hoffmann Krüger Lehmann Vogel Brandt Seidel",
        "Anna Lukas Marie Jonas Clara Felix Johanna Paul Greta Moritz",
    ),
    (
        "FR",
        "+33",
        "Moreau Lefèvre Garnier Rousseau Blanchard Fontaine Mercier Chevalier",
        "Claire Hugo Camille Louis Élodie Antoine Manon Théo",
    ),
    (
        "GB",
        "+44",
        "Whitfield Ashworth Pemberton Hargreaves Fairclough Thornton Bexley",
        "Amelia Oliver Harriet George Imogen Arthur Rosalind Edmund",
    ),
    ("CN", "+86", "王 李 张 刘 陈 杨 赵 黄 周 吴", "秀英 伟 芳 敏 静 磊 洋 艳 勇 晓燕"),
    ("IT", "+39", "Bianchi Conti Ferrara Gallo Marchetti Rinaldi Serra", "Giulia Marco Chiara Luca Elisa Paolo Sofia"),
    ("PL", "+48", "Kowalska Wiśniewski Zieliński Lewandowska Wójcik", "Zofia Jakub Maja Szymon Hanna"),
    ("SE", "+46", "Lindqvist Ekström Sandberg Hedlund Nyström", "Astrid Nils Freja Axel Saga"),
    ("JP", "+81", "Tanaka Watanabe Kobayashi Nakamura Ito", "Yuki Haruto Sakura Ren Aoi"),
)


def invent(random: Random) -> GuestFields:
    """A plausible guest; documents and numbers are made up."""
    land, code, families, givens = random.choice(_LANDS)
    family, given = random.choice(families.split()), random.choice(givens.split())
    number = "".join(random.choice("0123456789") for _ in range(9))
    return GuestFields(
        family_name=family,
        given_name=given,
        phone=f"{code} {number[:3]} {number[3:]}",
        email=f"{land.lower()}{number[:6]}@guest.example",
        nationality=land,
        birth_date=date(random.randint(1948, 2003), random.randint(1, 12), random.randint(1, 28)),
        document_kind="identity_card" if land in ("DE", "FR", "IT", "PL", "SE") else "passport",
        document_number=f"{random.choice('CFGHJKLMNPRTVWXYZ')}{number[:8]}",
    )
