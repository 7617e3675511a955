import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { verbs } from '../../src/serve/http/api.ts';
import { type Server, serve } from '../../src/serve/index.ts';
import { runOf } from '../support/serve-runs.ts';

const TOKEN = 'token-of-the-page';

/** Opens the page of a server, and collects what it asks elsewhere and what goes wrong in it. */
async function open(browser: Browser, { url }: Server): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) problems.push(`it asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

/** Asks an adapter by the form, and returns what is shown. */
async function ask(page: Page, adapter: string, first: string, second = ''): Promise<string> {
  await page.selectOption('#adapter', adapter);
  await page.fill('#first', first);
  if (second) await page.fill('#second', second);
  await page.click('#ask');
  await page.waitForFunction(() => /\d ms$/.test(document.getElementById('status')?.textContent ?? ''));
  return (await page.locator('#result').innerText()).replace(/\s+/g, ' ');
}

/** Tries the page of a server as people use it. */
export async function tryServedPage(browser: Browser): Promise<void> {
  const names = Object.values(verbs).map(({ task }) => task);
  const models = [];
  for (const task of names) models.push({ name: task, path: await runOf(task) });
  const hostile = '<img src=x onerror="document.title=1"> the film & </textarea>';
  const server = await serve(models, { port: 0, log: 'none' });
  try {
    const { page, problems } = await open(browser, server);
    assert.deepEqual(await page.locator('#adapter option').allInnerTexts(), names);
    assert.match(await ask(page, 'text-classification', hostile), /(bad|fine|good) \d\.\d{4} .*\d\.\d{4} .*\d\.\d{4}/);
    assert.match(await page.locator('#facts').innerText(), /^houlsby, text-classification: bad, fine, good$/);
    assert.match(await ask(page, 'token-classification', hostile), /^<img.* & <.*(thing|word)/);
    assert.match(await ask(page, 'question-answering', 'is the film good', 'the film is very good'), /\d\.\d{4}/);
    assert.match(await ask(page, 'feature-extraction', hostile), /^16 numbers: -?\d\.\d{4}, /);
    await ask(page, 'summarization', 'the film is good');
    assert.equal(await page.locator('#result img, #result textarea').count(), 0);
    assert.equal(await page.title(), 'sparse-adapter');
    assert.deepEqual(problems, []);
    await page.close();
  } finally {
    await server.close();
  }
  const guarded = await serve(models.slice(0, 1), { port: 0, log: 'none', token: TOKEN });
  try {
    const { page, problems } = await open(browser, guarded);
    await page.waitForSelector('#token-row:not([hidden])');
    assert.match(await page.locator('#status').innerText(), /token/);
    await page.fill('#token', TOKEN);
    await page.locator('#token').blur();
    await page.waitForSelector('#adapter option', { state: 'attached' });
    assert.match(await ask(page, 'text-classification', 'the film'), /\d\.\d{4}/);
    assert.deepEqual(problems, []);
    await page.close();
  } finally {
    await guarded.close();
  }
}
