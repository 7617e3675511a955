/** Sentences of several lengths, with marks, numbers, names, accents and other scripts. */
export const sentences = [
  'The committee met in Geneva on Tuesday and adopted the resolution by a narrow margin.',
  'Stunning!',
  "It's not that the film is bad, but at 2 hours and 40 minutes it's far too long for what it has to say.",
  'Das Café in der Münchner Straße öffnet um 8:30 Uhr, naïve façade inclus.',
  'Marie Curie was born in Warsaw in 1867; she won Nobel Prizes in physics and in chemistry.',
  '東京 and Москва: two cities, one e-mail to info@example.org (see https://example.org/a?b=1).',
];

export const pairs: readonly (readonly [string, string])[] = [
  [
    'Revenue in the first quarter of the year dropped 15 percent from the same period a year earlier.',
    'With the scandal hanging over the company, revenue in the first quarter dropped 15 percent from a year earlier.',
  ],
  ['The stock rose $2.11, or about 11 percent, to close at $21.51.', 'Shares jumped $1.63 to $22.03 on Friday.'],
  ['They had published an advertisement on the Internet on June 10.', 'On June 10 the owners published it online.'],
];

export const questions = ['Where was Marie Curie born?', 'How long is the river?', 'Which instrument did she play?'];
export const contexts = [
  'Marie Curie was born in Warsaw, in what was then the Kingdom of Poland. She moved to Paris in 1891, where she earned her degrees.',
  'The Rhine begins in the Swiss Alps, and flows about 1,230 kilometres to the North Sea; the Danube is more than twice as long.',
  "Clara's mother taught singing. At the age of nine Clara gave her first concert on the piano, in Leipzig's Gewandhaus.",
];

/** For models that know single letters. */
export const sources = ['a clear day in may', 'the man and the sea', 'rain, wind', 'two birds sing'];

/** For models that know few words. */
export const tinySentences = [
  'the film is very good',
  'the story is dull, and not new. the play is a long one and very weak',
  'bad',
  'A nice book.',
];
export const tinyPairs: readonly (readonly [string, string])[] = [
  ['the film is good', 'the film is not bad'],
  ['a new play', 'the book is old and long, and the story is weak'],
];
