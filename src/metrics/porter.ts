/**
 * The stemmer of Porter (1980) with the changes that NLTK makes by default: irregular words, `ies` and `ied` in short words,
 * `y` after a vowel stays, and some more suffixes. ROUGE as it is reported uses it, and these changes decide about common words
 * (`say`, `today`), so a plain Porter stemmer gives other scores.
 */

/** Words whose stem no rule finds. */
const irregular = new Map(
  Object.entries({
    sky: ['sky', 'skies'],
    die: ['dying'],
    lie: ['lying'],
    tie: ['tying'],
    news: ['news'],
    inning: ['innings', 'inning'],
    outing: ['outings', 'outing'],
    canning: ['cannings', 'canning'],
    howe: ['howe'],
    proceed: ['proceed'],
    exceed: ['exceed'],
    succeed: ['succeed'],
  }).flatMap(([stem, words]) => words.map((word) => [word, stem] as const)),
);

/** The stem of a word in lower case. */
export function porterStem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (word.length <= 2) return word;
  return [plural, pastAndGerund, finalY, doubleSuffix, fullSuffix, residualSuffix, finalE, finalL].reduce(
    (stem, step) => step(stem),
    word,
  );
}

/** A suffix, what replaces it, and what the rest of the word must be like. The first rule whose suffix is there decides. */
type Rule = readonly [suffix: string, replacement: string, condition?: (stem: string) => boolean];

function applyFirst(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (!rule) return word;
  const [suffix, replacement, condition] = rule;
  const stem = word.slice(0, word.length - suffix.length);
  return !condition || condition(stem) ? stem + replacement : word;
}

/** A letter other than a, e, i, o, u, and other than a y after a consonant. */
function isConsonant(word: string, i: number): boolean {
  if (word[i] === 'y') return i === 0 || !isConsonant(word, i - 1);
  return !'aeiou'.includes(word[i]);
}

/** v and c for vowels and consonants. */
const shape = (word: string): string => Array.from(word, (_, i) => (isConsonant(word, i) ? 'c' : 'v')).join('');

/** m in [C](VC)^m[V], of which a word consists: how many times a vowel is followed by a consonant. */
const measure = (word: string): number => shape(word).split('vc').length - 1;
const isPositive = (stem: string): boolean => measure(stem) > 0;
const isAboveOne = (stem: string): boolean => measure(stem) > 1;
const hasVowel = (stem: string): boolean => shape(stem).includes('v');

/** *o of the paper: consonant, vowel, consonant other than w, x, y at the end; NLTK: also vowel and consonant alone. */
function endsShort(word: string): boolean {
  const form = shape(word);
  return form === 'vc' || (form.endsWith('cvc') && !/[wxy]$/.test(word));
}

/** Step 1a. */
function plural(word: string): string {
  if (word.length === 4 && word.endsWith('ies')) return word.slice(0, -1);
  return applyFirst(word, [
    ['sses', 'ss'],
    ['ies', 'i'],
    ['ss', 'ss'],
    ['s', ''],
  ]);
}

/** Step 1b. */
function pastAndGerund(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return applyFirst(word, [['eed', 'ee', isPositive]]);
  const suffix = ['ed', 'ing'].find((end) => word.endsWith(end) && hasVowel(word.slice(0, -end.length)));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (/(.)\1$/.test(stem) && isConsonant(stem, stem.length - 1)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

/** Step 1c. */
const finalY = (word: string): string =>
  applyFirst(word, [['y', 'i', (stem) => stem.length > 1 && isConsonant(stem, stem.length - 1)]]);

/** Step 2. */
function doubleSuffix(word: string): string {
  if (word.endsWith('alli') && isPositive(word.slice(0, -4))) return doubleSuffix(word.slice(0, -2));
  return applyFirst(word, [
    ['ational', 'ate', isPositive],
    ['tional', 'tion', isPositive],
    ['enci', 'ence', isPositive],
    ['anci', 'ance', isPositive],
    ['izer', 'ize', isPositive],
    ['bli', 'ble', isPositive],
    ['alli', 'al', isPositive],
    ['entli', 'ent', isPositive],
    ['eli', 'e', isPositive],
    ['ousli', 'ous', isPositive],
    ['ization', 'ize', isPositive],
    ['ation', 'ate', isPositive],
    ['ator', 'ate', isPositive],
    ['alism', 'al', isPositive],
    ['iveness', 'ive', isPositive],
    ['fulness', 'ful', isPositive],
    ['ousness', 'ous', isPositive],
    ['aliti', 'al', isPositive],
    ['iviti', 'ive', isPositive],
    ['biliti', 'ble', isPositive],
    ['fulli', 'ful', isPositive],
    ['logi', 'log', (stem) => isPositive(`${stem}l`)],
  ]);
}

/** Step 3. */
const fullSuffix = (word: string): string =>
  applyFirst(word, [
    ['icate', 'ic', isPositive],
    ['ative', '', isPositive],
    ['alize', 'al', isPositive],
    ['iciti', 'ic', isPositive],
    ['ical', 'ic', isPositive],
    ['ful', '', isPositive],
    ['ness', '', isPositive],
  ]);

const residualSuffixes = 'al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize'.split(' ');
const residualRules = residualSuffixes.map(
  (suffix): Rule => [suffix, '', (stem) => isAboveOne(stem) && (suffix !== 'ion' || /[st]$/.test(stem))],
);

/** Step 4. */
const residualSuffix = (word: string): string => applyFirst(word, residualRules);

/** Step 5a. */
const finalE = (word: string): string =>
  applyFirst(word, [['e', '', (stem) => isAboveOne(stem) || (measure(stem) === 1 && !endsShort(stem))]]);

/** Step 5b. */
const finalL = (word: string): string => applyFirst(word, [['ll', 'l', (stem) => isAboveOne(`${stem}l`)]]);
