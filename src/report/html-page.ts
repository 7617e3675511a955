import { type Content, html, Markup } from './markup.ts';
import { pageStyle } from './page-style.ts';

/** One HTML page with everything in it: no scripts, nothing from outside, light and dark. */
export const htmlPage = (title: string, ...contents: Content[]): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(pageStyle)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${contents}
</main>
</body>
</html>
`.source;
