import { calibrationPlot } from './calibration-plot.ts';
import { confusionPlot, hasNames } from './confusion-plot.ts';
import { histogramPlot } from './histogram-plot.ts';
import { htmlPage } from './html-page.ts';
import { type Content, html, type Markup } from './markup.ts';
import { numberText, percentText, scoreText } from './number-text.ts';
import { scatterPlot } from './scatter-plot.ts';
import type { EvaluationReport, PartOf, ReportPart } from './schema.ts';
import { confusionsTable, type ShownTable, shownTable } from './shown-tables.ts';

/** What stands above and below a report, such as the model and the method. */
export interface PageOptions {
  /** Default: the name of the data. */
  readonly title?: string;
  /** How it was made: names and values. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

/**
 * A report as one HTML page with everything in it: no scripts, nothing from outside, all texts escaped, light and dark. Behind each plot
 * stands a table with its numbers.
 */
export function reportPage(report: EvaluationReport, { title = report.data, facts = [] }: PageOptions = {}): string {
  const { data, examples, scores, warnings, notes, parts } = report;
  return htmlPage(
    title,
    html`<p class="muted">${numberText(examples)} examples of ${data}</p>
<ul class="scores">${Object.entries(scores).map(([name, value]) => html`<li>${name}<strong>${scoreText(value)}</strong></li>`)}</ul>
${listOf('warnings', warnings)}
${listOf('notes', notes)}
${parts.map(section)}
${facts.length === 0 ? null : html`<section><h2>How it was made</h2><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`}`,
  );
}

const listOf = (kind: string, lines: readonly string[]): Markup | null =>
  lines.length === 0 ? null : html`<ul class="${kind}">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;

const section = (part: ReportPart): Markup => html`<section>
<h2>${part.title}</h2>
${contentOf(part)}
</section>`;

function contentOf(part: ReportPart): Content {
  switch (part.kind) {
    case 'classes':
      return tableOf(shownTable(part), { meters: [...part.classes, ...part.averages].map(({ f1 }) => f1) });
    case 'confusion':
      return confusionOf(part);
    case 'calibration':
      return figure(calibrationPlot(part), shownTable(part), calibrationCaption(part));
    case 'scatter':
      return figure(scatterPlot(part), shownTable(part), scatterCaption(part));
    case 'histogram':
      return figure(histogramPlot(part), shownTable(part));
    case 'examples':
      return part.examples.length === 0 ? html`<p class="muted">None.</p>` : examplesTable(part);
    default:
      return tableOf(shownTable(part));
  }
}

/** A plot with its numbers folded in below; without a plot the numbers alone. */
function figure(plot: Markup | null, table: ShownTable, caption = ''): Content {
  if (plot === null) return tableOf(table);
  return [
    html`<figure><div class="wide" tabindex="0" role="group" aria-label="${table.title}">${plot}</div>${caption === '' ? null : html`<figcaption>${caption}</figcaption>`}</figure>`,
    folded('The numbers', table),
  ];
}

const folded = (summary: string, table: ShownTable): Markup =>
  html`<details><summary>${summary}</summary>${tableOf(table)}</details>`;

/** The whole matrix is a table where somebody can read it; errors are listed in any case. */
const MOST_TABULATED = 30;
const MOST_LISTED = 200;

function confusionOf(part: PartOf<'confusion'>): Content {
  const confusions = confusionsTable(part);
  const more = confusions.rows.length > MOST_LISTED ? ` (${MOST_LISTED} of ${numberText(confusions.rows.length)})` : '';
  const listed = { ...confusions, rows: confusions.rows.slice(0, MOST_LISTED) };
  const order = hasNames(part) ? '' : ' Classes are in the order of the table of classes.';
  const caption = `Each row is a true class, each column a prediction. Blue cells are right, orange ones wrong; the stronger the colour, the larger the share of the true class.${order}`;
  const isTabulated = part.names.length <= MOST_TABULATED;
  return [
    html`<figure><div class="wide" tabindex="0" role="group" aria-label="${part.title}">${confusionPlot(part)}</div><figcaption>${caption}</figcaption></figure>`,
    isTabulated ? folded('The numbers', shownTable(part)) : null,
    confusions.rows.length === 0 ? null : folded(`The most frequent errors${more}`, listed),
  ];
}

const calibrationCaption = ({ ece, mce }: PartOf<'calibration'>): string =>
  `Bars are the accuracy in each bin of confidence, stronger where there are more examples; the orange line is the mean confidence, the dashed line where both agree. Expected calibration error ${percentText(ece)}, largest gap ${percentText(mce)}.`;

function scatterCaption({ points, total }: PartOf<'scatter'>): string {
  const some =
    points.length < total
      ? ` ${numberText(points.length)} of ${numberText(total)} examples are shown, evenly by their value.`
      : '';
  return `On the dashed line prediction and truth are equal.${some}`;
}

interface TableLook {
  /** A bar after the F1 of each row, those of the summary too. */
  readonly meters?: readonly (number | null)[];
}

const METER_WIDTH = 60;

const meter = (value: number): Markup =>
  html`<svg class="meter" width="${METER_WIDTH}" height="9" aria-hidden="true"><rect width="${METER_WIDTH}" height="9"/><rect class="bar" width="${(value * METER_WIDTH).toFixed(1)}" height="9"/></svg>`;

function tableOf({ title, head, rows, words, summary = [] }: ShownTable, { meters }: TableLook = {}): Markup {
  const f1 = head.indexOf('F1');
  const row = (cells: readonly string[], i: number) =>
    html`<tr>${cells.map((cell, c) => {
      const look = words.includes(c) ? html` class="word" dir="auto"` : null;
      if (c === 0) return html`<th scope="row"${look}>${cell}</th>`;
      const value = c === f1 ? (meters?.[i] ?? null) : null;
      return html`<td${look}>${cell}${value === null ? null : meter(value)}</td>`;
    })}</tr>`;
  const titles = head.map(
    (name, c) => html`<th scope="col"${words.includes(c) ? html` class="word"` : null}>${name}</th>`,
  );
  return html`<div class="wide" tabindex="0" role="group" aria-label="${title}"><table>
${head.length === 0 ? null : html`<thead><tr>${titles}</tr></thead>`}
<tbody>${rows.map((cells, i) => html`${row(cells, i)}\n`)}</tbody>
${summary.length === 0 ? null : html`<tfoot>${summary.map((cells, i) => row(cells, rows.length + i))}</tfoot>`}
</table></div>`;
}

/** Errors with their whole texts, each text of an example in a paragraph. */
function examplesTable({ title, measure, examples }: PartOf<'examples'>): Markup {
  const rows = examples.map(
    ({ value, expected, predicted, texts }) =>
      html`<tr><td>${numberText(value)}</td><td class="word" dir="auto">${expected}</td><td class="word" dir="auto">${predicted}</td><td class="text">${texts.map((text) => html`<p dir="auto">${text}</p>`)}</td></tr>\n`,
  );
  return html`<div class="wide" tabindex="0" role="group" aria-label="${title}"><table>
<thead><tr><th scope="col">${measure}</th><th scope="col" class="word">truth</th><th scope="col" class="word">prediction</th><th scope="col" class="word">text</th></tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}
