/** An adapter as the server lists it. */
interface Facts {
  readonly name: string;
  readonly task: string;
  readonly verb: string;
  readonly kind: string | null;
  readonly labels: readonly string[] | null;
  readonly pairs: boolean | null;
}

/** A part of an answer; each task has some of these. */
interface Part {
  readonly label?: string;
  readonly entity_group?: string;
  readonly answer?: string;
  readonly summary_text?: string;
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

interface Reply {
  readonly adapters?: readonly Facts[];
  readonly results?: readonly (readonly Part[] | readonly number[])[];
  readonly error?: { readonly message: string };
}

/**
 * The program of the page that tries adapters. Browsers get the text of this function, so it uses nothing around it but types. What comes
 * from elsewhere becomes text nodes, never HTML.
 */
export function program(): void {
  const at = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;
  const [form, status, result, facts] = [at('form'), at('status'), at('result'), at('facts')];
  const [tokenRow, secondRow] = [at('token-row'), at('second-row')];
  const token = at<HTMLInputElement>('token');
  const choice = at<HTMLSelectElement>('adapter');
  const button = at<HTMLButtonElement>('ask');
  const [first, second] = [at<HTMLTextAreaElement>('first'), at<HTMLTextAreaElement>('second')];
  let adapters: readonly Facts[] = [];

  const element = (name: string, content: string | readonly Node[], className = ''): HTMLElement => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (typeof content === 'string') made.textContent = content;
    else made.append(...content);
    return made;
  };

  const say = (text: string, isProblem = false): void => {
    status.textContent = text;
    status.className = isProblem ? 'problem' : '';
  };

  const call = async (path: string, body?: unknown): Promise<Reply> => {
    const headers: Record<string, string> = token.value ? { Authorization: `Bearer ${token.value}` } : {};
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const method = body === undefined ? 'GET' : 'POST';
    const response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    tokenRow.hidden = tokenRow.hidden && response.status !== 401;
    const reply = (await response.json()) as Reply;
    if (reply.error) throw new Error(reply.error.message);
    return reply;
  };

  const guarded = async (work: () => Promise<void>): Promise<void> => {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    } finally {
      button.disabled = false;
    }
  };

  const chosen = (): Facts | undefined => adapters.find(({ name }) => name === choice.value);

  const showChoice = (): void => {
    const own = chosen();
    result.replaceChildren();
    say(own ? '' : 'No adapter is loaded.');
    const isQuestion = own?.verb === 'answer';
    const labels = own?.labels ? `: ${own.labels.slice(0, 12).join(', ')}${own.labels.length > 12 ? ', …' : ''}` : '';
    facts.textContent = own ? `${own.kind ?? 'checkpoint'}, ${own.task}${labels}` : '';
    secondRow.hidden = !isQuestion && !(own?.verb === 'classify' && own.pairs !== false);
    at('first-label').textContent = isQuestion ? 'Question' : 'Text';
    at('second-label').textContent = isQuestion
      ? 'Text with the answer'
      : 'Second text, where the adapter is for pairs';
    second.required = isQuestion || own?.pairs === true;
  };

  const loadList = async (): Promise<void> => {
    adapters = (await call('/v1/adapters')).adapters ?? [];
    choice.replaceChildren(...adapters.map(({ name }) => element('option', name)));
    showChoice();
  };

  const inputOf = (verb: string): unknown => {
    if (verb === 'answer') return { question: first.value, context: second.value };
    if (!secondRow.hidden && second.value) return { text: first.value, text_pair: second.value };
    return first.value;
  };

  const scoreCells = (score: number): Node[] => {
    const meter = element('meter', '') as HTMLMeterElement;
    meter.value = score;
    const isProbability = score >= 0 && score <= 1;
    return [element('td', isProbability ? [meter] : ''), element('td', score.toFixed(4), 'number')];
  };

  const scoreTable = (parts: readonly Part[]): Node =>
    element('table', [
      element(
        'tbody',
        parts.map((part) => element('tr', [element('td', part.label ?? part.answer ?? ''), ...scoreCells(part.score)])),
      ),
    ]);

  const marked = (text: string, parts: readonly Part[]): Node => {
    const nodes: Node[] = [];
    let last = 0;
    for (const { start, end, entity_group: label = '' } of parts) {
      nodes.push(document.createTextNode(text.slice(last, start)));
      nodes.push(element('mark', [document.createTextNode(text.slice(start, end)), element('small', label)]));
      last = end;
    }
    return element('p', [...nodes, document.createTextNode(text.slice(last))]);
  };

  const shownResult = (verb: string, answer: readonly Part[] | readonly number[]): Node => {
    if (verb === 'embed') {
      const numbers = answer as readonly number[];
      return element(
        'pre',
        `${numbers.length} numbers: ${numbers
          .slice(0, 8)
          .map((x) => x.toFixed(4))
          .join(', ')}, …`,
      );
    }
    const parts = answer as readonly Part[];
    if (verb === 'tag') return marked(first.value, parts);
    if (verb === 'summarise') return element('p', parts.map(({ summary_text: text = '' }) => text).join('\n'));
    return scoreTable(parts);
  };

  const answer = async (): Promise<void> => {
    if (adapters.length === 0) await loadList();
    const own = chosen();
    if (!own) return;
    say('…');
    const start = performance.now();
    const options = own.verb === 'classify' ? { top_k: null } : own.verb === 'answer' ? { top_k: 3 } : {};
    const { results = [] } = await call(`/v1/${own.verb}`, {
      adapter: own.name,
      inputs: [inputOf(own.verb)],
      ...options,
    });
    say(`${Math.round(performance.now() - start)} ms`);
    result.replaceChildren(shownResult(own.verb, results[0]));
  };

  choice.addEventListener('change', showChoice);
  token.addEventListener('change', () => void guarded(loadList));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void guarded(answer);
  });
  void guarded(loadList);
}
