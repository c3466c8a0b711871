"""The words and phrases by which prompts are rated. Whole words in lower case, without accents."""

import re
import unicodedata


def bare(text: str) -> str:
    """Lower case without accents and invisible characters; compatibility forms (full width, ...) made plain."""
    decomposed = unicodedata.normalize('NFKD', text)
    plain = (char for char in decomposed if char in '\u3099\u309a' or unicodedata.category(char) not in HIDDEN)
    return unicodedata.normalize('NFKC', ''.join(plain)).casefold()


def visible(text: str) -> str:
    """Without characters that cannot be seen."""
    return ''.join(char for char in text if unicodedata.category(char) != 'Cf')


def _words(text: str) -> frozenset[str]:
    return frozenset(bare(text).split())


HIDDEN = ('Mn', 'Me', 'Cf')

EXPLICIT = _words(
    """
    nude nudes nudity nudist naked nakedness nekkid nsfw porn porno pornographic pornography pron xxx hentai rule34
    sex sexual sexually seggs secks sexo sexting erotic erotica erotism eroticism orgasm orgasmic orgy threesome
    3some gangbang bukkake creampie cumshot cum cumming blowjob handjob footjob rimjob deepthroat fellatio cunnilingus
    masturbate masturbates masturbating masturbation masturbated fuck fucks fucked fucking fucker intercourse
    coitus copulation copulating doggystyle anal anus penis penises phallus vagina vaginas vaginal vulva
    clitoris clit labia genitals genitalia testicles scrotum erection ejaculate ejaculating ejaculation semen
    nipple nipples areola areolas boobs boobies tits titties titty breasts topless bottomless undressed unclothed
    undressing striptease stripper upskirt downblouse cameltoe bdsm dildo dildos vibrator slut slutty whore horny
    aroused arousal milf futanari ahegao rape raped raping rapist molest molested molesting molestation incest
    bestiality zoophilia necrophilia fetish onlyfans playboy prostitute pubic crotchless pantyless braless
    cock cocks dick dicks pussy pussies ass asses cunt cunts tit boner nackt nackte nackter nacktes
    desnudo desnuda desnudos desnudas nudo nuda nudi nue nues pelado pelada
    голая голый голые голую порно секс 裸 裸体 全裸 色情 性交 ヌード フルヌード ヌードモデル エロ エロい エロティック
    ポルノ 누드 알몸 섹스
    """
)

SUGGESTIVE = _words(
    """
    sexy sexier sexiest sexualized sexualised seductive seductively seducing seduce sensual sensually lewd lascivious
    suggestive provocative provocatively lingerie panties panty thong gstring bra underwear negligee fishnets cleavage
    kinky naughty lustful lust bondage busty voluptuous undies knickers groping fondling fondled fondle
    """
)

MINORS = _words(
    """
    child children childlike childish kid kids kiddie kiddies toddler toddlers baby babies infant infants newborn
    newborns teen teens teenage teenaged teenager teenagers preteen preteens tween tweens minor minors underage
    underaged juvenile juveniles adolescent adolescents pubescent prepubescent pubertal schoolgirl schoolgirls
    schoolboy schoolboys schoolchild schoolchildren schoolkid schoolkids kindergarten kindergartner kindergartener
    kindergarteners preschooler preschoolers preschool daycare youngster youngsters youngling girl girls boy boys
    girlie girly lass lolita lolis shota shotas cherub cherubs putto putti daughter son
    stepdaughter stepson niece nephew grandchild granddaughter grandson orphan orphans
    madchen saugling chica chico bambina bambino bambini bambine
    ragazza ragazzo enfant enfants fillette fille garcon menina menino crianca criancas
    ребенок дети девочка девочки девочку мальчик мальчики 儿童 孩子 小孩 女孩 男孩 幼女 少女 少年 子供 子ども 幼児
    아이 소녀 소년 어린이 女の子 男の子 萝莉 正太 muchacha muchachas muchacho muchachos
    """
)

ABUSE = _words(
    """
    loli lolicon shotacon toddlercon jailbait pedo pedos pedophile pedophiles pedophilia pedophilic paedophile
    paedophilia paedo pedobear kiddieporn childporn csam nymphet nymphets ロリ ロリコン ロリータ ショタ ショタコン
    """
)

COMPANIONS = _words('woman women man men lady ladies guy body model couple slave style')

MINOR_PHRASES = re.compile(
    r"""\b(?:
        (?:little|small|young|younger|youngest|tiny)\s+(?:one|ones|person|people|sister|brother|student|students)
      | (?:elementary|primary|middle|grade|nursery|high|junior\s+high)\s+school(?:er|ers)?
      | (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,2}(?:st|nd|rd|th))\s+grader?s?
      | junior\s+high | sweet\s+sixteen | under\s+age | pre\s+teen | not\s+yet\s+(?:18|eighteen|adult|of\s+age)
      | (?:under|below|younger\s+than|less\s+than)\s+(?:the\s+age\s+of\s+)?(?:1[0-8]|[1-9]|eighteen|sixteen)
    )\b""",
    re.VERBOSE,
)

NUMBERS = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen'
YOUNG = rf'(?:1[0-7]|0?[1-9]|{NUMBERS.replace(" ", "|")})'
YOUNG_AGES = re.compile(
    rf"""(?<![\w.])(?:
        {YOUNG}\s*(?:years?|yrs?|yr|months?|weeks?|days?)\s*(?:of\s+age|young|olds?)
      | {YOUNG}\s*(?:yo|yos|y\s?o)\b | {YOUNG}\s*y\s*/\s*o\b | {YOUNG}\s*y\.\s*o\b
      | (?:age|aged|ages|turning|turns)\s*(?:of|is|:|=)?\s*{YOUNG}\b(?!\s*(?:degrees|percent|%))
      | 1[0-7]f\b | {YOUNG}\s?yrs?\b
    )""",
    re.VERBOSE,
)

INNOCENT_PHRASES = re.compile(
    r"""\b(?:
        moby\s+dick | dick\s+(?:tracy|van\s+dyke|whittington|turpin|grayson|cheney) | philip\s+k\.?\s+dick
      | (?:pussy)\s+(?:willows?|cats?|riot) | naked\s+(?:mole\s*rats?|eye|ape|flame|bulb|neck\s+chicken)
      | naked\s+(?:trees?|branch(?:es)?|twigs?|rocks?|steel|concrete)
      | bottomless\s+(?:pit|abyss|chasm|sea|lake|well(?!\s*lit))
      | bottomless\s+(?:ocean|depths?|hole|void) | (?:blue|red|brown)\s+footed\s+boob(?:y|ies)
      | naughty\s+(?:list|(?:and|or)\s+nice) | list\s+of\s+naughty
      | nude\s+(?:lipsticks?|heels|pumps|colou?rs?|palette|tones?|shades?|makeup|nails?)
      | nude\s+(?:pink|beige|polish)\s+(?:\w+\s+)?(?:lip\w*|nails?|polish|heels|pumps|dress|gown|tones?|shades?|makeup)
      | (?:silicone|bottle|pacifier)\s+nipples? | (?:ox|donkey|mule),?(?:\s+and)?\s+an?\s+ass
      | (?:same|opposite|fair(?:er)?)\s+sex | sex\s+(?:education|pistols|chromosomes?) | sex\s+and\s+the\s+city
      | (?:blue|great|coal|marsh|willow|crested|azure|bearded|long\s+tailed)\s+tits?
      | (?:oilseed|oil\s+seed)\s+rape | rape\s+(?:seed|fields?|oil|flowers?|blossoms?|plants?)
      | weather\s+cocks? | cocks?\s+(?:crow|crows|crowing|robin|of\s+the\s+rock) | (?:fighting|black|game)\s+cocks?
      | (?:robin\s+)?red\s+breasts? | (?:chicken|turkey|duck|pigeon)\s+breasts?
      | breasts?\s+(?:cancer|feeding|stroke|plate|pocket)
      | wild\s+ass(?:es)? | (?:african|nubian|persian)\s+ass(?:es)?
      | ass(?:es)?\s+and\s+(?:ox|mule|cart) | ox\s+and\s+ass
      | playboy\s+of\s+the\s+western\s+world | sex\s+of\s+the\s+(?:kitten|puppy|chick|bird|fish)
      | minor\s+(?:key|chord|scale|planet|league|damage|character|road|details?|league)s?
      | [a-g]\s+(?:flat\s+|sharp\s+)?minor
      | horny\s+toads? | (?:paint|wire|varnish)\s+strippers? | cum\s+laude | super\s+bowl\s+xxx
      | ursa\s+minor | asia\s+minor | canis\s+minor
    )\b""".replace(r'\s', r'[\s-]'),
    re.VERBOSE,
)

NUDE_COLOURS = re.compile(r'\bnude[\s-]+(?:polish|pink|beige)\b')
"""Colours of things, as long as nobody is there."""

INNOCENT_COMPANY = {
    'cock': _words('rooster hen hens farm barn crowing feathers feathered pheasant bird poultry henhouse'),
    'cocks': _words('rooster hen hens farm barn crowing feathers pheasant birds poultry'),
    'ass': _words('donkey mule burro farm stable nativity'),
    'asses': _words('donkey donkeys mule mules burro farm stable'),
    'tit': _words('bird birds branch feeder nest feathers'),
    'tits': _words('bird birds branch feeder nest feathers'),
    'pussy': _words('willow cat kitten catkins'),
    'xxx': _words('jug moonshine roman olympiad'),
    'nipple': _words('bottle pacifier pipe grease'),
    'boobies': _words('bird birds seabirds galapagos'),
    'playboy': _words('synge theatre'),
}
