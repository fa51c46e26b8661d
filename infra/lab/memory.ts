import { readdir, readFile, statfs } from 'node:fs/promises';

/** Memory that the lab takes, in MiB. */
export interface LabMemory {
  /** All its processes, shared pages counted once (proportional set size). */
  processes_mib: number;
  /** Disks of the boxes, which are in RAM. */
  disks_mib: number;
}

/** Measures it now; must run in the lab's own pid namespace. */
export async function measureMemory(disksDir: string): Promise<LabMemory> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(pids.map(proportionalKib));
  const disks = await statfs(disksDir);
  const usedBytes = (disks.blocks - disks.bfree) * disks.bsize;
  const processesKib = sizes.reduce((sum, size) => sum + size, 0);
  return { processes_mib: Math.round(processesKib / 1024), disks_mib: Math.round(usedBytes / 2 ** 20) };
}

async function proportionalKib(pid: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''); // it may have ended
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
}
