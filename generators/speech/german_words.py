"""German words that the lexicon lacks or has wrong, and what may be a part of a compound."""

from __future__ import annotations

# Function words carry no primary stress, except where they are often stressed. The tense unstressed e i o u y
# are written without a length mark here.
_FIXED = """
smartphone: s m ˈa ʁ t f oː n | smartphones: s m ˈa ʁ t f oː n s | youtube: j ˈuː tʃ uː p
update: ʔ ˈa p d eː t
updates: ʔ ˈa p d eː t s | café: k a f ˈeː | cafés: k a f ˈeː s | service: s ˈœ ʁ v ɪ s | fans: f ˈɛ n s
fan: f ˈɛ n
der: d eː ɐ | die: d iː | das: d a s | dem: d eː m | den: d eː n | des: d ɛ s | er: ʔ eː ɐ | wir: v iː ɐ
ihr: ʔ iː ɐ | es: ʔ ɛ s | sie: z iː | und: ʔ ʊ n t | ist: ʔ ɪ s t | im: ʔ ɪ m | in: ʔ ɪ n | an: ʔ a n
am: ʔ a m | zu: ts uː | zum: ts ʊ m | zur: ts uː ɐ | von: f ɔ n | vom: f ɔ m | mit: m ɪ t | auf: ʔ aʊ f
aus: ʔ aʊ s | bei: b aɪ | beim: b aɪ m | ein: ʔ aɪ n | eine: ʔ aɪ n ə | einen: ʔ aɪ n ə n
einem: ʔ aɪ n ə m | einer: ʔ aɪ n ɐ | eines: ʔ aɪ n ə s | als: ʔ a l s | dass: d a s | daß: d a s
für: f yː ɐ | vor: f oː ɐ | durch: d ʊ ʁ ç | um: ʔ ʊ m | nach: n aː x | über: ʔ ˌyː b ɐ
unter: ʔ ˌʊ n t ɐ | war: v aː ʁ | waren: v aː ʁ ə n | wurde: v ʊ ʁ d ə | wurden: v ʊ ʁ d ə n
wird: v ɪ ʁ t | werden: v eː ɐ d ə n | hat: h a t | sind: z ɪ n t | sich: z ɪ ç | ich: ʔ ɪ ç | mir: m iː ɐ
dir: d iː ɐ | wer: v ˈeː ɐ | mehr: m ˈeː ɐ | sehr: z ˈeː ɐ | vier: f ˈiː ɐ | oder: ʔ ˌoː d ɐ
aber: ʔ ˌaː b ɐ | auch: ʔ ˌaʊ x | noch: n ˌɔ x | doch: d ˌɔ x | nicht: n ˈɪ ç t | nur: n ˌuː ɐ | wie: v iː
so: z ˌoː | schon: ʃ ˌoː n | bis: b ɪ s | ohne: ʔ ˌoː n ə | per: p ɛ ʁ | ab: ʔ a p | was: v ˌa s
wenn: v ɛ n | weil: v aɪ l | ob: ʔ ɔ p | his: h ɪ s | the: d ə | of: ʔ ɔ f | ans: ʔ a n s | ins: ʔ ɪ n s
ihm: ʔ iː m | ihn: ʔ iː n | ihnen: ʔ iː n ə n | ihre: ʔ iː ʁ ə | ihren: ʔ iː ʁ ə n | ihrer: ʔ iː ʁ ɐ
ihrem: ʔ iː ʁ ə m | seine: z aɪ n ə | seiner: z aɪ n ɐ | seinen: z aɪ n ə n | natur: n a t ˈuː ɐ
hotel: h o t ˈɛ l | hotels: h o t ˈɛ l s | wachsen: v ˈa k s ə n | wächst: v ˈɛ k s t
wachsend: v ˈa k s ə n t | museum: m u z ˈeː ʊ m | journalist: ʒ ʊ ʁ n a l ˈɪ s t | journal: ʒ ʊ ʁ n ˈaː l
restaurant: ʁ ɛ s t o ʁ ˈãː | ingenieur: ʔ ɪ n ʒ ə n j ˈøː ɐ | ingenieure: ʔ ɪ n ʒ ə n j ˈøː ʁ ə
computer: k ɔ m p j ˈuː t ɐ | restaurants: ʁ ɛ s t o ʁ ˈãː s | polizei: p o l i ts ˈaɪ
kultur: k ʊ l t ˈuː ɐ | weg: v ˈeː k | beobachten: b ə ʔ ˈoː b a x t ə n | neun: n ˈɔʏ n | elf: ʔ ˈɛ l f
fünf: f ˈʏ n f | sechs: z ˈɛ k s | sieben: z ˈiː b ə n | acht: ʔ ˈa x t | eins: ʔ ˈaɪ n s | zwei: ts v ˈaɪ
drei: d ʁ ˈaɪ | zehn: ts ˈeː n | zwölf: ts v ˈœ l f | sechzehn: z ˈɛ ç ts eː n | siebzehn: z ˈiː p ts eː n
sechzig: z ˈɛ ç ts ɪ ç | siebzig: z ˈiː p ts ɪ ç | dreißig: d ʁ ˈaɪ s ɪ ç | zwanzig: ts v ˈa n ts ɪ ç
null: n ˈʊ l | hundert: h ˈʊ n d ɐ t | tausend: t ˈaʊ z ə n t | prozent: p ʁ o ts ˈɛ n t | euro: ʔ ˈɔʏ ʁ o
cent: s ˈɛ n t | dollar: d ˈɔ l a ʁ | million: m ɪ l j ˈoː n | millionen: m ɪ l j ˈoː n ə n
milliarde: m ɪ l j ˈa ʁ d ə | milliarden: m ɪ l j ˈa ʁ d ə n | region: ʁ e g j ˈoː n
union: ʔ u n j ˈoː n | england: ʔ ˈɛ ŋ l a n t | erste: ʔ ˈeː ɐ s t ə | ersten: ʔ ˈeː ɐ s t ə n
erster: ʔ ˈeː ɐ s t ɐ | erstes: ʔ ˈeː ɐ s t ə s | erst: ʔ ˈeː ɐ s t | obst: ʔ ˈoː p s t | mond: m ˈoː n t
schwert: ʃ v ˈeː ɐ t | unterricht: ʔ ˈʊ n t ɐ ʁ ɪ ç t | jazz: dʒ ˈɛ s | jeans: dʒ ˈiː n s | team: t ˈiː m
teams: t ˈiː m s | trainer: t ʁ ˈɛː n ɐ | manager: m ˈɛ n ɪ dʒ ɐ | software: z ˈɔ f t v ɛː ɐ
internet: ʔ ˈɪ n t ɐ n ɛ t | microsoft: m ˈaɪ k ʁ o z ɔ f t | website: v ˈɛ p z aɪ t
online: ʔ ˈɔ n l aɪ n | baby: b ˈeː b i | job: dʒ ˈɔ p | show: ʃ ˈoː | song: z ˈɔ ŋ | band: b ˈa n t
michael: m ˈɪ ç a ʔ ɛ l | daniel: d ˈaː n j ɛ l | peter: p ˈeː t ɐ | david: d ˈaː v ɪ t
familie: f a m ˈiː l j ə | familien: f a m ˈiː l j ə n | japan: j ˈaː p a n | paris: p a ʁ ˈiː s
berlin: b ɛ ʁ l ˈiː n | montag: m ˈoː n t aː k | ziggy: ts ˈɪ g i | chef: ʃ ˈɛ f | chance: ʃ ˈãː s ə
chancen: ʃ ˈãː s ə n | orange: ʔ o ʁ ˈãː ʒ ə | genre: ʒ ˈãː ʁ ə | balkon: b a l k ˈɔ ŋ
saison: z ɛ z ˈɔ ŋ | niveau: n i v ˈoː | büro: b y ʁ ˈoː | etage: ʔ e t ˈaː ʒ ə | garage: g a ʁ ˈaː ʒ ə
äußerst: ʔ ˈɔʏ s ɐ s t | vietnam: v i ɛ t n ˈa m | maria: m a ʁ ˈiː a | europa: ʔ ɔʏ ʁ ˈoː p a
ende: ʔ ˈɛ n d ə | beginn: b ə g ˈɪ n | heute: h ˈɔʏ t ə | leute: l ˈɔʏ t ə | name: n ˈaː m ə
namens: n ˈaː m ə n s | januar: j ˈa n u aː ʁ | februar: f ˈeː b ʁ u aː ʁ | märz: m ˈɛ ʁ ts
april: ʔ a p ʁ ˈɪ l | mai: m ˈaɪ | juni: j ˈuː n i | juli: j ˈuː l i | august: ʔ aʊ g ˈʊ s t
september: z ɛ p t ˈɛ m b ɐ | oktober: ʔ ɔ k t ˈoː b ɐ | november: n o v ˈɛ m b ɐ
dezember: d e ts ˈɛ m b ɐ | pygmäen: p ʏ g m ˈɛː ə n | theater: t e ʔ ˈaː t ɐ | ideal: ʔ i d e ʔ ˈaː l
uhr: ʔ ˈuː ɐ | hof: h ˈoː f | carl: k ˈa ʁ l | air: ʔ ˈɛː ɐ | group: g ʁ ˈuː p | club: k l ˈʊ p
clubs: k l ˈʊ p s | age: ʔ ˈeː dʒ | lee: l ˈiː | net: n ˈɛ t | joseph: j ˈoː z ɛ f
periode: p e ʁ j ˈoː d ə | julia: j ˈuː l j a | new: n j ˈuː | york: j ˈɔ ʁ k | john: dʒ ˈɔ n
george: dʒ ˈɔ ʁ dʒ | james: dʒ ˈeː m s | st: z a ŋ k t | sankt: z a ŋ k t | louis: l ˈuː i | jean: ʒ ˈãː
jacques: ʒ ˈa k | pierre: p j ˈɛː ɐ | krauß: k ʁ ˈaʊ s | bot: b ˈoː t | tot: t ˈoː t | brot: b ʁ ˈoː t
rot: ʁ ˈoː t | gut: g ˈuː t | mut: m ˈuː t | blut: b l ˈuː t | hut: h ˈuː t | not: n ˈoː t | boot: b ˈoː t
spanien: ʃ p ˈaː n j ə n | italien: ʔ i t ˈaː l j ə n | asien: ʔ ˈaː z j ə n | monat: m ˈoː n a t
monate: m ˈoː n a t ə | monaten: m ˈoː n a t ə n | monats: m ˈoː n a ts | kakao: k a k ˈaʊ
charlotte: ʃ a ʁ l ˈɔ t ə | journalistisch: ʒ ʊ ʁ n a l ˈɪ s t ɪ ʃ | journalismus: ʒ ʊ ʁ n a l ˈɪ s m ʊ s
jones: dʒ ˈoː n s | schaft: ʃ ˈa f t | läßt: l ˈɛ s t | mußte: m ˈʊ s t ə | mußten: m ˈʊ s t ə n
muß: m ˈʊ s | fluß: f l ˈʊ s | frißt: f ʁ ˈɪ s t | schloß: ʃ l ˈɔ s | bißchen: b ˈɪ s ç ə n
bewußt: b ə v ˈʊ s t | gewiß: g ə v ˈɪ s | touch: t ˈa tʃ | label: l ˈeː b ə l | wert: v ˈeː ɐ t
werte: v ˈeː ɐ t ə | werten: v ˈeː ɐ t ə n | pferd: pf ˈeː ɐ t | pferde: pf ˈeː ɐ d ə
pferden: pf ˈeː ɐ d ə n | kirche: k ˈɪ ʁ ç ə | kirchen: k ˈɪ ʁ ç ə n | einzel: ʔ ˈaɪ n ts ə l
umfang: ʔ ˈʊ m f a ŋ | umgang: ʔ ˈʊ m g a ŋ | umfeld: ʔ ˈʊ m f ɛ l t | umwelt: ʔ ˈʊ m v ɛ l t
umsatz: ʔ ˈʊ m z a ts | umstand: ʔ ˈʊ m ʃ t a n t | umstände: ʔ ˈʊ m ʃ t ɛ n d ə | umbau: ʔ ˈʊ m b aʊ
du: d uː | man: m a n | annähernd: ʔ ˈa n n ˌɛː ɐ n t | jedoch: j eː d ˈɔ x | georgia: dʒ ˈɔ ʁ dʒ a
arrangieren: ʔ a ʁ ã ʒ ˈiː ʁ ə n | europas: ʔ ɔʏ ʁ ˈoː p a s | information: ʔ ɪ n f ɔ ʁ m a ts j ˈoː n
"""
# Words of three letters that stand in compounds; the lexicon's other short words are mostly accidents.
_SHORT_PARTS = """
aal ab abt acht akt akte alb all alm alt amt an anti arm art arzt auf aus auto axt bad bau bei bein bio
boot bus bär co dom drei ehe eid ein eis elf erz ex fan fest foto fuß gas gau geo gut haupt her hin hoch
hof hut kuh los miss mit nach neo neu nord not ohr ort ost pro rad rat rom rot see süd tag tal tee tief
tod ton top tor tür ufer uhr um un unter ur vier vor weg wein welt west zoo zu zug zwei öko öl über
"""
# Lexicon entries that are not words to build with: endings, abbreviations and fragments.
_NOT_PARTS = """
elchen elche
allg anden ange artig artige artigen aste bare baren barer chens dung einander eine einen einer elle ellen
end ende endem enden ender endes ente erem eren erer eres ern erweise gene genen gers gest hafte haften
heit iger iges ihnen inder inne innen ionen isch ische ischen kann keit legend leib lers lich liche lichen
lien ling lings loge logen logie lung mitt nation national nationale nationalen nationen nder ners nest
nien nische nischen nischer nisches nung ordens oste portiert rasten rate ration rationen reiche rene rien
rinne rund runden rung sche schen sein seine seit sind sition sitionen stan stelle sten ster stes sung
teller tellerin tellerinnen ters tes test tete teten tier tieren tiert tierte tierten tion tische tischen
tischer tung ungen urne zeitig zeitige zeitigen zeitiger zeitiges zers
"""
# Last parts of place and family names that are read as parts though the lexicon may lack them.
_SUFFIXES = """
allee au bach berg brück brücken burg chen dorf feld furt gasse hafen haft haus hausen heim heit hofen
horst ingen kamp keit kirchen kraft land leben mann mark mühl platz rode schaft see stadt stein straße tal
wald weg weiler
"""
# Short first parts after which an unknown rest is read by rule.
_COUNTS = "zwei drei vier fünf acht neun zehn elf ein all alt neu"
TENSE = {"e": "eː", "i": "iː", "o": "oː", "u": "uː", "y": "yː", "ã": "ãː"}


def _read(text: str) -> dict[str, str]:
    """Reads "word: phones | word: phones" lines."""
    entries = {}
    for item in text.replace("\n", "|").split("|"):
        word, _, phones = item.partition(":")
        if phones:
            entries[word.strip()] = " ".join(TENSE.get(phone, phone) for phone in phones.split())
    return entries


FIXED = _read(_FIXED)
SHORT_PARTS = frozenset(_SHORT_PARTS.split())
NOT_PARTS = frozenset(_NOT_PARTS.split())
SUFFIXES = frozenset(_SUFFIXES.split())
COUNTS = frozenset(_COUNTS.split())
