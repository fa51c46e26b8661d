import { createReadStream } from 'node:fs';
import { parse } from 'yaml';

/** What is taken out of a Puppet report. */
export interface PuppetReport {
  readonly environment: string | null;
  /** `changed`, `unchanged` or `failed`. */
  readonly status: string | null;
  /** When the run began, in ms since the epoch. */
  readonly timeMs: number | null;
  /** How many resources there were of each kind, e.g. `total`, `changed`, `failed`; null when the report does not tell. */
  readonly resources: Readonly<Record<string, number>> | null;
  readonly failed: readonly FailedResource[];
  /** First messages of level `err`, as text. */
  readonly errors: readonly string[];
  /** As many log lines as were asked for, the oldest first. */
  readonly logs: readonly ReportLog[];
}

/** One line that Puppet logged in a run. */
export interface ReportLog {
  /** ISO 8601. */
  readonly time: string;
  readonly level: string;
  readonly source: string;
  readonly message: string;
}

/** A resource that failed, as the report names it, and what was said. */
export interface FailedResource {
  readonly resource: string;
  readonly message: string;
}

const MAX_FAILED = 20;
const MAX_MESSAGE_CHARS = 1000;
const MAX_BLOCK_LINES = 2000;

/** The report so far, while its lines go by. */
interface Reading {
  section: string;
  block: string[];
  readonly top: Map<string, string>;
  readonly failed: FailedResource[];
  readonly errors: string[];
  readonly logs: ReportLog[];
  readonly maxLogs: number;
  resources: Record<string, number> | null;
}

const SECTIONS = ['logs', 'metrics', 'resource_statuses'];

/**
 * Reads last_run_report.yaml line by line: a report of thousands of resources has many megabytes, of which a few lines
 * are wanted. Only the part of a resource that failed is parsed as YAML. Rejects with the system's error.
 * *Source:* Puppet report format 12; psych writes one key a line and Ruby tags that no other parser knows.
 */
export async function readReport(path: string, { maxLogs = 0 } = {}): Promise<PuppetReport> {
  const found = { failed: [], errors: [], logs: [], resources: null };
  const reading: Reading = { section: '', block: [], top: new Map(), maxLogs, ...found };
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) takeLine(reading, line);
  endBlock(reading);
  const time = Date.parse(reading.top.get('time') ?? '');
  return {
    environment: reading.top.get('environment') ?? null,
    status: reading.top.get('status') ?? null,
    timeMs: Number.isNaN(time) ? null : time,
    resources: reading.resources,
    failed: reading.failed,
    errors: reading.errors,
    logs: reading.logs,
  };
}

function takeLine(reading: Reading, line: string): void {
  const top = /^([a-z_]+):(?: (.*))?$/.exec(line);
  if (top !== null) {
    endBlock(reading);
    reading.section = top[1] ?? '';
    reading.top.set(reading.section, unquoted(top[2] ?? ''));
    return;
  }
  if (!SECTIONS.includes(reading.section)) return;
  // Entries of a list begin at the margin, keys of a map two spaces in; what is deeper belongs to the entry above.
  if (/^( {2}[^ :]|- )/.test(line) && startsEntry(reading.section, line)) endBlock(reading);
  if (reading.block.length < MAX_BLOCK_LINES) reading.block.push(line);
}

function startsEntry(section: string, line: string): boolean {
  return section === 'logs' ? line.startsWith('- ') : line.startsWith('  ');
}

function endBlock(reading: Reading): void {
  const lines = reading.block;
  reading.block = [];
  if (lines.length === 0) return;
  if (reading.section === 'logs') takeLog(reading, lines);
  else if (reading.section === 'metrics') takeMetric(reading, lines);
  else takeResource(reading, lines);
}

function takeLog(reading: Reading, lines: readonly string[]): void {
  const isError = lines.some((line) => /^(- | {2})level: :?(err|crit|alert|emerg)$/.test(line));
  if (!isError && reading.logs.length >= reading.maxLogs) return;
  const [entry] = asList(parseLoosely(lines));
  const text = (key: string) => textAt(entry, key) ?? '';
  const log = { time: text('time'), level: text('level'), source: text('source'), message: text('message') };
  if (isError && log.message !== '' && reading.errors.length < MAX_FAILED) reading.errors.push(log.message);
  if (reading.logs.length < reading.maxLogs)
    reading.logs.push({ ...log, level: log.level.replace(/^:/, '') });
}

/** Of the metrics, how many resources there were of each kind: a list of name, label and value. */
function takeMetric(reading: Reading, lines: readonly string[]): void {
  if (!/^ {2}resources:/.test(lines[0] ?? '')) return;
  const counts: Record<string, number> = {};
  for (const [, name, count] of lines.join('\n').matchAll(/^ +- - (\w+)\n.*\n +- (\d+)$/gm))
    if (name !== undefined) counts[name] = Number(count);
  reading.resources = counts;
}

function takeResource(reading: Reading, lines: readonly string[]): void {
  if (!lines.some((line) => /^ {4}failed(_to_restart)?: true$/.test(line))) return;
  if (reading.failed.length >= MAX_FAILED) return;
  const parsed = parseLoosely(lines);
  const [found] = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
  const name = found?.[0] ?? unquoted((lines[0] ?? '').replace(/^ {2}(\? )?/, '').replace(/:[^:]*$/, ''));
  reading.failed.push({ resource: name.slice(0, 300), message: failureOf(found?.[1]) ?? 'failed' });
}

function failureOf(resource: unknown): string | null {
  const events =
    typeof resource === 'object' && resource !== null && 'events' in resource ? asList(resource.events) : [];
  const bad = events.find((event) => textAt(event, 'status') === 'failure');
  return textAt(bad, 'message');
}

/** Ruby's tags and objects from elsewhere in the file do not matter here; null when it still cannot be parsed. */
function parseLoosely(lines: readonly string[]): unknown {
  const text = lines
    .join('\n')
    .replace(/: (&\d+ )?!ruby\/[^\s]+/g, ':')
    .replace(/^(\s*- )!ruby\/\S+$/gm, '$1')
    .replace(/: \*\d+$/gm, ':');
  try {
    return parse(text, { logLevel: 'silent', strict: false });
  } catch {
    return null;
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textAt(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const found: unknown = Object.entries(value).find(([name]) => name === key)?.[1];
  return typeof found === 'string' ? found.slice(0, MAX_MESSAGE_CHARS) : null;
}

function unquoted(text: string): string {
  return text.replace(/^(['"])(.*)\1$/, '$2');
}
