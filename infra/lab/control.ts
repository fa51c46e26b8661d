import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { z } from 'zod';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { changeCode } from './code.ts';
import type { Lab } from './lab.ts';
import { measureMemory } from './memory.ts';
import { recordedMessages } from './services/prosody.ts';
import { recordedMails } from './services/smtp.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'lower case letters, digits and -');

/** Bodies of the control API. */
const controlBodies = {
  addMaster: z.strictObject({ name, region: z.string().min(1), country: z.string().min(1) }),
  power: z.strictObject({ name, action: z.enum(['stop', 'crash', 'start']) }),
  code: z.strictObject({
    environment: z.string().min(1),
    path: z.string().min(1),
    content: z.string().optional(),
  }),
  exec: z.strictObject({
    name: z.string().min(1),
    argv: z.array(z.string()).min(1),
    input: z.string().optional(),
    timeoutS: z.number().positive().optional(),
  }),
};

type Handler = (lab: Lab, body: unknown, url: URL) => Promise<unknown>;

const routes: Readonly<Record<string, Handler>> = {
  'GET /status': status,
  'GET /mails': (lab) => recordedMails(lab.paths),
  'GET /messages': (lab) => recordedMessages(lab.paths),
  'POST /masters': addMaster,
  'POST /masters/power': async (lab, body) => {
    const { name, action } = controlBodies.power.parse(body);
    await lab.masters.power(name, action);
  },
  'DELETE /masters': (lab, _body, url) => lab.masters.remove(url.searchParams.get('name') ?? ''),
  'POST /services/power': servicePower,
  'POST /code': async (lab, body) => {
    const { content, ...file } = controlBodies.code.parse(body);
    await changeCode(lab.paths, content === undefined ? file : { ...file, content });
  },
  'POST /box/exec': exec,
};

/**
 * Serves the control API on a unix socket (mode 0600): JSON in and out, errors as `{code, message, details}`.
 * `shutdown` is called after POST /shutdown was answered.
 */
export async function serveControl(lab: Lab, socket: string, shutdown: () => void): Promise<Server> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://lab');
    const reply = (code: number, body: unknown) => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? null), () => {
        if (code === 200 && url.pathname === '/shutdown') shutdown();
      });
    };
    answer(lab, request, url).then(
      (body) => reply(200, body),
      (error: unknown) => {
        const { code, message, details } = toMusterError(error);
        reply(code === 'NOT_FOUND' ? 404 : code === 'USAGE' ? 400 : code === 'CONFLICT' ? 409 : 500, {
          code,
          message,
          details,
        });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  await chmod(socket, 0o600);
  return server;
}

async function answer(lab: Lab, request: IncomingMessage, url: URL): Promise<unknown> {
  if (request.method === 'POST' && url.pathname === '/shutdown') return;
  const handler = routes[`${request.method} ${url.pathname}`];
  if (handler === undefined) throw new MusterError('NOT_FOUND', `no ${request.method} ${url.pathname}`);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return handler(lab, text === '' ? undefined : JSON.parse(text), url);
}

function toMusterError(error: unknown): MusterError {
  if (error instanceof z.ZodError) return new MusterError('USAGE', z.prettifyError(error));
  if (error instanceof SyntaxError) return new MusterError('USAGE', 'the body is not JSON');
  return asMusterError(error);
}

async function status(lab: Lab) {
  const services = [...lab.services.values()].map((one) => ({ name: one.name, state: one.state() }));
  const memory = await measureMemory(lab.paths.disks);
  return { services, masters: lab.masters.list(), boxes: lab.boxes.list(), memory };
}

/** What GET /status answers. */
export type LabStatusBody = Awaited<ReturnType<typeof status>>;

async function addMaster(lab: Lab, body: unknown): Promise<unknown> {
  const spec = await lab.masters.enter(controlBodies.addMaster.parse(body));
  try {
    await lab.masters.admit(spec.name);
    await lab.masters.boot(spec.name);
    await lab.masters.join(spec.name);
  } catch (error) {
    await lab.masters.remove(spec.name);
    throw error;
  }
  return lab.masters.list().find((master) => master.name === spec.name);
}

async function servicePower(lab: Lab, body: unknown): Promise<void> {
  const { name, action } = controlBodies.power.parse(body);
  const service = lab.services.get(name);
  if (service === undefined) throw new MusterError('NOT_FOUND', `there is no service ${name}`);
  if (action === 'start') await service.start();
  else await service.stop(action === 'crash' ? 0 : 10);
}

async function exec(lab: Lab, body: unknown): Promise<unknown> {
  const { name, argv, input, timeoutS } = controlBodies.exec.parse(body);
  const options = {
    ...(input === undefined ? {} : { input }),
    ...(timeoutS === undefined ? {} : { timeoutS }),
  };
  return lab.boxes.get(name).exec(argv, options);
}
