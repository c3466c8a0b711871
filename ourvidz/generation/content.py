"""The one classifier of prompts: what is not safe for work, and what is refused in every mode.

It reads whole words, so that "analysis" and "Scunthorpe" pass, after undoing what hides words: accents, look-alike
letters of other scripts, invisible characters, digits for letters, letters set apart or repeated.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ourvidz.errors import Refused
from ourvidz.generation.content_words import (
    ABUSE,
    COMPANIONS,
    EXPLICIT,
    INNOCENT_COMPANY,
    INNOCENT_PHRASES,
    MINOR_PHRASES,
    MINORS,
    NUDE_COLOURS,
    SUGGESTIVE,
    YOUNG_AGES,
    bare,
    visible,
)
from ourvidz.generation.request import Content, GenerationRequest

LOOKALIKES = str.maketrans(
    dict(zip('аеорсухіјѕһԁӏԛԝвмнткгзпъ', 'aeopcyxijshdlqwbmhtkrznb', strict=True))
    | dict(zip('ʟʀɑɡıοαερτυνικχβωγη', 'lragioaeptuvikxbwyn', strict=True))
    | dict(zip('ᴀᴄᴅᴇɪᴊᴋʟᴍɴᴏᴘᴛᴜᴠᴡᴢѵոսցհ', 'acdeijklmnoptuvwzvnuqh', strict=True))
)
LEET = str.maketrans('03457@$8€', 'oeast' + 'as' + 'be')
LETTERS_SET_APART = re.compile(r'(?<![\w@$])(?:[^\W_]|[@$])(?:[\s.\-_*·,|/~+]+(?:[^\W_]|[@$])){2,}(?![\w@$])')
SPANISH_CHILD = re.compile(r'(?<![^\W_])ni(?:ñ|n\u0303)([ao]s?)(?![^\W\d_])', re.IGNORECASE)
"""Without its accent it would be a name, or the weather."""
KOREAN_ENDING = re.compile(r'(?<=[가-힣]{2})(?:들|이|가|은|는|을|를|의|와|과|도|에게|에)+$')
KATAKANA = re.compile('[ァ-ヺー]+')
"""A word in this script ends where the script does: Florida and calories hold others."""
TOKEN = re.compile(r"[\w@$!|€*'’-]+")

ADULTS = 'If all persons are adults, say so: write woman or man.'
OTHER_REFERENCE = 'The reference was made with these words, or its file says so. Choose another one.'


@dataclass(frozen=True, slots=True)
class Rating:
    """What a text asks for. `because` is a sentence, '' if nothing is wrong; `has_minor`: children are named at all;
    `is_suggestive`: words are used that are fine for adults alone."""

    is_minor_sexual: bool
    is_nsfw: bool
    because: str = ''
    has_minor: bool = False
    is_suggestive: bool = False


def check(request: GenerationRequest, captions: Sequence[str] = (), *, is_nsfw_allowed: bool) -> Content:
    """The content mode in which a request may run; `captions` say what its references show. Raises Refused.

    What names children always runs as SFW, so that its results are checked.
    """
    rating, together = rate(wanted(request)), rate('\n'.join((wanted(request), *captions)))
    if together.is_minor_sexual:
        raise Refused(together.because, advice=ADULTS if rating.is_minor_sexual else OTHER_REFERENCE)
    if request.content is Content.NSFW and not is_nsfw_allowed:
        raise Refused('NSFW is switched off here.', advice='Choose SFW, or ask the owner to allow NSFW.')
    if rating.is_nsfw and request.content is Content.SFW:
        way_out = 'switch to NSFW or ' if is_nsfw_allowed else ''
        raise Refused(f'{rating.because} The mode is SFW.', advice=f'To go on, {way_out}choose other words.')
    return Content.SFW if together.has_minor else request.content


def wanted(request: GenerationRequest) -> str:
    """All words of a request that say what shall be seen."""
    return '\n'.join((request.prompt, request.enhanced_prompt, request.style))


@lru_cache(maxsize=512)
def rate(text: str) -> Rating:
    """Rate a prompt or a caption."""
    plain = _plain(text)
    young = _first_age(plain)
    plain = INNOCENT_PHRASES.sub(' ', plain)
    young = young or _first_phrase(plain)
    words = _words(plain, text)
    has_people = bool(young) or not PEOPLE.isdisjoint(words)
    if not has_people:
        words = _words(NUDE_COLOURS.sub(' ', plain), text)
    abuse, minor = _first(words, ABUSE, has_people), young or _first(words, MINORS, has_people)
    explicit, suggestive = _first(words, EXPLICIT, has_people), _first(words, SUGGESTIVE, has_people)
    if abuse or (minor and (explicit or suggestive)):
        because = 'Sexual content with minors is refused in every mode'
        named = abuse or f'{minor}” and “{explicit or suggestive}'
        return Rating(True, True, f'{because} (“{named}”).', has_minor=True)
    if explicit:
        return Rating(False, True, f'“{explicit}” is not safe for work.', is_suggestive=bool(suggestive))
    return Rating(False, False, has_minor=bool(minor), is_suggestive=bool(suggestive))


def _words(plain: str, text: str) -> dict[str, str]:
    """All that the words of a text may stand for, and how each is written."""
    return {form: token for token in (*_tokens(plain), *_foreign(text)) for form in _forms(token)}


def _plain(text: str) -> str:
    """The text laid bare: camel case taken apart, look-alikes made Latin, letters set apart brought together."""
    plain = re.sub(r'(?<=[a-z])(?=[A-Z][a-z])', ' ', visible(text).replace('_', ' '))
    plain = bare(SPANISH_CHILD.sub(r'muchach\1', plain))
    plain = re.sub(r'[^\W_]+', _latin, plain)
    return LETTERS_SET_APART.sub(lambda match: ' ' + re.sub(r'[^\w@$]', '', match[0]) + ' ', plain)


def _latin(match: re.Match[str]) -> str:
    """A word in look-alikes becomes Latin if it then is Latin altogether; a Russian word stays Russian."""
    mapped = match[0].translate(LOOKALIKES)
    is_latin = all(char.isascii() for char in mapped)
    return mapped if is_latin or any(char.isascii() and char.isalpha() for char in match[0]) else match[0]


def _foreign(text: str) -> Iterator[str]:
    """The words of other scripts as they are written: some Russian ones consist of look-alikes altogether."""
    return (word for word in re.findall(r'[^\W_]+', bare(text)) if not word.isascii())


def _tokens(plain: str) -> Iterator[str]:
    """Words, hyphenated ones whole and in parts."""
    for match in TOKEN.finditer(plain):
        token = match[0].strip("-'’")
        yield token
        if '-' in token:
            yield from (part for part in token.split('-') if part)


def _forms(token: str) -> Iterator[str]:
    """All that a written word may stand for; a compound of two listed words stands for both."""
    base = re.sub(r"['’]s$|[-'’]", '', token)
    spelt = {base, base.strip('!|*'), base.strip('!|*').rstrip('0123456789')}
    if re.search(r'[^\W\d_]', base) and re.search(r'[\d@$!|€]', base):
        spelt |= {base.translate(LEET).translate(str.maketrans('1!|', letter * 3)) for letter in 'il'} - {'ass'}
    for form in spelt:
        yield from _stretched(form)
        yield from _masked(form)
        yield from _compound(form)


def _stretched(form: str) -> Iterator[str]:
    yield form
    if re.search(r'(.)\1\1', form):
        yield re.sub(r'(.)\1{2,}', r'\1', form)
        yield re.sub(r'(.)\1{2,}', r'\1\1', form)
    if any('\u3040' <= char <= '\u9fff' for char in form):  # scripts without spaces: any listed word inside
        runs = {form, *KATAKANA.findall(form)}
        for word in (*EXPLICIT, *MINORS, *ABUSE):
            if word in runs or (word[0] >= '\u3040' and word in form and not KATAKANA.fullmatch(word)):
                yield word
    if (noun := KOREAN_ENDING.sub('', form)) != form:
        yield noun


def _masked(form: str) -> Iterator[str]:
    if '*' in form and sum(char.isalpha() for char in form) >= 2:
        pattern = re.compile(''.join('[a-z]' if char == '*' else re.escape(char) for char in form.strip()))
        yield from (word for word in (*EXPLICIT, *MINORS, *ABUSE) if pattern.fullmatch(word))


def _compound(form: str) -> Iterator[str]:
    if not 7 <= len(form) <= LONGEST_COMPOUND:
        return
    for cut in range(3, len(form) - 2):
        parts = form[:cut], form[cut:]
        if any(part in EXPLICIT for part in parts) and all(part in ALL_WORDS for part in parts):
            yield from parts


LONGEST_COMPOUND = 40
PEOPLE = MINORS | COMPANIONS - {'style'}
ALL_WORDS = EXPLICIT | SUGGESTIVE | MINORS | COMPANIONS


def _first(words: dict[str, str], listed: frozenset[str], has_people: bool) -> str:
    """The first listed word, unless its company explains it: a cock at a farm, but not where people are named."""
    for form in words:
        if form in listed and (has_people or INNOCENT_COMPANY.get(form, frozenset()).isdisjoint(words)):
            return form
    return ''


def _first_age(plain: str) -> str:
    match = YOUNG_AGES.search(re.sub(r'(?<=\w)-(?=\w)', ' ', plain))
    return match[0].strip() if match else ''


def _first_phrase(plain: str) -> str:
    match = MINOR_PHRASES.search(re.sub(r'-', ' ', plain))
    return match[0] if match else ''
