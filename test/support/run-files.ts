/** The files of a finished run without evaluation data, in alphabetical order. */
export const runFiles = ['adapter.safetensors', 'metrics.json', 'sparse-adapter.json'];

/** The same with evaluation data, which have a report. */
export const evaluatedRunFiles = [
  'adapter.safetensors',
  'metrics.json',
  'report.html',
  'report.json',
  'sparse-adapter.json',
];
