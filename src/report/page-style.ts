/** Colours: light and dark as the reader's system has it. */
const palette = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2024; --muted: #59616b; --line: #d9dee3; --panel: #f5f7f9;
  --right: #1f5f9e; --wrong: #b34a00; --warn: #fff4e0; --warn-line: #c77700;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e6e8eb; --muted: #a4adb7; --line: #353c44; --panel: #1d2127;
    --right: #6cb0f0; --wrong: #f2964b; --warn: #33270f; --warn-line: #d99a3a;
  }
}
`;

/** Styles of plots, which a picture of its own needs too. */
export const plotStyle = `${palette}
svg text { fill: var(--ink); } svg .tick, svg .name { fill: var(--muted); } svg .name { font-size: 13px; }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--muted); } svg .ideal { stroke: var(--muted); stroke-dasharray: 5 4; }
svg .bar { fill: var(--right); } svg .mean { stroke: var(--wrong); stroke-width: 2; }
svg .dot { fill: var(--right); fill-opacity: 0.45; } svg .empty { fill: var(--panel); }
svg .right { fill: var(--right); } svg .wrong { fill: var(--wrong); }
${Array.from({ length: 10 }, (_, i) => `svg .l${i + 1} { fill-opacity: ${(i + 1) / 10}; }`).join(' ')}
svg .t9, svg .t10 { fill: #ffffff; }
@media (prefers-color-scheme: dark) { svg .t7, svg .t8, svg .t9, svg .t10 { fill: #0b1622; } }
`;

/** Styles of a report's page; on paper it is black on white. */
export const pageStyle = `${plotStyle}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 44px 0 12px; }
p { margin: 4px 0 12px; } .muted { color: var(--muted); }
.scores { display: flex; flex-wrap: wrap; gap: 12px; margin: 24px 0 0; padding: 0; list-style: none; }
.scores li { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 18px; min-width: 120px; }
.scores strong { display: block; font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
.warnings { background: var(--warn); border-left: 4px solid var(--warn-line); margin: 24px 0 0; padding: 10px 16px 10px 34px; }
.notes { margin: 16px 0 0; padding-left: 20px; }
.warnings li, .notes li { overflow-wrap: anywhere; }
.wide { overflow: auto; max-height: 75vh; max-width: 100%; }
.wide:focus-visible, summary:focus-visible { outline: 2px solid var(--right); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 5px 12px 5px 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; position: sticky; top: 0; background: var(--paper); }
tbody th, tfoot th { font-weight: 500; }
tfoot th, tfoot td { color: var(--muted); }
.word { text-align: left; white-space: pre-wrap; overflow-wrap: anywhere; min-width: 12ch; max-width: 40ch; }
.text { text-align: left; white-space: pre-wrap; overflow-wrap: anywhere; min-width: 26ch; max-width: 62ch; }
.text p { margin: 0 0 6px; } .text p:last-child { margin: 0; }
details { margin: 10px 0; } summary { cursor: pointer; color: var(--muted); width: fit-content; }
details .wide { margin-top: 8px; }
figure { margin: 0; } figcaption { color: var(--muted); margin: 6px 0 0; max-width: 70ch; }
svg { display: block; font-family: inherit; font-size: 12px; }
.meter { display: inline-block; vertical-align: -2px; margin-left: 8px; } .meter rect { fill: var(--line); } .meter .bar { fill: var(--right); }
@media print {
  :root { --paper: #ffffff; --ink: #000000; --muted: #444444; --line: #cccccc; --panel: #f2f2f2; --right: #1f5f9e; --wrong: #b34a00; --warn: #ffffff; }
  svg .t7, svg .t8 { fill: #000000; } svg .t9, svg .t10 { fill: #ffffff; }
  .wide { overflow: visible; max-height: none; } section { break-inside: avoid-page; }
}
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; } dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
`;
