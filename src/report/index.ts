export { type AskedQuestion, answerParts } from './answer-parts.ts';
export { linearScale, round } from './axes.ts';
export { type BriefTable, briefTables } from './brief-tables.ts';
export {
  type ClassAnswers,
  calibrationPart,
  classesPart,
  classParts,
  neverPredicted,
  type ReportParts,
} from './class-parts.ts';
export { type ExamplesOptions, examplesPart, type JudgedExample } from './examples-part.ts';
export { axes, type Frame, picture } from './frame.ts';
export { htmlPage } from './html-page.ts';
export { escapeHtml, html, type Markup } from './markup.ts';
export { histogramPart, type NumberAnswers, numberParts } from './number-parts.ts';
export { scoreText } from './number-text.ts';
export { type PageOptions, reportPage } from './page.ts';
export { type EvaluationReport, evaluationReport, type PartOf, type ReportPart } from './schema.ts';
export type { ShownTable } from './shown-tables.ts';
export { type TextAnswers, textParts } from './text-parts.ts';
