/** The gpu and the wasm backend in a page of Chromium, in turns with TensorFlow.js on WebGL and with gpu.js' own example. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { buildPage } from '../../test/browser/build.ts';
import { launchChromium } from '../../test/browser/chromium.ts';
import { serve } from '../../test/browser/serve.ts';
import { batchOf, minilm } from '../plan.ts';
import { type Comparison, inTurns, type Row } from './comparison.ts';
import { type EngineName, engineNames, type PageTask } from './engine.ts';

const titles: { readonly [Name in EngineName]: string } = {
  gpu: 'gpu',
  tfjs: 'TensorFlow.js',
  gpujs: "gpu.js' example",
  wasm: 'wasm',
};

type Frames = Readonly<Record<EngineName, Frame>>;

/** Of the last element of a product, a logit, a loss. */
const [ABSOLUTE, RELATIVE] = [1e-5, 1e-3];

/**
 * The medians of engines in turns.
 *
 * @throws Error if they do not compute the same
 */
async function measure(
  frames: Frames,
  names: readonly EngineName[],
  task: PageTask,
  rounds: number,
): Promise<Row['seconds']> {
  for (const name of names) await frames[name].evaluate((own) => globalThis.engine!.prepare(own), task);
  const values = new Map<EngineName, number>();
  const runs = names.map((name) => async () => {
    const { seconds, value } = await frames[name].evaluate(() => globalThis.engine!.run());
    values.set(name, value);
    return seconds;
  });
  const seconds = await inTurns(runs, rounds);
  const expected = values.get(names[0]) ?? Number.NaN;
  for (const [name, value] of values) {
    if (Math.abs(value - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected)) continue;
    throw new Error(`${task.kind}: ${titles[name]} gives ${value}, ${titles[names[0]]} ${expected}.`);
  }
  return Object.fromEntries(names.map((name, i) => [titles[name], seconds[i]]));
}

async function products(frames: Frames): Promise<Comparison> {
  const rows: Row[] = [];
  for (const n of [128, 256, 512]) {
    rows.push({ name: `${n} x ${n} x ${n}`, seconds: await measure(frames, engineNames, { kind: 'product', n }, 7) });
  }
  return {
    title: 'Matrix products in Chromium',
    columns: engineNames.map((name) => titles[name]),
    ratios: [
      [titles.tfjs, titles.gpu],
      [titles.gpujs, titles.gpu],
      [titles.gpu, titles.wasm],
    ],
    rows,
  };
}

/** Few, as shaders that run in software are slow. */
const TOKENS = 32;

async function model(frames: Frames): Promise<Comparison> {
  const task = { model: minilm, bottleneck: 48, sparsity: 0.4, batches: [batchOf(1, TOKENS)], perRun: 1 };
  const names = ['gpu', 'tfjs', 'wasm'] as const;
  const rows: Row[] = [];
  for (const [name, kind] of [['forward', 'forward'] as const, ['training step', 'train'] as const]) {
    rows.push({ name, seconds: await measure(frames, names, { kind, ...task }, 3) });
  }
  return {
    title: `MiniLM in Chromium, one sequence of ${TOKENS} tokens`,
    columns: names.map((name) => titles[name]),
    ratios: [
      [titles.tfjs, titles.gpu],
      [titles.gpu, titles.wasm],
    ],
    rows,
  };
}

/** The frame of an engine, once it has loaded. */
async function frameOf(frames: readonly Frame[], name: EngineName): Promise<Frame> {
  const frame = frames.find((candidate) => candidate.url().endsWith(`?${name}`));
  if (!frame) throw new Error(`The page has no frame for ${titles[name]}.`);
  await frame.waitForFunction(() => globalThis.engine !== undefined);
  return frame;
}

/** @param onDescribe is told what computes */
export async function compareInBrowser(onDescribe: (line: string) => void): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-bench-'));
  try {
    await buildPage(folder, join(import.meta.dirname, 'page'));
    const { address, server } = await serve(folder);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(0);
      await page.goto(`${address}/isolated/index.html`);
      await page.waitForFunction((count) => document.querySelectorAll('iframe').length === count, engineNames.length);
      const entries: [EngineName, Frame][] = [];
      for (const name of engineNames) {
        const frame = await frameOf(page.frames(), name);
        onDescribe(`${titles[name]}: ${await frame.evaluate(() => globalThis.engine!.describe())}`);
        entries.push([name, frame]);
      }
      const frames = Object.fromEntries(entries) as Frames;
      return [await products(frames), await model(frames)];
    } finally {
      await browser.close();
      server.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
