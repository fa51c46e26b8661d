import { mkdir, open, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box, CreateBox } from '../box.ts';
import { PREPARE_INSTANCE } from './cloud-config.ts';
import type { Machine, MachineSpec, Machines } from './machines.ts';

const CONSOLE_BYTES = 65_536;
const SHUTDOWN_GRACE_S = 10;

/** Machines that are boxes of the lab. Their consoles are linked as `<ec2Dir>/console/<instance id>.log`. */
export function boxMachines(ec2Dir: string, createBox: CreateBox): Machines {
  return { create: (spec) => new BoxMachine(join(ec2Dir, 'console'), createBox, spec) };
}

class BoxMachine implements Machine {
  readonly #consoleDir: string;
  readonly #createBox: CreateBox;
  readonly #spec: MachineSpec;
  #box: Box | undefined;

  constructor(consoleDir: string, createBox: CreateBox, spec: MachineSpec) {
    this.#consoleDir = consoleDir;
    this.#createBox = createBox;
    this.#spec = spec;
  }

  async powerOn(): Promise<void> {
    if (this.#box) return this.#box.start();
    const { instanceId, address, hostname, dnsName, onDown } = this.#spec;
    this.#box = await this.#createBox({
      name: instanceId,
      ip: address,
      hostname,
      hostsTail: `${address} ${dnsName} ${hostname}`,
      prepare: PREPARE_INSTANCE,
      onExit: (reason) => {
        if (reason !== 'reboot') onDown();
      },
    });
    await this.#linkConsole(this.#box.consolePath);
  }

  async powerOff(): Promise<void> {
    await this.#box?.stop({ graceS: SHUTDOWN_GRACE_S });
  }

  async discard(): Promise<void> {
    await this.#box?.destroy();
  }

  async console(): Promise<Buffer> {
    return this.#box ? newestBytes(this.#box.consolePath, CONSOLE_BYTES) : Buffer.alloc(0);
  }

  async #linkConsole(target: string): Promise<void> {
    const link = join(this.#consoleDir, `${this.#spec.instanceId}.log`);
    await mkdir(this.#consoleDir, { recursive: true });
    await rm(link, { force: true });
    await symlink(target, link);
  }
}

async function newestBytes(path: string, count: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const start = Math.max(0, size - count);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
  return buffer.subarray(0, bytesRead);
}
