#!/usr/bin/env python3
"""A second, independent opinion on what calls cost by LiteLLM's price file, in exact decimals.

usage: price_reference.py PRICES.json[.xz] [FACTORS.csv] > calls.csv    makes calls and prices them
       price_reference.py --self-test                              checks itself on cases computed by hand

PRICES.json is LiteLLM's model_prices_and_context_window.json, all of it in effect from 2026-08-01 00:00 UTC.
FACTORS.csv has the columns of prices/factors.csv; without it only the factors of PRICES.json itself count. No other
prices are known here: a price book loaded beside the file would have to be empty for the models of the file.

calls.csv: call_id,provider,model,service_tier,at,region,meters,cost,currency. meters is a JSON object; cost is a plain
decimal, empty where there is no cost. The same arguments always give the same bytes. A summary goes to stderr, and the
exit code is 1 where a reachable price was in no priced call.

The rules are those of docs/price.md: the meaning of LiteLLM's fields, and meters, fallbacks, tiers, contexts, factors.
This was written from the rules alone, without sight of the implementation that it is to test.
"""
import csv, json, lzma, random, re, sys
from collections import defaultdict, namedtuple
from datetime import datetime, time, timedelta, timezone
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, ROUND_HALF_UP, Rounded, Underflow, setcontext

EXACT = Context(prec=300, traps=[Inexact, Rounded, InvalidOperation, Overflow, Underflow])  # rounding is an error
TWELVE = Context(prec=12, rounding=ROUND_HALF_UP)
START = datetime(2026, 8, 1, tzinfo=timezone.utc)
END = datetime(2027, 1, 1, tzinfo=timezone.utc)
NOT_MODELS = ('sample_spec', 'fallback_generalizations')

# ---------------------------------------------------------------- names
PROVIDERS = {'gemini': 'google', 'bedrock_converse': 'bedrock', 'text-completion-openai': 'openai', 'azure_text': 'azure',
             'cohere_chat': 'cohere', 'text-completion-codestral': 'codestral', 'text-completion-inception': 'inception'}
TIERS = {'': 'standard', 'auto': 'standard', 'default': 'standard', 'on_demand': 'standard', 'batches': 'batch'}


def provider_of(name):
    name = name.lower()
    for family in ('vertex_ai', 'fireworks_ai'):
        if name.startswith(family + '-'):
            return family
    return PROVIDERS.get(name, name)


def resolve(provider, model):
    """(provider, model) as the book knows them: one leading segment that is the provider itself goes."""
    provider, model = provider_of(provider), model.lower()
    head, slash, rest = model.partition('/')
    return provider, rest if slash and provider_of(head) == provider else model


def tier_of(name):
    return TIERS.get(name.lower(), name.lower())


# ---------------------------------------------------------------- fields of the file
BASES = [(re.compile(base + r'(?P<hour>_above_1hr)?(?:_above_(?P<k>\d+)k_tokens)?(?:_(?P<tier>[a-z]+))?'), meter)
         for base, meter in (
    (r'(input|output)_cost_per_token', r'\1'),
    (r'cache_read_input_token_cost', 'cache_read'),
    (r'input_cost_per_token_cache_hit', 'cache_read'),
    (r'cache_creation_input_token_cost', 'cache_write'),
    (r'cache_read_input_audio_token_cost', 'audio_cache_read'),
    (r'cache_creation_input_audio_token_cost', 'audio_cache_write'),
    (r'output_cost_per_reasoning_token', 'reasoning'),
    (r'(input|output)_cost_per_([a-z]+)_token', r'\2_\1'),
    (r'(input|output)_cost_per_([a-z]+)_per_second(?:(_above_\d+s)_interval)?', r'\2_\1_second\3'),
    (r'(input|output)_cost_per_image', r'\1_image_count'),
    (r'input_cost_per_(request|query)', r'\1'),
    (r'(input|output)_cost_per_second_1080p', r'\1_second_1080p'),
    (r'(ocr|annotation)_cost_per_(page|credit)', r'\1_\2'),
    (r'code_interpreter_cost_per_session', 'code_interpreter_session'),
    (r'citation_cost_per_token', 'citation'),
    (r'(\w+)_cost_per_1k_(token|call)s', r'\1_\2'),
    (r'(\w+)_cost_per_gb_per_day', r'\1_gb_day'),
    (r'(input|output)_cost_per_([a-z]+)', r'\1_\2'))]

Row = namedtuple('Row', 'meter tier context price unit')  # unit: 1 / unit_quantity
Factor = namedtuple('Factor', 'provider model meter tier region hours factor effective shipped')  # tier, region: or None


def price_number(value):
    """The price a JSON value says, None where it is none; doubles written out are cleaned of their noise."""
    if not isinstance(value, Decimal) or value < 0:
        return None
    digits = ''.join(map(str, value.as_tuple().digits)).strip('0')
    return TWELVE.plus(value) if len(digits) >= 15 else value


def read_field(field, value):
    """What one field of a model says: a list of Rows, and of (tier, region, factor)."""
    rows, factors = [], []
    if field == 'search_context_cost_per_query' and isinstance(value, dict):
        for size in ('low', 'medium', 'high'):
            price = price_number(value.get('search_context_size_' + size))
            if price is not None:
                rows.append(Row('web_search_' + size, 'standard', 0, price, Decimal(1)))
    elif field == 'tiered_pricing' and isinstance(value, list):
        for bracket in value:
            if 'range' in bracket:  # brackets by anything else than the prompt (max_results_range) cannot be placed
                for inner in sorted(bracket, key=is_older_name):
                    rows += [r._replace(context=int(bracket['range'][0])) for r in read_field(inner, bracket[inner])[0]]
    elif field == 'provider_specific_entry' and isinstance(value, dict):
        for word, number in value.items():
            number = price_number(number)
            if number is not None:
                factors.append((None, word, number) if word in ('us', 'eu') else (tier_of(word), None, number))
    elif field.startswith('regional_processing_uplift_multiplier_') and price_number(value) is not None:
        factors.append((None, field.rpartition('_')[2], price_number(value)))
    elif price_number(value) is not None and '_dbu_' not in field:
        for pattern, meter in BASES:
            found = pattern.fullmatch(field)
            if found:
                meter = found.expand(meter)
                if found['hour']:
                    if meter != 'cache_write':
                        break
                    meter = 'cache_write_1h'
                rows.append(Row(meter, tier_of(found['tier'] or ''), 1000 * int(found['k'] or 0), price_number(value),
                                Decimal('0.001') if '_per_1k_' in field else Decimal(1)))
                break
    return rows, factors


def is_older_name(field):
    return field.startswith('input_cost_per_token_cache_hit')


# ---------------------------------------------------------------- the book
class Book:
    def __init__(self, text, factor_lines=()):
        self.document = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        self.keys = [k for k, v in self.document.items() if k not in NOT_MODELS and v.get('litellm_provider')]
        self.names, self.rows, self.factors = defaultdict(list), {}, defaultdict(list)
        for key in self.keys:
            self.names[self.of_key(key)].append(key)
        for name, keys in self.names.items():
            fields = {}  # united: keys with the provider's path first, then in byte order
            for key in sorted(keys, key=lambda k: (k.lower() == name[1], k.encode())):
                for field, value in self.document[key].items():
                    fields.setdefault(field, value)
            rows = {}
            for field in sorted(fields, key=is_older_name):
                found, factors = read_field(field, fields[field])
                for row in found:
                    rows.setdefault((row.meter, row.tier, row.context), row)
                for tier, region, number in factors:
                    self.factors[name[0]].append(Factor(*name, '*', tier, region, None, number, START, False))
            for key in [k for k in rows if k[0] == 'reasoning']:
                output = rows.get(('output', *key[1:]))
                if output and output.price * output.unit == rows[key].price * rows[key].unit:
                    del rows[key]  # reasoning that costs what output costs has no price of its own
            self.rows[name] = defaultdict(list)
            for row in rows.values():
                self.rows[name][row.meter].append(row)
        self.shipped = []
        for line in csv.DictReader(factor_lines):
            tier, region = tier_of(line['service_tier']), line['region'].lower() or None
            hours = (clock(line['utc_from']), clock(line['utc_to'])) if line['utc_from'] or line['utc_to'] else None
            number = Decimal(line['factor']) if line['factor'] else None
            name = resolve(line['provider'], line['model'])
            self.shipped.append(Factor(*name, line['meter'], None if tier == 'standard' else tier, region, hours, number,
                                       moment_of(line['effective_from']), True))
            self.factors[name[0]].append(self.shipped[-1])

    def of_key(self, key):
        return resolve(self.document[key]['litellm_provider'], key)


def clock(text):
    return time.fromisoformat(text) if text and text != '24:00' else time(0)


def moment_of(text):
    moment = datetime.fromisoformat(re.sub(r'([+-]\d\d)$', r'\1:00', text.strip().replace('Z', '+00:00')))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


# ---------------------------------------------------------------- pricing
PROMPT = ('input', 'cache_read', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input', 'video_input',
          'audio_cache_read', 'audio_cache_write')
TOKENS = {'input', 'output', 'cache_read', 'cache_write', 'cache_write_1h', 'reasoning', 'citation'} | {
    kind + '_' + what for kind in ('audio', 'image', 'video') for what in ('input', 'output', 'cache_read', 'cache_write')}
FALLBACK = {'reasoning': ['output'], 'cache_read': ['input'], 'cache_write': ['input'],
            'cache_write_1h': ['cache_write', 'input'], 'audio_input': ['input'], 'image_input': ['input'],
            'video_input': ['input'], 'audio_output': ['output'], 'image_output': ['output'], 'video_output': ['output'],
            'audio_cache_read': ['audio_input', 'input'], 'audio_cache_write': ['audio_input', 'input'],
            'web_search': ['web_search_medium'], 'web_search_low': ['web_search'], 'web_search_medium': ['web_search'],
            'web_search_high': ['web_search']}


def holds(hours, moment):
    if not hours or hours[0] == hours[1]:
        return True
    now = moment.astimezone(timezone.utc).time()
    return hours[0] <= now < hours[1] if hours[0] < hours[1] else now >= hours[0] or now < hours[1]


def matches(pattern, model):
    return model.startswith(pattern[:-1]) if pattern.endswith('*') else model == pattern


def factors_for(book, name, meter, tier, region, at):
    """The factors in effect for a meter of a model: at most one general, one for the tier and one for the region."""
    latest = {}
    for f in book.factors[name[0]]:
        if matches(f.model, name[1]) and f.effective <= at and (f.meter == meter or f.meter == '*' and meter in TOKENS):
            key = f._replace(factor=None, effective=None)
            if key not in latest or latest[key].effective <= f.effective:
                latest[key] = f
    best = {}
    for f in latest.values():
        if f.factor is not None and f.tier in (None, tier) and f.region in (None, region) and holds(f.hours, at):
            rank = (not f.model.endswith('*'), len(f.model), f.meter != '*', f.hours is not None, not f.shipped)
            kind = 'tier' if f.tier else 'region' if f.region else 'general'
            if kind not in best or rank > best[kind][0]:
                best[kind] = rank, f
    return {kind: f for kind, (_, f) in best.items()}


def price_call(book, provider, model, tier, at, region, meters):
    """(cost, currency, used): cost and currency are None where there is no cost; used holds the rows and factors."""
    name, tier, region = resolve(provider, model), tier_of(tier), region.lower() or None
    rows = book.rows.get(name) if at >= START else None
    if not rows or not meters:
        return None, None, []
    prompt = sum((meters.get(m, Decimal(0)) for m in PROMPT), Decimal(0))
    cost, used = Decimal(0), []
    for meter, quantity in meters.items():
        if quantity == 0:
            continue
        for candidate in [meter] + FALLBACK.get(meter, []):
            applicable = [r for r in rows.get(candidate, ()) if r.tier in (tier, 'standard')
                          and (r.context == 0 or prompt > r.context)]
            if applicable:
                break
        else:
            return None, None, []
        row = max(applicable, key=lambda r: (r.context, r.tier == tier))
        amount = quantity * row.price * row.unit
        for kind, factor in factors_for(book, name, meter, tier, region, at).items():
            if kind != 'tier' or row.tier == 'standard' != tier:
                amount *= factor.factor
                used.append(factor)
        cost += amount
        used.append((name, row))
    return cost, 'USD', used


def plain(number):
    text = format(number, 'f')
    return (text.rstrip('0').rstrip('.') if '.' in text else text) or '0'


# ---------------------------------------------------------------- making calls
STANDARD = ('', '', '', 'standard', 'auto', 'default', 'on_demand')
ANY_TIER = STANDARD + ('batch', 'batches', 'Batch', 'flex', 'priority', 'Priority', 'fast', 'scale',
                       'ultrafast-not-existing')
REGIONS = ('', '', '', '', 'us', 'eu', 'us', 'eu', 'apac', 'us-east-1')
ODD_METERS = ('ocr_page', 'query', 'output_pixel', 'web_search', 'web_search_high', 'input_second', 'hologram_second',
              'citation')


class Maker:
    def __init__(self, book, out):
        self.book, self.rng, self.used, self.count = book, random.Random(20260801), set(), defaultdict(int)
        self.writer = csv.writer(out, lineterminator='\n')
        self.writer.writerow('call_id,provider,model,service_tier,at,region,meters,cost,currency'.split(','))

    def client_name(self, key):
        """Provider and model as some client writes them, always such that they resolve to the key's own model."""
        rng, own = self.rng, self.book.of_key(key)
        raw = self.book.document[key]['litellm_provider']
        provider = own[0] if rng.random() < 0.06 else raw
        bare = key.partition('/')[2]
        model = bare if rng.random() < 0.5 and bare and resolve(provider, bare) == own else key
        change = rng.choice((str.upper, str.title, str.swapcase, str.lower))
        if rng.random() < 0.1:
            model = change(model)
        if rng.random() < 0.1:
            provider = change(provider)
        assert resolve(provider, model) == own, (provider, model, own)
        return provider, model

    def moment(self):
        return START + timedelta(microseconds=self.rng.randrange((END - START) // timedelta(microseconds=1)))

    def quantity(self, meter, largest=10 ** 9):
        rng = self.rng
        if re.search('second|page|gb_day', meter):
            return Decimal(rng.randrange(1, 10 ** rng.randrange(1, 8))).scaleb(-rng.randrange(4))
        return Decimal(rng.randint(1, min(10 ** rng.randrange(1, 10), largest)))

    def spread(self, total, meters):
        """The total cut at random places into one part for each meter."""
        cuts = sorted(self.rng.randint(0, total) for _ in meters[1:])
        return {m: Decimal(b - a) for m, a, b in zip(meters, [0] + cuts, cuts + [total])}

    def emit(self, kind, name, tier, meters, region='', at=None, must_use=None):
        at = at or self.moment()
        items = list(meters.items())
        self.rng.shuffle(items)
        cost, currency, used = price_call(self.book, *name, tier, at, region, meters)
        assert must_use is None or must_use in used, (name, tier, meters, must_use)
        self.used.update(used)
        self.count[kind] += 1
        self.count['without cost'] += cost is None
        text = '{' + ', '.join('"%s": %s' % (m, format(q, 'f')) for m, q in items) + '}'
        self.writer.writerow(['%s-%05d' % (kind, self.count[kind]), *name, tier, at.isoformat(timespec='microseconds'),
                              region, text, '' if cost is None else plain(cost), currency or ''])

    def contexts(self, name):
        return sorted({r.context for rows in self.book.rows[name].values() for r in rows})

    def tier_words(self, tier):
        return self.rng.choice({'standard': STANDARD, 'batch': ('batch', 'batches')}.get(tier, (tier,)))

    def fields(self):
        """Every field of every key: its meter in its tier, with a prompt in its context and in no higher one."""
        for key in self.book.keys:
            own = self.book.of_key(key)
            for field, value in self.book.document[key].items():
                rows, factors = read_field(field, value)
                for row in rows:
                    above = [c for c in self.contexts(own) if c > row.context]
                    largest = (above[0] if above else max(row.context * 3, 10 ** 9))
                    meters = {row.meter: self.quantity(row.meter, largest - row.context)}
                    if row.meter in PROMPT:
                        meters[row.meter] += row.context
                    elif row.context:
                        meters['input'] = Decimal(self.rng.randint(row.context + 1, largest))
                    known = row in self.book.rows[own][row.meter]  # else another key of the same model goes before
                    self.emit('field', self.client_name(key), self.tier_words(row.tier), meters,
                              must_use=(own, row) if known else None)
                for tier, region, _ in factors:
                    for extra in ('output', 'cache_read', 'web_search_medium', 'audio_output'):
                        meters = {m: self.quantity(m, 10 ** 5) for m in ('input', extra)}
                        self.emit('field', self.client_name(key), tier or self.tier_words('standard'), meters, region or '')

    def edges(self):
        """The whole prompt just below, at and just above each edge, in every tier that the model knows and one more."""
        for name, keys in self.book.names.items():
            brackets = [b for k in keys for b in self.book.document[k].get('tiered_pricing', []) if 'range' in b]
            ends = {int(b['range'][1]) for b in brackets}
            tiers = {r.tier for rows in self.book.rows[name].values() for r in rows}
            tiers |= {f.tier for f in self.book.factors[name[0]] if f.tier and matches(f.model, name[1])} | {'standard'}
            by_length = [m for m, rows in self.book.rows[name].items()
                         if m not in TOKENS and any(r.context for r in rows)]
            for edge in sorted(ends.union(self.contexts(name)) - {0}):
                for tier in sorted(tiers) + [self.rng.choice(('scale', 'batch', 'flex', 'priority'))]:
                    for prompt in (edge - 1, edge, edge + 1):
                        for most in (1, 3, len(PROMPT)):
                            chosen = self.rng.sample(PROMPT, self.rng.randint(1, most)) if most > 1 else ['input']
                            meters = self.spread(prompt, chosen)
                            for other in ['output'] + self.rng.sample(['reasoning'] + by_length, self.rng.randint(0, 1)):
                                meters[other] = self.quantity(other, 10 ** 5)
                            region = self.rng.choice(REGIONS)
                            client = self.client_name(self.rng.choice(keys))
                            self.emit('edge', client, self.tier_words(tier), meters, region)

    def anything(self, calls):
        """Many meters at once, zeros, meters without price, models without price, small and huge numbers."""
        rng = self.rng
        interesting = [k for k in self.book.keys if len(self.book.rows[self.book.of_key(k)]) > 3]
        for _ in range(calls):
            key = rng.choice(self.book.keys if rng.random() < 0.6 else interesting)
            priced = list(self.book.rows[self.book.of_key(key)])
            pool = priced + [m for m, others in FALLBACK.items() if any(o in priced for o in others)] or ['input', 'output']
            meters = {m: self.quantity(m) for m in (rng.choice(pool) for _ in range(rng.randint(1, 7)))}
            chance = rng.random()
            if chance < 0.05:
                meters[rng.choice(ODD_METERS)] = self.quantity('')
            elif chance < 0.10:
                meters = {m: Decimal(0) for m in meters}
            elif chance < 0.15:
                meters.update({m: Decimal(rng.choice((10 ** 18, rng.randint(1, 10 ** 18)))) for m in meters if m in TOKENS})
            if rng.random() < 0.2:  # zero quantities need no price
                meters[rng.choice(PROMPT + ('output',))] = Decimal(0)
                meters[rng.choice(ODD_METERS)] = Decimal('0.000')
            at = START if rng.random() < 0.01 else None
            self.emit('random', self.client_name(key), rng.choice(ANY_TIER), meters, rng.choice(REGIONS), at)

    def special(self):
        every = (r for rows in self.book.rows.values() for rs in rows.values() for r in rs)
        least = min((r for r in every if r.price), key=lambda r: r.price)
        for key in self.book.keys:
            rows = self.book.rows[self.book.of_key(key)]
            if not rows:
                self.emit('special', self.client_name(key), '', {'input': self.quantity('input'), 'output': Decimal(1)})
                self.emit('special', self.client_name(key), '', {'input': Decimal(0), 'output': Decimal(0)})
            elif any(least in rs for rs in rows.values()):
                for number in (1, 3, 10 ** 18 - 1, 10 ** 18):
                    self.emit('special', self.client_name(key), '', {least.meter: Decimal(number)})
            elif self.rng.random() < 0.02:
                self.emit('special', self.client_name(key), '', {})
        for number in range(20):
            name = self.rng.choice(('openai', 'anthropic', 'no-such-provider')), 'no-such-model-%d' % number
            self.emit('special', name, '', {'input': Decimal(number), 'output': Decimal(number)})

    def shipped(self):
        """Each shipped factor on a few of its models, at both sides of its hours and of its first moment."""
        for f in self.book.shipped:
            names = [n for n in self.book.names if n[0] == f.provider and matches(f.model, n[1])]
            keys = [k for n in names for k in self.book.names[n]]
            for key in self.rng.sample(keys, min(len(keys), 5)):
                day = START + timedelta(days=self.rng.randrange(1, 150))
                moments = [self.moment(), f.effective, f.effective - timedelta(microseconds=1)]
                for hour in f.hours or ():
                    edge = datetime.combine(day, hour, timezone.utc)
                    moments += [edge, edge - timedelta(microseconds=1)]
                for at in moments:
                    if START <= at < END:
                        meters = {m: self.quantity(m, 10 ** 5) for m in ('input', 'cache_read', 'output')}
                        meters[self.rng.choice(list(self.book.rows[self.book.of_key(key)]) or ['input'])] = Decimal(7)
                        if f.meter != '*':
                            meters[f.meter] = self.quantity(f.meter, 10 ** 5)
                        tier = self.tier_words(f.tier or 'standard')
                        self.emit('factor', self.client_name(key), tier, meters, f.region or '', at)


# ---------------------------------------------------------------- self-test
SELF_TEST = '''{
"claude-3-7-sonnet-20250219": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
  "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
  "cache_read_input_token_cost": 3e-07, "provider_specific_entry": {"us": 1.1, "fast": 6.0, "flag": "yes"},
  "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_medium": 0.02}},
"gemini/g": {"litellm_provider": "gemini", "input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 2e-06,
  "input_cost_per_token_batches": 4e-07, "output_cost_per_token": 1e-05, "output_cost_per_token_priority": 3e-05},
"g": {"litellm_provider": "gemini", "input_cost_per_token": 9, "input_cost_per_audio_token": 7.0000000000000004e-06,
  "output_cost_per_image": -1, "input_cost_per_video_per_second_above_8s_interval": 0.5, "output_cost_per_second_1080p": 2},
"d/t": {"litellm_provider": "d", "tiered_pricing": [{"range": [0, 32000.0], "input_cost_per_token": 1e-06,
  "input_cost_per_token_cache_hit": 5, "cache_read_input_token_cost": 1e-07},
  {"range": [32000.0, 64000.0], "input_cost_per_token": 3e-06}]},
"x": {"litellm_provider": "x", "file_search_cost_per_1k_calls": 2.5},
"empty": {"litellm_provider": "x"}}'''
SELF_FACTORS = '''provider,model,meter,service_tier,region,utc_from,utc_to,factor,effective_from,source,source_date
google,*,*,batch,,,,0.5,2026-01-01,,
anthropic,claude-*,*,,,22:00,06:00,0.25,2026-09-01 00:00:00+00,,
anthropic,claude-*,*,,,22:00,06:00,,2026-10-01 00:00:00+00,,
'''
CASES = [  # provider model tier at region meters cost
    ('anthropic', 'claude-3-7-sonnet-20250219', '', '2026-08-05T12:00Z', '', 'input 3 cache_write 12304 output 550', '0.054399'),
    ('Anthropic', 'anthropic/Claude-3-7-Sonnet-20250219', '', '2026-08-05T12:00Z', 'us', 'input 1 web_search_low 1', '0.0100033'),
    ('anthropic', 'claude-3-7-sonnet-20250219', 'Fast', '2026-08-05T12:00Z', 'us', 'cache_write_1h 10 reasoning 1', '0.000495'),
    ('anthropic', 'claude-3-7-sonnet-20250219', 'fast', '2026-08-05T12:00Z', '', 'web_search 1', '0.02'),
    ('anthropic', 'claude-3-7-sonnet-20250219', '', '2026-08-05T12:00Z', '', 'web_search_high 1', None),
    ('anthropic', 'claude-3-7-sonnet-20250219', '', '2026-09-05T22:00Z', '', 'input 4 web_search_low 1', '0.010003'),
    ('anthropic', 'claude-3-7-sonnet-20250219', '', '2026-09-05T06:00Z', '', 'input 4', '0.000012'),
    ('anthropic', 'claude-3-7-sonnet-20250219', '', '2026-10-05T23:00Z', '', 'input 4', '0.000012'),
    ('anthropic', 'claude-3-7-sonnet-20250219', '', '2026-07-31T23:59Z', '', 'input 4', None),
    ('google', 'g', '', '2026-08-01T00:00Z', '', 'input 199999 cache_read 1', '0.2'),
    ('gemini', 'gemini/G', '', '2026-08-01T00:00Z', '', 'input 200000 cache_read 1', '0.400002'),
    ('gemini', 'g', 'batches', '2026-08-01T00:00Z', '', 'input 10 output 2 reasoning 1', '0.000019'),
    ('gemini', 'g', 'batch', '2026-08-01T00:00Z', '', 'input 200001 output 1', '0.200006'),
    ('gemini', 'g', 'priority', '2026-08-01T00:00Z', '', 'input 1 audio_input 1 image_output 1', '0.000038'),
    ('gemini', 'g', '', '2026-08-01T00:00Z', '', 'video_input_second_above_8s 0.125 output_second_1080p 1.001', '2.0645'),
    ('gemini', 'g', '', '2026-08-01T00:00Z', '', 'input 1 output_image_count 1', None),
    ('gemini', 'g', '', '2026-08-01T00:00Z', '', 'input 0 output_image_count 0', '0'),
    ('d', 't', '', '2026-08-01T00:00Z', '', 'input 31999 cache_read 1', '0.0319991'),
    ('d', 'D/T', '', '2026-08-01T00:00Z', '', 'input 32000 cache_read 1', '0.0960001'),
    ('x', 'x', 'scale', '2026-08-01T00:00Z', '', 'file_search_call 3', '0.0075'),
    ('x', 'empty', '', '2026-08-01T00:00Z', '', 'input 0', None)]


def self_test():
    book, wrong = Book(SELF_TEST, SELF_FACTORS.splitlines()), 0
    for provider, model, tier, at, region, meters, expected in CASES:
        words = meters.split()
        quantities = dict(zip(words[::2], map(Decimal, words[1::2])))
        cost = price_call(book, provider, model, tier, moment_of(at), region, quantities)[0]
        if (None if cost is None else plain(cost)) != expected:
            wrong += 1
            print('not ok: %s %s %s: %s, expected %s' % (model, tier, meters, cost, expected))
    print('%d cases, %d wrong' % (len(CASES), wrong))
    return wrong > 0


def main(arguments):
    setcontext(EXACT)
    if arguments == ['--self-test']:
        return self_test()
    if len(arguments) not in (1, 2) or arguments[0].startswith('-'):
        return __doc__
    unpack = lzma.open if arguments[0].endswith('.xz') else open
    with unpack(arguments[0], 'rt', encoding='utf-8') as prices:
        text = prices.read()
    lines = ()
    if len(arguments) == 2:
        with open(arguments[1], encoding='utf-8', newline='') as factors:
            lines = factors.read().splitlines()
    book = Book(text, lines)
    maker = Maker(book, sys.stdout)
    maker.fields()
    maker.edges()
    maker.anything(10000)
    maker.special()
    maker.shipped()
    every = {(name, row) for name, rows in book.rows.items() for rs in rows.values() for row in rs}
    every.update(f for fs in book.factors.values() for f in fs if not f.shipped)
    missed = every - maker.used
    calls = sum(n for kind, n in maker.count.items() if kind != 'without cost')
    print('%d calls %s; %d models of %d keys, %d prices and factors, %d of them in no priced call' % (
        calls, dict(maker.count), len(book.names), len(book.keys), len(every), len(missed)), file=sys.stderr)
    for one in sorted(map(str, missed))[:20]:
        print('missed:', one, file=sys.stderr)
    return len(missed) > 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
