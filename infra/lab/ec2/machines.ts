/** What a machine must know of itself before it boots. */
export interface MachineSpec {
  readonly instanceId: string;
  readonly address: string;
  readonly hostname: string;
  readonly dnsName: string;
  /** Told when it went down by itself: `poweroff` inside it, or its first process died. */
  readonly onDown: () => void;
}

/**
 * One little machine. Its disk lives from the first `powerOn` to `discard`; calls come one after another, never two
 * at once for the same machine.
 */
export interface Machine {
  /** Returns as soon as its first process runs; the boot goes on behind it and writes to the console. */
  powerOn(): Promise<void>;
  /** Ends every process; the disk stays. */
  powerOff(): Promise<void>;
  /** Ends every process and throws the disk away; also good on a machine that never ran. */
  discard(): Promise<void>;
  /** What it has written to its console since launch; the newest 64 KB at most. */
  console(): Promise<Buffer>;
}

/** Makes machines: boxes in the lab, fakes in unit tests. */
export interface Machines {
  create(spec: MachineSpec): Machine;
}
