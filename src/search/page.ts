import {
  axes,
  type Frame,
  html,
  htmlPage,
  linearScale,
  type Markup,
  picture,
  round,
  scoreText,
} from '../report/index.ts';
import type { SearchSpace } from './distribution.ts';
import { importances } from './importance.ts';
import { parametersOf, type StoredTrial, type Study } from './study.ts';
import { compareScores, type Direction } from './trial.ts';

const frame: Frame = { width: 760, height: 300, left: 70, right: 746, top: 14, bottom: 254 };

/** The scores of trials in their order, and the best one so far as a line; null without a score. */
function historyPlot(trials: readonly StoredTrial[], metric: string, direction: Direction): Markup | null {
  const scored = trials.filter(({ value }) => value !== null && Number.isFinite(value));
  if (scored.length === 0) return null;
  const values = scored.map(({ value }) => value as number);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.05 * (high - low || Math.abs(high) || 1);
  const x = linearScale(-0.5, trials.length - 0.5, [frame.left, frame.right]);
  const y = linearScale(low - margin, high + margin, [frame.bottom, frame.top]);
  const dots = scored.map(({ number, value, state }) => {
    const told = `trial ${number}: ${scoreText(value)}, ${state}`;
    const look = state === 'complete' ? 'right' : 'wrong';
    return html`<g><title>${told}</title><circle class="${look}" cx="${round(x.at(number))}" cy="${round(y.at(value as number))}" r="4"/></g>`;
  });
  const steps: string[] = [];
  let best: number | null = null;
  for (const { number, value, state } of scored) {
    if (state !== 'complete' || (best !== null && compareScores(direction, value as number, best) >= 0)) continue;
    if (best !== null) steps.push(`${round(x.at(number))},${round(y.at(best))}`);
    best = value;
    steps.push(`${round(x.at(number))},${round(y.at(best as number))}`);
  }
  if (best !== null) steps.push(`${frame.right},${round(y.at(best))}`);
  return picture(
    frame.width,
    frame.height,
    `${metric} of ${scored.length} trials, from ${scoreText(low)} to ${scoreText(high)}`,
    axes(frame, { x, y, xTitle: 'trial', yTitle: metric }),
    html`<polyline class="mean" fill="none" points="${steps.join(' ')}"/>`,
    dots,
  );
}

const ROW = 30;
const NAME_WIDTH = 190;

/** A bar for each parameter, the one that decides most first. */
function importancePlot(found: ReadonlyMap<string, number>): Markup {
  const sorted = [...found].sort(([, a], [, b]) => b - a);
  const scale = linearScale(0, 1, [NAME_WIDTH, frame.right - 60]);
  const bars = sorted.map(([name, share], i) => {
    const top = ROW * i + 6;
    const width = round(Math.max(1, scale.at(share) - NAME_WIDTH));
    return html`<text x="${NAME_WIDTH - 8}" y="${top + 13}" text-anchor="end">${name}</text><rect class="bar" x="${NAME_WIDTH}" y="${top}" width="${width}" height="18"/><text class="tick" x="${NAME_WIDTH + width + 6}" y="${top + 13}">${share.toFixed(2)}</text>`;
  });
  const told = sorted.map(([name, share]) => `${name} ${share.toFixed(2)}`).join(', ');
  return picture(frame.width, ROW * sorted.length + 6, `Importance: ${told}`, bars);
}

/** A number of a table with as many digits as one reads. */
const brief = (text: string): string =>
  text !== '' && Number.isFinite(Number(text)) ? String(Number(Number(text).toPrecision(4))) : text;

/** Seconds between the begin and the end of a trial; null while it runs. */
const secondsOf = ({ started, ended }: StoredTrial): number | null =>
  started === null || ended === null ? null : (Date.parse(ended) - Date.parse(started)) / 1000;

/** The trials as rows of texts under a head, in their order. */
export function trialRows(
  space: SearchSpace,
  trials: readonly StoredTrial[],
  metric: string,
): [string[], ...string[][]] {
  const names = [...space.keys()];
  const rows = trials.map((trial) => {
    const parameters = parametersOf(trial);
    const seconds = secondsOf(trial);
    const own = names.map((name) => (Object.hasOwn(parameters, name) ? String(parameters[name]) : ''));
    const score = trial.value === null ? '' : String(trial.value);
    return [String(trial.number), trial.state, score, ...own, seconds === null ? '' : seconds.toFixed(1)];
  });
  return [['trial', 'state', metric, ...names, 'seconds'], ...rows];
}

/** What a page shows of a search. */
export interface SearchPage {
  readonly study: Study;
  readonly space: SearchSpace;
  readonly metric: string;
  readonly direction: Direction;
  readonly best: StoredTrial | null;
}

/** A search as one HTML page with everything in it: no scripts, nothing from outside, all texts escaped. */
export function searchPage({ study, space, metric, direction, best }: SearchPage): string {
  const { name, trials } = study;
  const [head, ...rows] = trialRows(space, trials, metric);
  const found = importances(space, trials, direction);
  const ended = (['complete', 'pruned', 'failed', 'running'] as const).map((state) => {
    return [state, trials.filter((trial) => trial.state === state).length] as const;
  });
  const counts = ended.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  const errors = trials.flatMap(({ number, userAttributes }) => {
    const error = userAttributes.get('error');
    return typeof error === 'string' ? [`trial ${number}: ${error}`] : [];
  });
  const shown = best
    ? html`<ul class="scores"><li>${metric}<strong>${scoreText(best.value)}</strong></li><li>trial<strong>${best.number}</strong></li>${Object.entries(parametersOf(best)).map(([key, value]) => html`<li>${key}<strong>${brief(String(value))}</strong></li>`)}</ul>`
    : html`<p>No trial is complete.</p>`;
  const history = historyPlot(trials, metric, direction);
  return htmlPage(
    name,
    html`<p class="muted">${trials.length} trials: ${counts.join(', ')}; ${direction} ${metric}</p>
${shown}
${errors.length === 0 ? null : html`<ul class="warnings">${errors.map((line) => html`<li>${line}</li>`)}</ul>`}
${history && html`<section><h2>History</h2><figure><div class="wide">${history}</div><figcaption>The score of each trial: blue where it is complete, orange where it was ended early. The line is the best one so far.</figcaption></figure></section>`}
${found && html`<section><h2>Importance</h2><figure><div class="wide">${importancePlot(found)}</div><figcaption>How far the values of the best quarter of the trials differ from those of all: what decides most has the longest bar (PED-ANOVA).</figcaption></figure></section>`}
<section><h2>Trials</h2><div class="wide" tabindex="0" role="group" aria-label="Trials"><table>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((cell, i) => (i === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${brief(cell)}</td>`))}</tr>`)}</tbody>
</table></div></section>`,
  );
}
