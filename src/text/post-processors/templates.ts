import { type PostProcessor, type Strip, textStrip } from './strip.ts';

/** The strips of single texts and pairs, with special tokens or without, as a post-processor makes them. */
export class Templates {
  readonly #process: PostProcessor;
  readonly #known = new Map<string, Strip>();

  constructor(process: PostProcessor) {
    this.#process = process;
  }

  of(texts: number, addSpecialTokens: boolean): Strip {
    const key = `${texts} ${addSpecialTokens}`;
    let strip = this.#known.get(key);
    if (!strip) {
      const alone = texts === 1 ? [textStrip(0)] : [textStrip(0), textStrip(1)];
      strip = this.#process(alone, addSpecialTokens).flat();
      this.#known.set(key, strip);
    }
    return strip;
  }
}
