/** The content of a tokenizer.json. */
export type TokenizerDefinition = Readonly<Record<string, unknown>>;

/** The content of a tokenizer_config.json. */
export type TokenizerConfig = Readonly<Record<string, unknown>>;
