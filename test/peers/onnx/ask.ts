/** The classes of transformers.js by the task. */
export const taskClasses: Readonly<Record<string, string>> = {
  'text-classification': 'AutoModelForSequenceClassification',
  'multiple-choice': 'AutoModelForSequenceClassification',
  'token-classification': 'AutoModelForTokenClassification',
  'question-answering': 'AutoModelForQuestionAnswering',
  'feature-extraction': 'AutoModel',
  'text2text-generation': 'AutoModelForSeq2SeqLM',
};

/** What is asked of a folder in transformers.js. */
export interface Plan {
  readonly folder: string;
  readonly task: string;
  /** The class for the task; null where the library has none for the model. Then the graph alone is run. */
  readonly className: string | null;
  readonly dtype: string;
  readonly texts: readonly string[];
  /** The second text of each pair, or null. */
  readonly pairs: readonly string[] | null;
}

/** What it answers: tokens, the numbers of each output of the model, and what the pipeline makes of them. */
export interface Told {
  /** Of each text, padding included. */
  readonly ids: number[][];
  readonly typeIds: number[][] | null;
  readonly outputs: Record<string, { readonly dims: number[]; readonly values: number[] }>;
  /** Null where there is no pipeline for the model, the task or pairs. */
  readonly answers: unknown;
}

/**
 * Asks transformers.js, in Node.js or in a page, where this function goes as text: it uses nothing from outside.
 *
 * @param library the module `@huggingface/transformers`
 */
// biome-ignore lint/suspicious/noExplicitAny: the types of the library are not installed here
export async function ask(library: any, { folder, task, className, dtype, texts, pairs }: Plan): Promise<Told> {
  const tokenizer = await library.AutoTokenizer.from_pretrained(folder);
  const options = { padding: true, truncation: true };
  const tokens = tokenizer([...texts], pairs ? { ...options, text_pair: [...pairs] } : options);
  const rows = (tensor: { tolist(): bigint[][] }) => tensor.tolist().map((row) => row.map(Number));
  const told = {
    ids: rows(tokens.input_ids),
    typeIds: tokens.token_type_ids ? rows(tokens.token_type_ids) : null,
  };
  if (task === 'text2text-generation') {
    const write = await library.pipeline('summarization', folder, { dtype });
    const written = [];
    for (const text of texts) written.push((await write(text, { max_new_tokens: 12 }))[0].summary_text);
    await write.dispose();
    return { ...told, outputs: {}, answers: written };
  }
  const model = await library[className ?? 'AutoModel'].from_pretrained(folder, { dtype });
  const outputs: Told['outputs'] = {};
  for (const [name, tensor] of Object.entries<{ dims: number[]; data: Float32Array }>(await model(tokens))) {
    outputs[name] = { dims: tensor.dims, values: Array.from(tensor.data) };
  }
  await model.dispose();
  let answers: unknown = null;
  if (className !== null && task === 'question-answering' && pairs) {
    const find = await library.pipeline(task, folder, { dtype });
    const found = [];
    for (const [i, question] of texts.entries()) found.push((await find(question, pairs[i])).answer);
    await find.dispose();
    answers = found;
  } else if (className !== null && task !== 'multiple-choice' && !pairs) {
    const use = await library.pipeline(task, folder, { dtype });
    if (task === 'text-classification') answers = await use([...texts], { top_k: null });
    else if (task === 'token-classification') answers = await use([...texts], { ignore_labels: [] });
    else answers = (await use([...texts], { pooling: 'mean', normalize: true })).tolist();
    await use.dispose();
  }
  return { ...told, outputs, answers };
}
