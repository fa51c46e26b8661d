import { randomUUID } from 'node:crypto';
import { type Client, type Element, xml } from '@xmpp/client';
import { MusterError } from '../../src/core/errors.ts';
import type { XmppError } from './xmpp-errors.ts';

/** Longest wait for one answer of the server, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Sends these stanzas in order and gives the first answer for which `match` gives a value. `match` may throw, e.g. what
 * {@link stanzaError} made. Throws NOTIFY_UNREACHABLE when the stream ends first or nothing came in time; then the stream
 * is ended, for its state is unknown.
 */
export async function ask<T>(
  client: Client,
  stanzas: readonly Element[],
  match: (stanza: Element) => T | undefined,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const fail = (problem: string) => reject(new MusterError('NOTIFY_UNREACHABLE', `XMPP server: ${problem}`));
  const onStanza = (stanza: Element) => {
    try {
      const value = match(stanza);
      if (value !== undefined) resolve(value);
    } catch (thrown) {
      reject(thrown);
    }
  };
  const onEnd = () => fail('the stream ended before the answer');
  const timer = setTimeout(() => {
    fail(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
    cut(client);
  }, ANSWER_TIMEOUT_MS);
  client.on('stanza', onStanza);
  client.on('disconnect', onEnd);
  sendAll(client, stanzas).catch(reject);
  return promise.finally(() => {
    clearTimeout(timer);
    client.off('stanza', onStanza);
    client.off('disconnect', onEnd);
  });
}

async function sendAll(client: Client, stanzas: readonly Element[]): Promise<void> {
  for (const stanza of stanzas) await client.send(stanza);
}

/** Asks `to` something and gives its answer. Throws the error that it answered with, or NOTIFY_UNREACHABLE. */
export function request(client: Client, type: 'get' | 'set', to: string, payload: Element): Promise<Element> {
  const question = xml('iq', { type, to, id: randomUUID() }, payload);
  return ask(client, [question], (stanza) => {
    if (stanza.name !== 'iq' || stanza.attrs.id !== question.attrs.id) return undefined;
    if (stanza.attrs.type === 'error') throw stanzaError(stanza);
    return stanza;
  });
}

/** Ends the connection at once, without a word; whoever waits for a step of it gets an error. */
export function cut(client: Client): void {
  client.socket?.socket?.destroy();
  client.socket?.destroy?.();
  // The package's own waits know no closed socket; without this their timers would hold the process.
  client.emit('error', new Error('the connection was cut'));
}

/** The error inside a stanza of type error, to be thrown. Pure. */
export function stanzaError(stanza: Element): XmppError {
  const element = stanza.getChild('error');
  const condition =
    element?.getChildElements().find((child) => child.name !== 'text')?.name ?? 'undefined-condition';
  const text = element?.getChildText('text');
  const message = text ? `${condition}: ${text}` : condition;
  return Object.assign(new Error(message), {
    name: 'StanzaError',
    condition,
    type: element?.attrs.type ?? 'cancel',
  });
}
