#!/usr/bin/env python3
"""A second verifier of decision files, written from specs/ alone.

    verify.py [--federation ID] FILE...     one line of JSON per file, in the order given
    verify.py --since OLD NEW               whether NEW continues OLD

Exit code 0 if everything verifies, 1 if something is refused, 2 for a wrong command line. It needs the
standard library and the package `cryptography`, and shares no code with the program in Rust.
"""

import json
import sys
import unicodedata
from fractions import Fraction
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "folkmoot decision 1"
FILE_BYTES_MAX = 256 * 1024 * 1024
HEIGHTS_MAX = 200_000
TEXT_BYTES_MAX = 524_288
TIME_MAX = 253_402_300_799_999
DEPTH_MAX = 24
VALIDATORS_MAX, VOTERS_MAX, ITEMS_MAX = 100, 500, 64
LONGER_MAX = 10
RECOVERY_FIELDS = ["recovered", "order", "rest", "charter"]
STALLED_AFTER_MS = 7 * 24 * 3600 * 1000


class Refused(Exception):
    """What does not hold."""


def need(holds, why):
    if not holds:
        raise Refused(why)


def digest(prefix, *parts):
    return sha256(prefix + b"".join(parts)).digest()


# --- encoding (specs/encoding.md) ---------------------------------------------------------------


def decode(data):
    value, end = decode_at(data, 0, 0)
    need(end == len(data), "bytes after the last value")
    return value


def decode_at(data, at, depth):
    need(depth <= DEPTH_MAX, "nested too deeply")
    need(at < len(data), "the bytes end inside a value")
    head = data[at]
    major, number = head >> 5, head & 31
    at += 1
    if head == 0xF6:
        return None, at
    need(major in (0, 2, 3, 4), "a type that is not used")
    if number >= 24:
        need(number <= 27, "an indefinite or reserved length")
        size = 1 << (number - 24)
        need(at + size <= len(data), "the bytes end inside a value")
        number = int.from_bytes(data[at : at + size], "big")
        at += size
        least = 24 if size == 1 else 1 << (4 * size)
        need(number >= least, "a head longer than needed")
    if major == 0:
        return number, at
    if major == 4:
        need(number <= len(data) - at, "the bytes end inside a value")
        items = []
        for _ in range(number):
            item, at = decode_at(data, at, depth + 1)
            items.append(item)
        return items, at
    need(number <= len(data) - at, "the bytes end inside a value")
    raw = data[at : at + number]
    at += number
    if major == 2:
        return raw, at
    try:
        return raw.decode("utf-8"), at
    except UnicodeDecodeError:
        raise Refused("text that is not UTF-8") from None


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise Refused("a number too large")


def encode(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode("utf-8")
        return head(3, len(raw)) + raw
    return head(4, len(value)) + b"".join(encode(item) for item in value)


def uint(most, least=0):
    def check(value):
        need(type(value) is int and least <= value <= most, "a number out of its range")
        return value

    return check


def raw(length):
    def check(value):
        need(type(value) is bytes and len(value) == length, f"not {length} bytes")
        return value

    return check


def raw_to(most):
    def check(value):
        need(type(value) is bytes and len(value) <= most, f"not at most {most} bytes")
        return value

    return check


def optional(one):
    return lambda value: None if value is None else one(value)


def many(one, most, least=0):
    def check(value):
        need(type(value) is list and least <= len(value) <= most, "a list of a wrong length")
        return [one(item) for item in value]

    return check


def fields(*checks):
    def check(value):
        need(type(value) is list and len(value) == len(checks), "another number of fields")
        return [one(item) for one, item in zip(checks, value)]

    return check


def anything(value):
    return value


def ascending(items, key=lambda item: item):
    keys = [key(item) for item in items]
    need(all(a < b for a, b in zip(keys, keys[1:])), "a list is not in strictly ascending order")


def is_unfit(char):
    code = ord(char)
    return (
        unicodedata.category(char) == "Cc"
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or code == 0xFEFF
    )


WHITE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(code) for code in range(0x2000, 0x200B)
}
BLANK = {0x00AD, 0x3164, *range(0x200B, 0x2010), *range(0x2060, 0x2065)}


def visible(text):
    return sum(
        1 for c in text if not is_unfit(c) and c not in WHITE and ord(c) not in BLANK
    )


def line(most):
    def check(value):
        need(type(value) is str and len(value.encode()) <= most, "not a text of its length")
        need(visible(value) > 0 and not any(map(is_unfit, value)), "not a line")
        return value

    return check


hash32, key32, sign64 = raw(32), raw(32), raw(64)
time = uint(TIME_MAX)
number = uint(2**64 - 1)
index = uint(VALIDATORS_MAX - 1)
voter_index = uint(VOTERS_MAX - 1)
mandate_number = uint(2**64 - 1, 1)
revision = uint(8, 1)

# --- signatures (specs/keys.md) -----------------------------------------------------------------

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def small_order():
    """Every spelling with y < P of a point whose order divides 8."""
    ys = {1, P - 1, 0}
    # A point of order 8 doubles to one with y = 0, so x² = −y², and d y⁴ + 2 y² = 1.
    root = square_root(1 + D)
    for sign in (root, P - root):
        y = square_root((sign - 1) * pow(D, P - 2, P) % P)
        if y is not None:
            ys |= {y, P - y}
    return {(y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1)}


def square_root(value):
    candidate = pow(value, (P + 3) // 8, P)
    for factor in (1, pow(2, (P - 1) // 4, P)):
        root = candidate * factor % P
        if root * root % P == value % P:
            return root
    return None


SMALL = small_order()
KEYS = {}


def usable(key):
    """The key ready to verify: canonical, on the curve, of large order."""
    if key not in KEYS:
        y = int.from_bytes(key, "little") & (2**255 - 1)
        need(y < P and key not in SMALL, "an unusable key")
        square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
        need(square_root(square) is not None, "a key that is no point")
        KEYS[key] = Ed25519PublicKey.from_public_bytes(key)
    return KEYS[key]


def signed(key, message, signature):
    # OpenSSL checks S < L and compares R byte for byte, without the cofactor.
    need(signature[:32] not in SMALL, "a signature with a point of small order")
    try:
        usable(key).verify(signature, message)
    except InvalidSignature:
        raise Refused("a signature does not verify") from None


# --- charter (specs/charter.md) -----------------------------------------------------------------

RULES = ["consent-then-vote", "consent", "one-member-one-vote", "class-weighted", "charter"]
CLASSES = {
    "producer": ("organisation", 40),
    "consumer": ("organisation", 35),
    "individual": ("individual", 25),
}
SECONDS = (1, 31_536_000)
NUMBERS = {
    "rule.consent.minimum-agrees": (1, 10_000, 1),
    "rule.consent.minimum-blocks": (1, 10_000, 1),
    "period.regular-seconds": (*SECONDS, 604_800),
    "period.urgent-seconds": (*SECONDS, 259_200),
    "period.integration-regular-seconds": (*SECONDS, 259_200),
    "period.integration-urgent-seconds": (*SECONDS, 86_400),
    "late-block.extension-seconds": (*SECONDS, 86_400),
    "block.minimum-reason-characters": (1, 1_000, 20),
    "ballot.disagree-allowed": (0, 1, 0),
    "clock.bound-seconds": (1, 3_600, 60),
    "gossip.bound-seconds": (1, 86_400, 180),
    "recovery.notice-seconds": (1, 31_536_000, 1_209_600),
    "duty.hours-per-year": (0, 8_784, 40),
    "retention.note-days": (0, 36_500, 0),
}
FRACTIONS = {
    "rule.charter.majority": [2, 3],
    "rule.charter.assent": [1, 2],
    "rule.charter.assent-extended": [1, 3],
    "class-block.ballots": [1, 2],
    "class-block.turnout": [1, 3],
    "late-block.fraction": [1, 10],
    "extension.fraction": [1, 2],
    "referral.fraction": [30, 100],
    **{f"rule.{rule}.quorum": [1, 3] for rule in RULES},
}


def is_word(word):
    return bool(word) and "a" <= word[0] <= "z" and all(
        c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in word
    )


def charter_text(value):
    need(type(value) is str and len(value) <= 200, "a charter's text of a wrong length")
    need(value.strip() != "", "a charter's text is blank")
    for char in value:
        code = ord(char)
        unfit = unicodedata.category(char) == "Cc"
        unfit = unfit or 0x2028 <= code <= 0x202E or 0x2066 <= code <= 0x2069
        need(not unfit, "a charter's text with an unfit character")
    return value


def charter_texts(value, most):
    need(type(value) is list and 1 <= len(value) <= most, "a charter's list of a wrong length")
    texts = [charter_text(item) for item in value]
    need(len(set(texts)) == len(texts), "a charter's list with a text twice")
    return texts


class Charter:
    def __init__(self, data):
        need(len(data) <= 32_768, "a charter too long")
        _, entries = fields(uint(1, 1), many(fields(anything, anything), 256))(decode(data))
        ascending(entries, key=lambda entry: entry[0].encode() if type(entry[0]) is str else b"")
        self.hash = digest(b"folkmoot/charter/1\0", data)
        self.map = {}
        for key, value in entries:
            need(type(key) is str and 0 < len(key) <= 100, "a charter's key of a wrong length")
            need(all(map(is_word, key.split("."))), "a charter's key of another form")
            if type(value) is list:
                need(len(value) <= 256, "a charter's list too long")
                need(all(type(item) in (int, str) for item in value), "a charter's list of others")
            else:
                need(type(value) in (int, str), "a charter's value of another type")
            self.map[key] = value
        self.read()

    def number(self, key):
        least, most, default = NUMBERS[key]
        return uint(most, least)(self.map.get(key, default))

    def fraction(self, key):
        value = self.map.get(key, FRACTIONS[key])
        top, bottom = fields(uint(1_000_000), uint(1_000_000, 1))(value)
        need(top <= bottom, "a fraction above one")
        need(top > 0 or not key.startswith("rule."), "a part of nothing that must be reached")
        return Fraction(top, bottom)

    def read(self):
        for key in NUMBERS:
            self.number(key)
        for key in FRACTIONS:
            self.fraction(key)
        for key in ("title", "licence.content", "licence.data"):
            charter_text(self.map.get(key, "-"))
        self.aims = len(charter_texts(self.map["aims"], 16)) if "aims" in self.map else 6
        ids = charter_texts(self.map.get("classes", list(CLASSES)), 8)
        need(all(is_word(id) and len(id) <= 32 for id in ids), "a class id of another form")
        self.classes = {}
        for id in ids:
            kind, strength = CLASSES.get(id, ("organisation", 0))
            kind = self.map.get(f"class.{id}.kind", kind)
            need(kind in ("organisation", "individual"), "a class of another kind")
            strength = uint(100)(self.map.get(f"class.{id}.strength-percent", strength))
            charter_text(self.map.get(f"class.{id}.name", id))
            self.classes[id] = (kind, strength)
        strengths = [strength for _, strength in self.classes.values()]
        need(sum(strengths) == 100, "strengths are not 100 together")
        need(len(ids) < 3 or all(10 <= one <= 50 for one in strengths), "a strength out of range")
        self.rules = charter_texts(self.map.get("rules", RULES), 16)
        known = [rule for rule in self.rules if rule in RULES]
        need(known, "no known rule")
        need(self.map.get("default-rule", known[0]) in self.rules, "a default rule not offered")
        for rule in RULES:
            self.included(rule)
        for rule in known:
            need(any(self.votes(rule, id) for id in ids), "a rule without voters")
            if rule in ("class-weighted", "charter"):
                strong = [id for id in ids if self.classes[id][1] > 0]
                need(any(self.votes(rule, id) for id in strong), "a rule without strength")

    def included(self, rule):
        default = "all" if rule in ("class-weighted", "charter") else "organisations"
        value = self.map.get(f"rule.{rule}.electorate", default)
        if type(value) is list:
            need(set(charter_texts(value, 8)) <= set(self.classes), "an unknown class votes")
        else:
            need(value in ("organisations", "producers", "all"), "an electorate of another name")
        return value

    def votes(self, rule, id):
        value = self.included(rule)
        if type(value) is list:
            return id in value
        return (
            value == "all"
            or (value == "producers" and id == "producer")
            or (value == "organisations" and self.classes[id][0] == "organisation")
        )


# --- rules (specs/decisions.md) -----------------------------------------------------------------

AGREE, ABSTAIN, ASIDE, BLOCK, DISAGREE = range(5)
CHOICES = ["agree", "abstain", "stand-aside", "block", "disagree"]
VERDICTS = ["passed", "blocked", "no-quorum", "rejected"]
FAILS = {
    "quorum": "no-quorum",
    "silent": "no-quorum",
    "assent": "no-quorum",
    "blocks": "blocked",
}


def ceiling(value):
    return -(-value.numerator // value.denominator)


class Figures:
    def __init__(self):
        self.eligible = self.cast = self.agree = self.block = self.against = 0


class Judge:
    """The conditions of a rule: (name, class or None, met)."""

    def __init__(self, rule, charter, electorate, choices, extended, fallback):
        self.charter, self.extended = charter, extended
        self.all, self.of = Figures(), {id: Figures() for id in charter.classes}
        disagree = charter.number("ballot.disagree-allowed") == 1
        for member, id in electorate:
            choice = choices.get(member)
            for figures in (self.all, self.of[id]):
                figures.eligible += 1
                figures.cast += choice is not None
                figures.agree += choice == AGREE
                figures.block += choice == BLOCK
                figures.against += choice == BLOCK or (choice == DISAGREE and disagree)
        self.silent = {
            id for id, one in self.of.items() if one.eligible and not one.agree + one.against
        }
        self.conditions = []
        self.add(rule, fallback)
        self.failing = next((one for one in self.conditions if not one[2]), None)
        self.verdict = "passed"
        if self.failing:
            self.verdict = FAILS.get(self.failing[0], "rejected")

    def condition(self, name, met, id=None):
        self.conditions.append((name, id, met))

    def share(self, part, of):
        classes = self.charter.classes
        strengths = {id: one for id, (_, one) in classes.items() if of(self.of[id]) > 0}
        if len(strengths) < len(classes) and strengths:
            most = max(strengths, key=lambda id: strengths[id])
            others = sum(strengths.values()) - strengths[most]
            if strengths[most] > others > 0:
                strengths[most] = others
        parts = [
            strength * Fraction(part(self.of[id]), of(self.of[id]))
            for id, strength in strengths.items()
        ]
        return sum(parts, Fraction(0)), sum(strengths.values())

    def add(self, rule, fallback):
        charter, quorum = self.charter, self.charter.fraction(f"rule.{rule}.quorum")
        may_be_stopped = rule == "consent" or (rule == "consent-then-vote" and not fallback)
        if rule == "charter":
            self.by_charter()
            return
        if rule == "class-weighted":
            self.weighted_quorum(quorum)
            if not self.extended:
                self.condition("silent", len(self.silent) < 1)
            parts, whole = self.share(lambda f: f.agree, lambda f: f.agree + f.against)
            self.condition("strength", parts * 2 > whole)
        else:
            self.condition("quorum", self.all.cast >= ceiling(quorum * self.all.eligible))
            if may_be_stopped:
                blocks = charter.number("rule.consent.minimum-blocks")
                agrees = charter.number("rule.consent.minimum-agrees")
                self.condition("blocks", self.all.block < blocks)
                self.condition("agrees", self.all.agree >= agrees)
                return
            self.condition("majority", self.all.agree > self.all.against)
        if any(map(self.blocks, self.of.values())):
            self.by_charter()

    def blocks(self, figures):
        ballots = self.charter.fraction("class-block.ballots")
        turnout = self.charter.fraction("class-block.turnout")
        return (
            figures.block >= 1
            and figures.block >= figures.cast * ballots
            and figures.block >= figures.eligible * ballots * turnout
        )

    def weighted_quorum(self, quorum):
        parts, whole = self.share(lambda f: f.cast, lambda f: f.eligible)
        self.condition("quorum", parts >= quorum * whole)

    def by_charter(self):
        self.weighted_quorum(self.charter.fraction("rule.charter.quorum"))
        voices = self.all.agree + self.all.against
        majority = self.charter.fraction("rule.charter.majority")
        self.condition("supermajority", self.all.agree > majority * voices)
        for id in sorted(self.of):
            if self.of[id].eligible:
                self.condition("class-majority", self.of[id].agree > self.of[id].against, id)
        parts, whole = self.share(lambda f: f.agree, lambda f: f.eligible)
        name = "rule.charter.assent-extended" if self.extended else "rule.charter.assent"
        self.condition("assent", parts >= self.charter.fraction(name) * whole)

    def lacks_ballots(self):
        if not self.failing:
            return False
        name, id, _ = self.failing
        return name in ("quorum", "silent", "assent") or (
            name == "class-majority" and id in self.silent
        )


# --- entries (specs/entries.md) -----------------------------------------------------------------

MANDATE, WITHDRAWAL, OPENING, BALLOT, ANSWER = 5, 15, 16, 17, 29


def audience(value):
    return value if type(value) is int and value <= 2 else raw(16)(value)


def address(value):
    need(type(value) is str and 1 <= len(value) <= 64, "an address of a wrong length")
    need(
        all(c.isascii() and (c.islower() or c.isdigit() or c in "-/") for c in value),
        "an address with another character",
    )
    return value


HEADER = fields(
    uint(1, 1),
    key32,
    hash32,
    uint(2**32 - 1, 1),
    optional(hash32),
    time,
    address,
    audience,
    uint(2**32 - 1),
    hash32,
    uint(65_536),
    optional(fields(hash32, uint(65_536))),
    many(hash32, 16),
)


class Entry:
    def __init__(self, value, federation):
        header, self.signature, body, note = fields(
            raw_to(65_536), sign64, optional(anything), optional(anything)
        )(value)
        named = HEADER(decode(header))
        need((named[3] == 1) == (named[4] is None), "only the first entry has none before it")
        ascending(named[12])
        self.author, self.grant, self.time = named[1], named[2], named[5]
        self.kind, self.note_length = named[8] >> 1, named[11][1] if named[11] else 0
        size = len(header) + 80 + 32 + named[10] + (named[11][1] + 32 if named[11] else 0)
        need(size <= 65_536, "an entry too long")
        for salted, seal in ((body, [named[9], named[10]]), (note, named[11])):
            if salted is not None:
                need(type(salted) is bytes and seal is not None, "a note that is not named")
                need(len(salted) == 32 + seal[1], "a body of another length")
                need(sha256(salted).digest() == seal[0], "a body of another hash")
        self.message = b"folkmoot/entry/1\0" + federation + header
        self.id = sha256(self.message).digest()
        self.body, self.has_note = body, note is not None

    def read(self, kind, form):
        need(self.kind == kind, "an entry of another kind")
        need(not self.has_note and self.body is not None, "an entry with its note or without body")
        return form(decode(self.body[32:]))

    def verify(self):
        signed(self.author, self.message, self.signature)


def mandate_form(value):
    form = fields(mandate_number, many(fields(key32, raw(16)), 32))
    value = form(value)
    ascending(value[1], key=lambda delegate: delegate[0])
    return value


ELECTOR = fields(hash32, line(32), key32, hash32)


def opening_form(value):
    value = fields(
        hash32, hash32, hash32, line(32), hash32, time, number, number, many(ELECTOR, VOTERS_MAX)
    )(value)
    ascending(value[8], key=lambda elector: elector[0])
    return value


def ballot_form(value):
    value = fields(hash32, revision, hash32, uint(4), optional(uint(255)), uint(16_384))(value)
    need((value[3] == BLOCK) == (value[4] is not None), "a block names an aim, only a block does")
    need(value[3] != BLOCK or value[5] >= 20, "a block gives a reason")
    return value


def act_form(value):
    need(type(value) is list and value and type(value[0]) is int, "no act")
    forms = {0: fields(uint(0), hash32, hash32), 1: fields(uint(1, 1)), 2: fields(uint(2, 2))}
    need(value[0] in forms, "an unknown act")
    return forms[value[0]](value)


ANSWER_FORM = fields(hash32, revision, act_form)
WITHDRAWAL_FORM = fields(hash32)


def written_under(mandated, kind, form, federation):
    """The body of an entry written under a mandate, with both entries; both verified."""
    entry, mandate = mandated
    _, delegates = mandate.read(MANDATE, mandate_form)
    body = entry.read(kind, form)
    need(entry.grant == mandate.id, "written under another mandate")
    need(any(key == entry.author for key, _ in delegates), "the mandate does not list the author")
    mandate.verify()
    entry.verify()
    return body


# --- register (specs/register.md) ---------------------------------------------------------------


class Validators:
    def __init__(self, value):
        self.list = many(fields(hash32, key32), VALIDATORS_MAX, 1)(value)
        ascending(self.list, key=lambda one: one[0])
        keys = [key for _, key in self.list]
        need(len(set(keys)) == len(keys), "two validators with one key")
        for key in keys:
            usable(key)
        self.n = len(keys)
        self.f = -(-self.n // 3) - 1
        self.q = self.n - self.f
        self.hash = digest(b"folkmoot/validators/1\0", encode(self.list))

    def verify(self, federation, place, statement, signature):
        need(place < self.n, "there is no such validator")
        message = b"folkmoot/register/1\0" + federation + encode(statement)
        signed(self.list[place][1], message, signature)


VOTE, FALLBACK, WINDOW = "vote", "fallback-vote", "answer"
# After a mediation a vote is opened by this rule whatever the charter offers; that there was one is the
# validators' word.
FALLBACK_RULE = "one-member-one-vote"
OPENED, EXTENDED, REPEATED, BLOCKED, CALLED, AMENDED, RECOVERED = range(7)


def plus(moment, milliseconds):
    return min(moment + milliseconds, TIME_MAX)


class Phase:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def but(self, **fields):
        return Phase(**{**self.__dict__, **fields})

    def voters(self):
        return [self.proposer] if self.question == WINDOW else self.electorate

    def early(self, charter):
        if self.question == WINDOW or self.answered_late_block:
            return None
        last = ceiling(charter.fraction("late-block.fraction") * self.period)
        return max(0, self.deadline - last)

    def moved(self, cause, span, height, validators, federation):
        id = digest(b"folkmoot/phase/1\0", federation, encode([self.id, height, cause]))
        return self.but(id=id, opened=span[0], deadline=span[1], validators=validators).check()

    def check(self):
        need(self.deadline > self.opened, "a phase without length")
        return self

    def answered(self, act, start, *at):
        start = max(start, self.opened)
        cause = AMENDED if act[0] == 0 else CALLED
        phase = self.moved(cause, [start, plus(start, self.period)], *at)
        phase = phase.but(
            question=VOTE if act[0] == 0 else FALLBACK,
            vote=phase.id,
            answered_late_block=False,
            extended=False,
            pinned={},
        )
        return phase.but(text=act[2]) if act[0] == 0 else phase

    def after(self, closed, *at):
        kind = closed.outcome[0]
        if kind == 1:
            causes = closed.outcome[1]
            return self.moved(EXTENDED, closed.outcome[2], *at).but(
                answered_late_block=self.answered_late_block or causes & 1 == 1,
                extended=self.extended or causes & 2 == 2,
                pinned=closed.counted,
            )
        if kind == 2:
            return self.moved(REPEATED, closed.outcome[1], *at).but(pinned=closed.counted)
        if kind == 3:
            phase = self.moved(BLOCKED, closed.outcome[1], *at)
            return phase.but(question=WINDOW, vote=phase.id, pinned={})
        return self.answered(closed.outcome[1], closed.outcome[2], *at)

    def again(self, *at):
        start = self.deadline + STALLED_AFTER_MS
        return self.moved(REPEATED, [start, start + self.deadline - self.opened], *at)

    def recovered(self, recovery, start, validators, federation):
        id = digest(b"folkmoot/phase/1\0", federation, encode([self.id, recovery, RECOVERED]))
        start = max(start, self.opened)
        deadline = plus(start, self.deadline - self.opened)
        return self.but(id=id, opened=start, deadline=deadline, validators=validators).check()


def opened_phase(entry, opening, proposer, validators, charter, times):
    _, _, text, rule, named, deadline, late_block, extension, electorate = opening
    need(named == charter.hash, "the opening names another charter")
    offered = rule in charter.rules or rule == FALLBACK_RULE
    need(rule in RULES and offered, "the charter offers no such rule")
    period = deadline - entry.time
    regular = charter.number("period.regular-seconds") * 1000 * times
    urgent = charter.number("period.urgent-seconds") * 1000 * times
    need(period in (regular, urgent), "the deadline is not the charter's")
    need(
        late_block == charter.number("late-block.extension-seconds") * 1000
        and extension == ceiling(charter.fraction("extension.fraction") * period),
        "the extensions are not the charter's",
    )
    word = "regular" if period == regular else "urgent"
    need(1 <= len(electorate) <= VOTERS_MAX, "nobody may vote")
    roots = [elector[2] for elector in electorate]
    need(len(set(roots)) == len(roots), "two electors with one root key")
    for _, id, _, _ in electorate:
        need(id in charter.classes and charter.votes(rule, id), "an elector who may not vote")
    return Phase(
        id=entry.id,
        question=VOTE,
        vote=entry.id,
        proposal=opening[0],
        text=text,
        rule=rule,
        proposer=proposer,
        electorate=electorate,
        validators=validators,
        opened=entry.time,
        deadline=deadline,
        period=period,
        late_block=late_block,
        extension=extension,
        integration=charter.number(f"period.integration-{word}-seconds") * 1000 * times,
        answered_late_block=False,
        extended=False,
        pinned={},
    ).check()


def root_of(leaf, proof):
    sides, path = fields(uint(255), many(hash32, 8))(proof)
    need(sides >> len(path) == 0, "sides beyond the path")
    node = sha256(b"\0" + leaf).digest()
    for step, neighbour in enumerate(path):
        pair = neighbour + node if sides >> step & 1 else node + neighbour
        node = sha256(b"\1" + pair).digest()
    return node


NAMES = many(fields(index, hash32), VALIDATORS_MAX)
RECEIPT = fields(index, time, hash32)
SPAN = fields(time, time)


def receipts_form(value):
    value = many(RECEIPT, VALIDATORS_MAX)(value)
    ascending(value, key=lambda one: (one[1], one[0], one[2]))
    places = [one[0] for one in value]
    need(len(set(places)) == len(places), "two receipts of one validator")
    return [tuple(one) for one in value]


def rows_form(value):
    held = fields(hash32, receipts_form)
    rows = many(
        fields(voter_index, mandate_number, revision, many(held, 2, 1)), VOTERS_MAX
    )(value)
    ascending(rows, key=lambda row: row[0])
    for row in rows:
        ascending(row[3], key=lambda one: one[0])
    return rows


MANIFEST = fields(uint(1, 1), hash32, index, time, rows_form, rows_form)


class Standing:
    """A slot, and of each thing said the smallest ballot; two things at most."""

    def __init__(self, slot, ballots):
        sides = {}
        for said, ballot in ballots:
            sides[said] = min(ballot, sides.get(said, ballot))
        self.slot, self.sides = slot, sorted(sides.items())[:2]

    def put_with(self, other):
        if self.slot != other.slot:
            return max(self, other, key=lambda one: one.slot)
        return Standing(self.slot, self.sides + other.sides)

    def said(self):
        return self.sides[0][0] if len(self.sides) == 1 else None

    def choice(self):
        said = self.said()
        return said[1] if said and said[0] == 0 else ABSTAIN


class Closing:
    """A closing, checked in full against its phase."""

    def __init__(self, value, phase, charter, federation):
        self.phase, self.charter, self.federation = phase, charter, federation
        entries = lambda value: [Entry(one, federation) for one in many(anything, 10**6)(value)]
        leaf = fields(hash32, anything)
        batch = fields(RECEIPT, sign64, many(leaf, 256, 1))
        id, mandates, ballots, batches, manifests, seals, stated = fields(
            hash32,
            entries,
            entries,
            many(batch, 10**6),
            many(fields(raw_to(4 * 1024 * 1024), sign64), VALIDATORS_MAX**2),
            many(fields(index, time, NAMES, sign64), VALIDATORS_MAX),
            anything,
        )(value)
        need(id == phase.id, "a closing of another phase")
        need(len(encode(value)) <= 32 * 1024 * 1024, "a closing too long")
        self.take_seals(seals)
        self.take_manifests(manifests)
        self.take_ballots(mandates, ballots)
        self.take_batches(batches)
        for author in self.manifests:
            self.judge_manifest(self.manifests[author])
        self.decide()
        need(self.outcome == stated, "another outcome is stated than follows")

    def says(self, place, statement, signature):
        self.phase.validators.verify(self.federation, place, statement, signature)

    def take_seals(self, seals):
        of = self.phase.validators
        ascending(seals, key=lambda seal: seal[0])
        need(len(seals) >= of.q, "too few seals")
        for place, moment, names, signature in seals:
            ascending(names, key=lambda name: name[0])
            need(len(names) >= of.q, "a seal that names too few")
            need(all(author < of.n for author, _ in names), "a seal that names a stranger")
            self.says(place, [5, self.phase.id, moment, names], signature)
        self.seals = [(moment, [tuple(name) for name in names]) for _, moment, names, _ in seals]

    def take_manifests(self, manifests):
        self.manifests, named = {}, {name for _, names in self.seals for name in names}
        for data, signature in manifests:
            manifest = MANIFEST(decode(data))
            need(manifest[1] == self.phase.id, "a manifest of another phase")
            name = (manifest[2], digest(b"folkmoot/manifest/1\0", self.federation, data))
            need(name in named, "a manifest that no seal names")
            self.says(name[0], [3, self.phase.id, name[1]], signature)
            self.manifests[name] = manifest
        order = list(self.manifests)
        need(len(order) == len(manifests) and order == sorted(order), "manifests out of order")
        need(named == set(order), "a manifest is missing")
        self.listed = {}
        for manifest in self.manifests.values():
            for row in manifest[4] + manifest[5]:
                for ballot, receipts in row[3]:
                    self.listed.setdefault(ballot, set()).update(receipts)

    def take_ballots(self, mandates, ballots):
        ascending(mandates, key=lambda one: one.id)
        ascending(ballots, key=lambda one: one.id)
        voters = {elector[2]: place for place, elector in enumerate(self.phase.voters())}
        known = {}
        for entry in mandates:
            number, delegates = entry.read(MANDATE, mandate_form)
            need(entry.author in voters, "a mandate of nobody who may vote")
            entry.verify()
            known[entry.id] = (voters[entry.author], number, {key for key, _ in delegates})
        need({one.grant for one in ballots} == set(known), "mandates are missing or not needed")
        self.ballots = {}
        for entry in ballots:
            voter, number, delegates = known[entry.grant]
            need(entry.id in self.listed, "a ballot that no manifest lists")
            need(entry.author in delegates, "a ballot of no delegate")
            revision, said = self.read_ballot(entry)
            entry.verify()
            self.ballots[entry.id] = (voter, (number, revision), said)

    def read_ballot(self, entry):
        if self.phase.question == WINDOW:
            phase, revision, act = entry.read(ANSWER, ANSWER_FORM)
            need(phase == self.phase.vote, "an answer in another phase")
            return revision, (1, *act)
        phase, revision, version, choice, aim, reason = entry.read(BALLOT, ballot_form)
        need(phase == self.phase.vote, "a ballot of another phase")
        need(version == self.phase.text, "a ballot about another version")
        allowed = choice != DISAGREE or self.charter.number("ballot.disagree-allowed") == 1
        need(allowed, "a choice that the charter does not allow")
        need(reason <= entry.note_length, "a note shorter than it claims")
        if aim is not None:
            needed = max(20, self.charter.number("block.minimum-reason-characters"))
            need(aim < self.charter.aims, "an aim that the charter does not have")
            need(reason >= needed, "a reason too short")
        return revision, (0, choice)

    def take_batches(self, batches):
        ascending(batches, key=lambda one: (one[0][1], one[0][0], one[0][2]))
        self.receipts = set()
        for receipt, signature, leaves in batches:
            receipt = tuple(receipt)
            ascending(leaves, key=lambda leaf: leaf[0])
            for ballot, proof in leaves:
                need(receipt in self.listed.get(ballot, ()), "a receipt that nothing lists")
                need(ballot in self.ballots, "a ballot is missing")
                voter, slot, _ = self.ballots[ballot]
                leaf = encode([self.phase.voters()[voter][0], *slot, ballot])
                need(root_of(leaf, proof) == receipt[2], "a proof that leads to another root")
                self.receipts.add((ballot, receipt))
            place, moment, root = receipt
            self.says(place, [1, self.phase.id, moment, root], signature)

    def judge_manifest(self, manifest):
        _, _, author, _, rows, early = manifest
        need(author < self.phase.validators.n, "a manifest of a stranger")
        for row in rows:
            self.judge_row(row, self.phase.deadline)
        last = self.phase.early(self.charter)
        slots = {row[0]: (row[1], row[2]) for row in rows}
        for row in early:
            need(last is not None, "an early row where there is none")
            need(slots.get(row[0], (0, 0)) >= (row[1], row[2]), "an early row above the others")
            self.judge_row(row, last)

    def judge_row(self, row, last):
        voter, number, revision, ballots = row
        need(voter < len(self.phase.voters()), "a row of nobody who may vote")
        said = []
        for ballot, receipts in ballots:
            need(len(receipts) == self.phase.validators.f + 1, "another number of receipts")
            need(ballot in self.ballots, "a ballot is missing")
            of, slot, says = self.ballots[ballot]
            need((of, slot) == (voter, (number, revision)), "a ballot in another's row")
            need(says not in said, "two ballots that say the same")
            said.append(says)
            for receipt in receipts:
                need(self.phase.opened <= receipt[1] <= last, "a receipt out of time")
                need((ballot, receipt) in self.receipts, "a receipt is missing")

    def count(self, place):
        """What counts by the rows (4) or the early rows (5), voter by voter, with what is pinned."""
        witnesses = self.phase.validators.f + 1
        seals = []
        for _, names in self.seals:
            of = {}
            for name in names:
                for row in self.manifests[name][place]:
                    lists = of.setdefault(row[0], [])
                    lists.append(((row[1], row[2]), {ballot for ballot, _ in row[3]}))
            seals.append(of)
        counted = dict(self.phase.pinned)
        for voter in sorted({voter for of in seals for voter in of}):
            lists = [of.get(voter, []) for of in seals]
            values = sorted((max(slot for slot, _ in of) for of in lists if of), reverse=True)
            if len(values) < witnesses:
                continue
            slot = values[witnesses - 1]
            sides = [set().union(*(own for at, own in of if at == slot)) for of in lists]
            every = set().union(*sides)
            supported = {b for b in every if sum(b in side for side in sides) >= witnesses}
            ballots = supported or every
            now = Standing(slot, [(self.ballots[one][2], one) for one in ballots])
            counted[voter] = counted[voter].put_with(now) if voter in counted else now
        return counted

    def decide(self):
        phase, witnesses = self.phase, self.phase.validators.f + 1
        self.judged, self.counted = None, self.count(4)
        times = sorted((moment for moment, _ in self.seals), reverse=True)
        start = max(phase.deadline, times[witnesses - 1])
        span = lambda length: [start, plus(start, length)]
        length = phase.deadline - phase.opened
        last = max(0, phase.deadline - -(-9 * length // 10))
        saw = [
            sum(self.manifests[name][3] <= last for name in names) >= witnesses
            for _, names in self.seals
        ]
        if sum(saw) < witnesses:
            self.outcome = [2, span(length)]
        elif phase.question == WINDOW:
            said = self.counted[0].said() if 0 in self.counted else None
            self.outcome = [4, list(said[1:]), start] if said else [5]
        else:
            self.outcome = self.judge(span)

    def judge(self, span):
        phase = self.phase
        choices = {
            phase.electorate[voter][0]: one.choice() for voter, one in self.counted.items()
        }
        electorate = [(elector[0], elector[1]) for elector in phase.electorate]
        fallback = phase.question == FALLBACK
        judged = Judge(phase.rule, self.charter, electorate, choices, phase.extended, fallback)
        self.judged = judged.verdict
        early = self.count(5)
        late = any(
            one.choice() == BLOCK and not (voter in early and early[voter].choice() == BLOCK)
            for voter, one in self.counted.items()
        )
        late = late and not phase.answered_late_block and phase.late_block > 0
        lacks = not phase.extended and phase.extension > 0 and judged.lacks_ballots()
        if late or lacks:
            length = max(phase.late_block if late else 0, phase.extension if lacks else 0)
            return [1, late + 2 * lacks, span(length)]
        may_answer = phase.rule == "consent-then-vote" and phase.question == VOTE
        if judged.verdict == "blocked" and may_answer:
            return [3, span(phase.integration)]
        return [0, VERDICTS.index(judged.verdict)]


# --- decision files (specs/decision-files.md) ---------------------------------------------------

EFFECTS = (
    "admission expulsion class host office commission charter rules force-majeure mediation "
    "server-policy settlement root"
).split()
ACTS = ["amend", "withdraw", "call-vote"]
HEX_FIELDS = ["federation", "opening", "genesis", "beginning", "charter"]


class Motion:
    def __init__(self, value):
        self.title, self.text, effect = fields(line(400), hash32, optional(anything))(value)
        self.effect = None
        if effect is None:
            self.hash = digest(b"folkmoot/text/1\0", encode([self.title, self.text]))
            return
        need(type(effect) is list and effect and type(effect[0]) is int, "no effect")
        need(1 <= effect[0] <= len(EFFECTS), "an unknown effect")
        self.effect = EFFECTS[effect[0] - 1]
        own = digest(b"folkmoot/effect/1\0", encode(effect))
        self.hash = digest(b"folkmoot/motion/1\0", encode([self.title, self.text, own]))


def hexadecimal(value):
    need(type(value) is str, "not hexadecimal")
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise Refused("not hexadecimal") from None
    need(data.hex() == value, "not hexadecimal as it is written")
    return data


def read_file(data):
    need(len(data) <= FILE_BYTES_MAX, "a file too long")
    try:
        file = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused("no JSON") from None
    need(type(file) is dict, "not a decision file")
    names = ["format", *HEX_FIELDS[:4], "headers", "validators", "certificates", "items"]
    names += ["recoveries"] if "recoveries" in file else []
    names += ["charter"]
    names += ["text"] if "text" in file else []
    need(list(file) == names, "other fields than those of a decision file")
    need(file["format"] == FORMAT, "an unknown format")
    respelt = json.dumps(file, indent=2, ensure_ascii=False) + "\n"
    try:
        need(respelt.encode("utf-8") == data, "not spelt as it is written")
    except UnicodeEncodeError:
        raise Refused("text that is not Unicode") from None
    for name in HEX_FIELDS:
        file[name] = hexadecimal(file[name])
    for name in ("headers", "validators", "certificates"):
        need(type(file[name]) is list, "not a list")
        file[name] = [hexadecimal(one) for one in file[name]]
    need(type(file["items"]) is list, "not a list")
    for one in file["items"]:
        need(type(one) is dict and list(one) == ["height", "items"], "items of another form")
        need(type(one["height"]) is int, "a height that is no number")
        one["items"] = hexadecimal(one["items"])
    need(file.get("recoveries") != [], "an empty list of recoveries")
    need(type(file.get("recoveries", [])) is list, "not a list")
    for one in file.get("recoveries", []):
        need(type(one) is dict and list(one) == RECOVERY_FIELDS, "a recovery of another form")
        for name in RECOVERY_FIELDS:
            one[name] = hexadecimal(one[name])
    need(type(file.get("text", "")) is str, "a text that is none")
    return file


def mandated(value, federation):
    entry, mandate = fields(raw_to(65_536), raw_to(65_536))(value)
    return Entry(decode(entry), federation), Entry(decode(mandate), federation)


class File:
    """A decision file, verified."""

    def __init__(self, data, pinned=None):
        self.file, self.pinned = read_file(data), pinned
        self.take_genesis()
        self.take_beginning()
        self.take_heights()
        self.take_items()
        self.charter = Charter(self.file["charter"])
        self.follow()
        self.take_text()

    def take_genesis(self):
        data = self.file["genesis"]
        founder = fields(key32, line(120), line(32))
        _, self.name, _, founders, self.first_charter, _, requires = fields(
            uint(1, 1),
            line(120),
            time,
            many(founder, 64, 1),
            raw_to(32_768),
            raw(32),
            many(line(64), 32),
        )(decode(data))
        ascending(founders, key=lambda one: one[0])
        ascending(requires, key=lambda one: one.encode())
        need(not requires, "the federation requires what is not known here")
        self.founders = [one[0] for one in founders]
        self.federation = digest(b"folkmoot/genesis/1\0", data)
        need(self.federation == self.file["federation"], "the genesis of another federation")
        need(self.pinned in (None, self.federation), "a file of another federation")

    def take_beginning(self):
        member = fields(
            hash32, line(120), line(32), key32, hash32, hash32, optional(key32)
        )
        begin, signatures = fields(
            fields(uint(1, 1), time, many(member, VOTERS_MAX)), many(fields(key32, sign64), 64)
        )(decode(self.file["beginning"]))
        message = b"folkmoot/begin/1\0" + self.federation + encode(begin)
        ascending(signatures, key=lambda one: one[0])
        need(len(signatures) == len(self.founders) // 2 + 1, "another number of founders signed")
        for root, signature in signatures:
            need(root in self.founders, "somebody signed who is no founder")
            signed(root, message, signature)
        self.begun, self.members = begin[1], begin[2]
        ascending(self.members, key=lambda one: one[0])
        charter, keys = Charter(self.first_charter), []
        hosts = {one[0] for one in self.members if one[5] == one[0]}
        validators = []
        for id, _, its_class, root, _, host, validator in self.members:
            need(its_class in charter.classes, "a member of an unknown class")
            need(host in hosts, "a member without a host")
            keys += [root] if validator is None else [root, validator]
            is_organisation = charter.classes[its_class][0] == "organisation"
            if validator is not None and is_organisation and host == id:
                validators.append([id, validator])
        need(len(set(keys)) == len(keys), "one key for two members")
        self.first = Validators(validators)
        self.began = sha256(message).digest()

    def take_heights(self):
        need(1 <= len(self.file["headers"]) <= HEIGHTS_MAX, "no heights, or too many")
        self.last = len(self.file["headers"]) + 1
        self.hashes, self.named, self.crossed = [], {}, []
        sets, certificates = iter(self.file["validators"]), iter(self.file["certificates"])
        recoveries = iter(self.file.get("recoveries", ()))
        previous, epoch, state = self.began, 0, None
        # Who signs a height, and who would sign the next one if nothing is recovered.
        current = self.first
        self.signers, self.after = {}, {}
        form = fields(uint(1, 1), uint(2**32 - 1), uint(2**32 - 1), *[hash32] * 5)
        headers = [form(decode(data)) for data in self.file["headers"]]
        for height, header in enumerate(headers, 2):
            _, its_epoch, found, before, validators, items, following, its_state = header
            while its_epoch > epoch:
                data = next(recoveries, None)
                need(data is not None, "a recovery is missing")
                previous, current = self.cross(data, epoch, height - 1, previous, state, current)
                epoch += 1
            need(found == height and its_epoch == epoch, "a header of another height or epoch")
            need(before == previous, "a header that does not follow")
            need(validators == current.hash, "a header of other validators")
            data = self.file["headers"][height - 2]
            previous, state = digest(b"folkmoot/height/1\0", self.federation, data), its_state
            changes, is_last = following != current.hash, height == self.last
            if changes or is_last or headers[height - 1][1] != epoch:
                data = next(certificates, None)
                need(data is not None, "a certificate is missing")
                self.certify(data, epoch, height, previous, current)
            self.signers[height] = current
            if changes and not is_last:
                data = next(sets, None)
                need(data is not None, "a set of validators is missing")
                current = Validators(decode(data))
                need(current.hash == following, "other validators than the header says")
            self.after[height] = current
            self.hashes.append(previous)
            self.named[height] = items
        need(next(certificates, None) is None, "a certificate too many")
        need(next(sets, None) is None, "a set of validators too many")
        need(next(recoveries, None) is None, "a recovery too many")

    def cross(self, data, epoch, height, previous, state, current):
        recovery, announced, confirmed = fields(
            fields(
                uint(1, 1),
                uint(2**32 - 1),
                uint(2**32 - 1),
                hash32,
                many(hash32, VALIDATORS_MAX),
                time,
            ),
            *[many(fields(key32, time, sign64), VOTERS_MAX)] * 2,
        )(decode(data["recovered"]))
        order, charter = digest(b"folkmoot/order/1\0", data["order"]), Charter(data["charter"])
        if height == 1:
            need(data["rest"] == b"", "the rest of a state that no header names")
            need(data["order"] == encode(self.first_order()), "another order than was begun with")
        else:
            named = digest(b"folkmoot/state/1\0", order, raw(32)(data["rest"]))
            need(named == state, "another state than was signed")
        in_order = decode(data["order"])
        need(in_order[0] == charter.hash, "another charter than was in force")
        _, of, at, last, gone, start = recovery
        need((of, at, last) == (epoch + 1, height, previous), "a recovery of something else")
        ascending(gone)
        members = [member for member, _ in current.list]
        need(set(gone) <= set(members), "somebody is gone who was no validator")
        need(len(gone) > current.f, "too few are gone")
        remain = Validators([one for one in current.list if one[0] not in gone])
        organisations = set()
        for member, (_, its_class, root, _, host, _, _, _) in in_order[1]:
            if charter.classes.get(its_class, ("",))[0] == "organisation" and host == member:
                organisations.add(root)
        notice = charter.number("recovery.notice-seconds") * 1000
        own = digest(b"folkmoot/recovery/1\0", self.federation, encode(recovery))
        since = start
        for stage, signatures in enumerate([announced, confirmed]):
            need(len(signatures) == -(-2 * len(organisations) // 3), "another number signed")
            ascending(signatures, key=lambda one: one[0])
            for root, moment, signature in signatures:
                need(root in organisations, "somebody signed who is no organisation")
                need(moment >= since, "signed too early")
                message = b"folkmoot/recovering/1\0" + self.federation
                signed(root, message + encode([stage, own, moment]), signature)
            since = max(moment for _, moment, _ in signatures) + notice
        self.crossed.append((height, own, start + notice, remain))
        return own, remain

    def first_order(self):
        members = [
            [id, [name, its_class, root, record, host, validator, 1, 0]]
            for id, name, its_class, root, record, host, validator in self.members
        ]
        charter = Charter(self.first_charter).hash
        return [charter, members, [], [], [], [], [], [], [1, 1], None]

    def certify(self, data, epoch, height, value, validators):
        of, at, turn, named, signatures = fields(
            number, number, uint(100_000), hash32, many(fields(index, sign64), VALIDATORS_MAX)
        )(decode(data))
        need((of, at, named) == (epoch, height, value), "a certificate of something else")
        need(len(signatures) == validators.q, "another number of signatures")
        ascending(signatures, key=lambda one: one[0])
        for place, signature in signatures:
            statement = [8, epoch, at, turn, 1, named]
            validators.verify(self.federation, place, statement, signature)

    def take_items(self):
        self.items, before = [], 1
        for one in self.file["items"]:
            height, data = one["height"], one["items"]
            need(before < height <= self.last, "items out of order")
            own = digest(b"folkmoot/items/1\0", self.federation, data)
            need(own == self.named[height], "items that are not those of their header")
            form = fields(*[many(anything, ITEMS_MAX)] * 6)
            self.items.append((height, form(decode(data))))
            before = height

    def follow(self):
        need(self.items, "no items")
        height, items = self.items[0]
        found = None
        for pair, motion in map(fields(anything, anything), items[5]):
            pair = mandated(pair, self.federation)
            if pair[0].id == self.file["opening"]:
                found = (pair, Motion(motion))
        need(found, "the vote is not opened there")
        self.open(height, *found)
        before = height
        for height, items in self.items[1:]:
            need(self.ended is None, "the file goes on after the end")
            self.recover(before, height)
            before = height
            need(self.step(height, items), "nothing of this vote at a height")
        need(self.ended is not None, "the vote is not over")
        need(height == self.last, "the file goes on after the end")

    def recover(self, before, height):
        for at, own, start, remain in self.crossed:
            if before <= at < height:
                self.tell(at, "recovered")
                self.phases = [
                    (times, phase.recovered(own, start, remain, self.federation))
                    for times, phase in self.phases
                ]

    def open(self, height, pair, motion):
        entry, mandate = pair
        opening = written_under(pair, OPENING, opening_form, self.federation)
        need(entry.time >= self.begun, "an opening from before the register")
        need(height < self.last, "the vote is not over")
        root = mandate.author
        of_roots = {one[2]: one for one in opening[8]}
        first = {one[3]: [one[0], one[2], root, one[4]] for one in self.members}
        self.proposer = of_roots.get(root) or first.get(root) or [root, "", root, root]
        self.phases, why, after = [], None, self.after[height]
        for times in range(1, LONGER_MAX + 1):
            try:
                phase = opened_phase(entry, opening, self.proposer, after, self.charter, times)
                self.phases.append((times, phase))
            except Refused as refused:
                why = why or refused
        if not self.phases:
            raise why
        need(motion.hash == opening[2], "what is opened is not what is shown")
        self.motion, self.ended, self.steps = motion, None, []
        self.tell(height, "opened")

    @property
    def phase(self):
        return self.phases[0][1]

    def tell(self, height, happened, closed=None):
        phase = self.phase
        votes = []
        for place, elector in enumerate(phase.voters()) if closed else ():
            one = closed.counted.get(place)
            votes.append(
                {
                    "member": elector[0].hex(),
                    "class": elector[1],
                    "counts": word_of(one) if one else None,
                    "slot": list(one.slot) if one else None,
                    "ballots": [ballot.hex() for _, ballot in one.sides] if one else [],
                }
            )
        self.steps.append(
            {
                "height": height,
                "happened": happened,
                "phase": phase.id.hex(),
                "question": phase.question,
                "version": phase.text.hex(),
                "opened": phase.opened,
                "deadline": phase.deadline,
                "validators": phase.validators.n,
                "votes": votes,
                "verdict": closed.judged if closed else None,
            }
        )

    def go_on(self, height, follows):
        need(height < self.last, "the vote is not over")
        at = (height, self.after[height], self.federation)
        self.phases = [(times, follows(phase, *at)) for times, phase in self.phases]

    def end(self, height, ended):
        self.ended = ended
        self.tell(height, ended)

    def step(self, height, items):
        closings, answers, withdrawals, stalls, _, openings = items
        for closing, motion in map(fields(anything, anything), closings):
            if type(closing) is list and closing and closing[0] == self.phase.id:
                self.close(height, closing, motion)
                return True
        for pair, motion in map(fields(anything, anything), answers):
            pair = mandated(pair, self.federation)
            if pair[0].read(ANSWER, ANSWER_FORM)[0] == self.phase.id:
                self.answer(height, pair, motion)
                return True
        for pair in (mandated(one, self.federation) for one in withdrawals):
            (proposal,) = pair[0].read(WITHDRAWAL, WITHDRAWAL_FORM)
            if proposal == self.phase.proposal and pair[1].author == self.proposer[2]:
                written_under(pair, WITHDRAWAL, WITHDRAWAL_FORM, self.federation)
                self.end(height, "withdrawn")
                return True
        for stall in stalls:
            if type(stall) is list and stall and stall[0] == self.phase.id:
                self.stall(height, stall)
                return True
        for pair, _ in map(fields(anything, anything), openings):
            pair = mandated(pair, self.federation)
            opening = pair[0].read(OPENING, opening_form)
            other = opening[0] == self.phase.proposal and opening[2] != self.phase.text
            if other and pair[1].author == self.proposer[2]:
                written_under(pair, OPENING, opening_form, self.federation)
                self.end(height, "amended")
                return True
        return False

    def close(self, height, value, motion):
        all_closed, why = [], None
        for times, phase in self.phases:
            try:
                closing = Closing(value, phase, self.charter, self.federation)
                all_closed.append((times, phase, closing))
            except Refused as refused:
                why = why or refused
        if not all_closed:
            raise why
        self.phases = [(times, phase) for times, phase, _ in all_closed]
        closed = all_closed[0][2]
        outcome = closed.outcome
        amends = outcome[0] == 4 and outcome[1][0] == 0
        asked = outcome[1][2] if amends else self.phase.text if outcome == [0, 0] else None
        self.show(motion, asked)
        happened = ["", "extended", "repeated", "blocked", "", "lapsed"][outcome[0]]
        if outcome[0] == 0:
            happened = self.ended = VERDICTS[outcome[1]]
        elif outcome[0] == 4:
            happened = ACTS[outcome[1][0]]
            self.ended = "withdrawn" if happened == "withdraw" else None
        elif outcome[0] == 5:
            self.ended = "lapsed"
        self.tell(height, happened, closed)
        if self.ended is None:
            need(height < self.last, "the vote is not over")
            at = (height, self.after[height], self.federation)
            self.phases = [(times, phase.after(one, *at)) for times, phase, one in all_closed]

    def show(self, motion, asked):
        need((motion is None) == (asked is None), "the motion is missing or not asked for")
        if motion is not None:
            self.motion = Motion(motion)
            need(self.motion.hash == asked, "what is voted on is not what is shown")

    def answer(self, height, pair, motion):
        _, _, act = written_under(pair, ANSWER, ANSWER_FORM, self.federation)
        need(self.phase.question == WINDOW, "an answer where nothing was asked")
        need(pair[1].author == self.proposer[2], "an answer of another member")
        self.show(motion, act[2] if act[0] == 0 else None)
        if act[0] == 1:
            self.ended = "withdrawn"
            self.tell(height, "withdraw")
            return
        self.tell(height, ACTS[act[0]])
        self.go_on(height, lambda phase, *at: phase.answered(act, pair[0].time, *at))

    def stall(self, height, value):
        note = fields(index, uint(VALIDATORS_MAX), sign64)
        phase, notes = fields(hash32, many(note, VALIDATORS_MAX))(value)
        ascending(notes, key=lambda one: one[0])
        today, own = self.signers[height], self.phase.validators
        need(today.hash != own.hash, "the phase is that of today's validators")
        for place, seals, signature in notes:
            today.verify(self.federation, place, [6, phase, today.hash, seals], signature)
        need(sum(seals < own.q for _, seals, _ in notes) >= today.q, "too few say that it stalls")
        self.tell(height, "stalled")
        self.go_on(height, Phase.again)

    def take_text(self):
        text = self.file.get("text")
        if text is None:
            return
        data = text.encode("utf-8")
        need(len(data) <= TEXT_BYTES_MAX, "a text too long")
        need(sha256(data).digest() == self.motion.text, "another text than the one voted on")

    def proof(self):
        return {
            "federation": self.federation.hex(),
            "name": self.name,
            "pinned": self.pinned is not None,
            "height": self.last,
            "hash": self.hashes[-1].hex(),
            "opening": self.file["opening"].hex(),
            "proposal": self.phase.proposal.hex(),
            "proposer": self.proposer[0].hex(),
            "rule": self.phase.rule,
            "charter": self.charter.hash.hex(),
            "version": self.phase.text.hex(),
            "times": self.phases[0][0],
            "title": self.motion.title,
            "effect": self.motion.effect,
            "text_shown": "text" in self.file,
            "ended": self.ended,
            "steps": self.steps,
        }


def word_of(standing):
    said = standing.said()
    if said is None:
        return "abstain"
    return CHOICES[said[1]] if said[0] == 0 else ACTS[said[1]]


def since(old, new):
    need(old.federation == new.federation, "files of two federations")
    need(old.began == new.began, "the beginning was rewritten")
    for height, (one, other) in enumerate(zip(old.hashes, new.hashes), 2):
        need(one == other, f"height {height} was rewritten")
    need(old.last <= new.last, "the new file ends before the old one")
    if old.file["opening"] == new.file["opening"]:
        need((old.ended, old.last) == (new.ended, new.last), "one vote with two ends")


def answer_to(path, pinned):
    try:
        with open(path, "rb") as file:
            return File(file.read(FILE_BYTES_MAX + 1), pinned).proof()
    except Refused as refused:
        return {"refused": str(refused)}


def main(arguments):
    try:
        return run(arguments)
    except OSError as error:
        print(f"cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return 2


def run(arguments):
    pinned = None
    if arguments[:1] == ["--federation"]:
        try:
            pinned = hexadecimal(arguments[1] if len(arguments) > 1 else None)
            need(len(pinned) == 32, "not 64 digits")
        except Refused as refused:
            print(f"--federation takes the federation's id: {refused}", file=sys.stderr)
            return 2
        arguments = arguments[2:]
    if arguments[:1] == ["--since"] and len(arguments) == 3:
        files = []
        try:
            for path in arguments[1:]:
                with open(path, "rb") as file:
                    files.append(File(file.read(FILE_BYTES_MAX + 1), pinned))
            since(*files)
        except Refused as refused:
            print(json.dumps({"refused": str(refused)}))
            return 1
        print(json.dumps({"continues": True, "from": files[0].last, "to": files[1].last}))
        return 0
    if not arguments or any(one.startswith("--") for one in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    answers = [answer_to(path, pinned) for path in arguments]
    for answer in answers:
        print(json.dumps(answer))
    return 1 if any("refused" in answer for answer in answers) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
