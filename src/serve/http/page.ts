import { program } from './page-program.ts';

/** The page loads nothing from elsewhere, and nothing frames it. */
export const pageHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

export const pageScript = `(${program})();\n`;

export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sparse-adapter</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
<main>
<h1>sparse-adapter</h1>
<form id="form">
<label id="token-row" hidden>Token <input id="token" type="password" autocomplete="off"></label>
<label>Adapter <select id="adapter"></select></label>
<p id="facts"></p>
<label><span id="first-label">Text</span> <textarea id="first" rows="4" required></textarea></label>
<label id="second-row" hidden><span id="second-label">Second text</span> <textarea id="second" rows="4"></textarea></label>
<button id="ask" type="submit">Ask</button>
<p id="status" role="status" aria-live="polite"></p>
</form>
<section id="result" aria-label="Answer"></section>
<footer><a href="/openapi.json">The interface for programs (OpenAPI)</a></footer>
</main>
<script src="/page.js"></script>
</body>
</html>
`;

export const pageStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; background: Canvas; color: CanvasText; }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
label { display: block; margin: 0 0 0.75rem; font-weight: 600; }
input, select, textarea { display: block; box-sizing: border-box; width: 100%; margin-top: 0.25rem; padding: 0.5rem; font: inherit; font-weight: 400; border: 1px solid GrayText; border-radius: 4px; background: Field; color: FieldText; }
[hidden] { display: none; }
button { padding: 0.5rem 1.25rem; font: inherit; font-weight: 600; border: 0; border-radius: 4px; background: #0b57d0; color: #fff; }
button:disabled { opacity: 0.6; }
:focus-visible { outline: 2px solid #0b57d0; outline-offset: 2px; }
#facts { margin: -0.25rem 0 0.75rem; font-size: 0.875rem; opacity: 0.8; }
#status { min-height: 1.5em; margin: 0.75rem 0; }
.problem { color: #b3261e; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 0.375rem 0.5rem; text-align: left; border-bottom: 1px solid color-mix(in srgb, CanvasText 20%, transparent); overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
meter { width: 8rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: #ffe08a; color: #000; border-radius: 2px; padding: 0 2px; }
mark small { font-weight: 600; margin-left: 4px; }
footer { margin-top: 2rem; font-size: 0.875rem; }
@media (prefers-color-scheme: dark) { .problem { color: #f2b8b5; } }
`;
