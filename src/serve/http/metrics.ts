/** Numbers of a server in the text format of Prometheus (version 0.0.4). */

type Labels = Readonly<Record<string, string | number>>;

const escaped = (value: string | number): string =>
  String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const labelText = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
};
const headOf = (name: string, help: string, type: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

/** A part of what is measured. */
interface Metric {
  lines(): string[];
}

/** A number that only grows, for each combination of labels. */
export class Counter implements Metric {
  readonly #head: readonly string[];
  readonly #name: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#head = headOf(name, help, 'counter');
  }

  /** Begins at 0, so that the first time it is counted is an increase. */
  fromZero(): this {
    this.add({}, 0);
    return this;
  }

  add(labels: Labels = {}, count = 1): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + count);
  }

  lines(): string[] {
    return [...this.#head, ...[...this.#values].map(([key, value]) => `${this.#name}${key} ${value}`)];
  }
}

/** A number that is asked for when the metrics are. */
export class Gauge implements Metric {
  readonly #head: readonly string[];
  readonly #name: string;
  readonly #value: () => number;

  constructor(name: string, help: string, value: () => number) {
    this.#name = name;
    this.#head = headOf(name, help, 'gauge');
    this.#value = value;
  }

  lines(): string[] {
    return [...this.#head, `${this.#name} ${this.#value()}`];
  }
}

interface Counts {
  readonly labels: Labels;
  /** How many numbers each bound has below it or at it, without those of the bounds before. */
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** How numbers are distributed, for each combination of labels. */
export class Histogram implements Metric {
  readonly #head: readonly string[];
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #counts = new Map<string, Counts>();

  /** @param bounds in ascending order */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#head = headOf(name, help, 'histogram');
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels = {}): void {
    const key = labelText(labels);
    const counts = this.#counts.get(key) ?? { labels, buckets: this.#bounds.map(() => 0), sum: 0, count: 0 };
    this.#counts.set(key, counts);
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) counts.buckets[bucket]++;
    counts.sum += value;
    counts.count++;
  }

  lines(): string[] {
    const lines = [...this.#counts.values()].flatMap(({ labels, buckets, sum, count }) => {
      let total = 0;
      const below = [...this.#bounds.entries()].map(([i, le]) => {
        total += buckets[i];
        return `${this.#name}_bucket${labelText({ ...labels, le })} ${total}`;
      });
      return [
        ...below,
        `${this.#name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
        `${this.#name}_sum${labelText(labels)} ${sum}`,
        `${this.#name}_count${labelText(labels)} ${count}`,
      ];
    });
    return [...this.#head, ...lines];
  }
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SIZES = [1, 2, 4, 8, 16, 32, 64];

/** What a server measures of itself. */
export class Metrics {
  readonly requests = new Counter('sparse_adapter_requests_total', 'Requests by route and status.');
  readonly inputs = new Counter('sparse_adapter_inputs_total', 'Inputs that were answered, by task.');
  readonly restarts = new Counter(
    'sparse_adapter_worker_restarts_total',
    'Workers that ended and were started again.',
  ).fromZero();
  readonly seconds = new Histogram('sparse_adapter_request_seconds', 'Seconds of requests, by route.', SECONDS);
  readonly batchSizes = new Histogram('sparse_adapter_batch_inputs', 'Inputs that were computed together.', SIZES);
  readonly batchSeconds = new Histogram('sparse_adapter_batch_seconds', 'Seconds of a batch.', SECONDS);
  readonly waitSeconds = new Histogram(
    'sparse_adapter_wait_seconds',
    'Seconds the first input of a batch waited.',
    SECONDS,
  );
  readonly #gauges: readonly Gauge[];

  /** @param now what there is at a moment */
  constructor(now: { waiting(): number; answering(): number; adapters(): number }) {
    this.#gauges = [
      new Gauge('sparse_adapter_queue_waiting', 'Inputs that wait.', now.waiting),
      new Gauge('sparse_adapter_queue_answering', 'Inputs that are being computed.', now.answering),
      new Gauge('sparse_adapter_adapters', 'Adapters that are loaded.', now.adapters),
      new Gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()),
      new Gauge('process_start_time_seconds', 'When the process started.', () => performance.timeOrigin / 1000),
    ];
  }

  /** All of it, to be scraped. */
  text(): string {
    const { requests, inputs, restarts, seconds, batchSizes, batchSeconds, waitSeconds } = this;
    const all: readonly Metric[] = [
      requests,
      inputs,
      restarts,
      seconds,
      batchSizes,
      batchSeconds,
      waitSeconds,
      ...this.#gauges,
    ];
    return `${all.flatMap((metric) => metric.lines()).join('\n')}\n`;
  }
}
