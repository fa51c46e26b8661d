import { type Faults, faultSettings } from '../faults.ts';
import type { Answer } from './server.ts';

/** Where tests in another process switch faults: POST sets some, DELETE clears all, GET shows. Not AWS's. */
export const FAULTS_PATH = '/_lab/faults';

/** Answers a call to {@link FAULTS_PATH} with the switches as they are then; 400 for what is not in the schema. */
export function handleFaults(method: string, body: string, faults: Faults): Answer {
  if (method === 'DELETE') faults.clear();
  if (method === 'POST') {
    const settings = faultSettings.safeParse(parseJson(body));
    if (!settings.success) return json(400, { error: settings.error.message });
    faults.set(settings.data);
  }
  return json(200, faults.state());
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
