import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { printable } from '../../src/errors.ts';
import { briefTables, type EvaluationReport, escapeHtml, reportPage } from '../../src/report/index.ts';
import { drawnAnswers, drawnNumbers, drawnReport } from '../support/answers.ts';
import { forAll } from '../support/property.ts';

const test = suite('report: page');

/** Elements without an end. */
const VOID = ['meta'];
const ELEMENTS = [
  ...[
    'html',
    'head',
    'title',
    'style',
    'body',
    'main',
    'section',
    'h1',
    'h2',
    'p',
    'ul',
    'li',
    'strong',
    'dl',
    'dt',
    'dd',
  ],
  ...['div', 'figure', 'figcaption', 'details', 'summary', 'table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td'],
  ...['svg', 'g', 'title', 'rect', 'path', 'line', 'circle', 'text', ...VOID],
];
const ATTRIBUTES = [
  ...[
    'lang',
    'charset',
    'name',
    'content',
    'http-equiv',
    'class',
    'tabindex',
    'role',
    'aria-label',
    'aria-hidden',
    'dir',
    'scope',
  ],
  ...['viewBox', 'width', 'height', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'cx', 'cy', 'r', 'd', 'transform', 'text-anchor'],
  ...['font-size', 'fill-opacity'],
];
const TAG = /<(\/?)([a-zA-Z0-9]+)((?:\s+[a-zA-Z0-9:-]+="[^"<>]*")*)\s*(\/?)>/y;
const TEXT = /(?:[^<>&]|&(?:amp|lt|gt|quot|#39);)+/y;
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const unescaped = (text: string) => text.replace(/&([a-z#0-9]+);/g, (_, name) => entities[name]);

/** Walks through a page; every element must be one of ours, with our attributes, and must end. Returns its texts and attributes. */
function parsed(page: string): { texts: string[]; labels: string[]; elements: string[] } {
  const start = '<!doctype html>\n';
  assert.ok(page.startsWith(start));
  const [open, texts, labels, elements]: string[][] = [[], [], [], []];
  for (let at = start.length; at < page.length; ) {
    TAG.lastIndex = at;
    TEXT.lastIndex = at;
    const tag = TAG.exec(page);
    const text = tag ? null : TEXT.exec(page);
    assert.ok(tag ?? text, `at ${at}: ${page.slice(at, at + 80)}`);
    if (text) texts.push(unescaped(text[0]));
    if (tag) {
      const [, isEnd, name, attributes, isClosed] = tag;
      assert.ok(ELEMENTS.includes(name), name);
      for (const [, key, value] of attributes.matchAll(/\s([a-zA-Z0-9:-]+)="([^"]*)"/g)) {
        assert.ok(ATTRIBUTES.includes(key), key);
        assert.match(value, /^(?:[^<>&]|&(?:amp|lt|gt|quot|#39);)*$/);
        if (key === 'aria-label') labels.push(unescaped(value));
      }
      if (isEnd) assert.equal(open.pop(), name);
      else {
        elements.push(name);
        if (!isClosed && !VOID.includes(name)) open.push(name);
      }
    }
    at = TAG.lastIndex || TEXT.lastIndex;
  }
  assert.deepEqual(open, []);
  return { texts, labels, elements };
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '</title><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    '</style><svg onload=alert(1)>',
    '<!--',
    ']]>',
    '&lt;b&gt;',
    '\u0000\u001b[31m\u202e',
    '\ud800',
    'constructor',
    '',
  ),
);

test('names, texts and scores of any characters stand in the page as text alone', () => {
  const given = fc.record({
    names: fc.array(hostile, { minLength: 3, maxLength: 3 }),
    text: hostile,
    data: hostile,
    fact: hostile,
    warning: hostile,
  });
  forAll(
    given,
    ({ names, text, data, fact, warning }) => {
      const { parts, warnings } = drawnReport(3, 60, (i) => names[i]);
      const examples = parts.map((part) =>
        part.kind === 'examples'
          ? { ...part, examples: part.examples.map((one) => ({ ...one, texts: [text] })) }
          : part,
      );
      const table = {
        kind: 'table',
        title: `x${text}`,
        head: [text, 'number'],
        rows: [
          [fact, 1],
          [text, null],
        ],
      } as const;
      const numbers = { kind: 'numbers', title: 'numbers', values: { [text]: 1 } } as const;
      const page = reportPage(
        {
          ...{ data, examples: 60, scores: { [text]: 0.5 }, notes: [fact] },
          ...{ warnings: [...warnings, warning], parts: [...examples, table, numbers] },
        },
        { facts: [[fact, text]] },
      );
      const { texts } = parsed(page);
      const whole = texts.join('\u0000');
      const shown = (value: string) => unescaped(escapeHtml(value));
      for (const value of [...names, text, data, fact, warning]) assert.ok(whole.includes(shown(value)), value);
      for (const line of page.split('\n')) assert.equal(line, printable(line));
    },
    60,
  );
});

test('a page has no scripts, no addresses and no element but its own, for any number of classes', () => {
  for (const report of [
    drawnReport(2, 100),
    drawnReport(6, 300),
    drawnReport(40, 2000),
    drawnReport(100, 3000),
    drawnNumbers(1500),
  ]) {
    const page = reportPage(report);
    const { elements, labels } = parsed(page);
    assert.ok(!/https?:|src=|href=|url\(|@import|<script/i.test(page));
    // A plot has words for those who do not see it, and its numbers in a table.
    const plots = page.match(/role="img"/g)?.length ?? 0;
    assert.equal(plots, 2);
    assert.equal(labels.filter((label) => label === '').length, 0);
    assert.ok(elements.filter((name) => name === 'table').length >= plots);
    assert.ok(page.length < 400_000, `${page.length} characters`);
  }
});

test('a plot that cannot be drawn leaves its table', () => {
  const scatter = {
    kind: 'scatter',
    title: 'Huge',
    points: [
      { actual: -1.7e308, predicted: 1.7e308 },
      { actual: 1.7e308, predicted: 0 },
    ],
    total: 2,
    bins: [{ from: -1.7e308, to: 1.7e308, count: 2, predicted: null, error: null }],
  } as const;
  const empty = { kind: 'histogram', title: 'Empty', axis: 'x', bins: [] } as const;
  const report: EvaluationReport = {
    data: 'd',
    examples: 2,
    scores: {},
    notes: [],
    warnings: [],
    parts: [scatter, empty],
  };
  const { elements } = parsed(reportPage(report));
  assert.equal(elements.filter((name) => name === 'table').length, 2);
  assert.ok(!elements.includes('circle'));
});

test('what a terminal shows is narrow and short for 2 classes and for 100', () => {
  for (const report of [
    drawnReport(2, 100),
    drawnReport(100, 3000, (i) => `a class with a long name, number ${i}`),
    drawnNumbers(900),
  ]) {
    for (const { title, rows, head, summary = [] } of briefTables(report.parts)) {
      assert.ok(rows.length + summary.length <= 30, `${title}: ${rows.length} rows`);
      const widths = head.map((name, c) => Math.max(name.length, ...[...rows, ...summary].map((row) => row[c].length)));
      assert.ok(widths.reduce((sum, width) => sum + width + 2, 0) <= 120, `${title}: ${widths}`);
      for (const cell of rows.flat()) assert.ok(!cell.includes('\n'), title);
    }
  }
  const long = briefTables(drawnReport(100, 3000, (i) => `a class with a long name, number ${i}`).parts);
  assert.equal(new Set(long[1].rows.map(([name]) => name)).size, long[1].rows.length, 'names are told apart');
  const titles = briefTables(drawnReport(2, 100).parts).map(({ title }) => title);
  assert.deepEqual(titles.slice(0, 3), ['Summary', 'Classes', 'Confusion matrix (columns: predictions)']);
  const many = briefTables(drawnReport(100, 3000).parts);
  assert.match(many[1].more ?? '', /the 12 of 100 classes with the lowest F1/);
  assert.equal(many[2].title, 'Most frequent confusions');
});

test('answers that are all right have no errors to show', () => {
  const answers = drawnAnswers(3, 50);
  const report = drawnReport(3, 50);
  assert.ok(answers.labels.some((label, i) => label !== answers.predictions[i]));
  const parts = report.parts.map((part) => (part.kind === 'examples' ? { ...part, examples: [] } : part));
  assert.match(reportPage({ ...report, parts }), /<p class="muted">None\.<\/p>/);
  assert.ok(!briefTables(parts).some(({ title }) => title === 'Most confident errors'));
});

test.run();
