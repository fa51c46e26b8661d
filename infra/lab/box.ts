import { NamespaceBox } from './namespace-box.ts';
import type { CommandResult } from './process.ts';

/** A directory of the lab that a box sees at `to`. */
export interface BoxBind {
  from: string;
  to: string;
  mode: 'ro' | 'rw';
}

/** What a box is made of. */
export interface BoxOptions {
  /** Unique in the lab; also the name of its disk and console files. */
  name: string;
  /** Its address within 10.77.0.0/16. */
  ip: string;
  /** Its host name, short or full (`ip-10-77-3-1`, `puppet-eu.lab.test`). */
  hostname: string;
  /** More lines for /etc/hosts, below the lab's own. Default: the address with `hostname`. */
  hostsTail?: string;
  /** Shell text that runs once, at the first boot, chrooted in the new root. Stops at the first failing command. */
  prepare?: string;
  binds?: readonly BoxBind[];
  /** Told when the box went down by itself: `poweroff` inside it, or its pid 1 died. After `reboot` it is up again. */
  onExit?: (reason: 'poweroff' | 'reboot' | 'died') => void;
}

/** A little machine with its own root, network, host name and processes. */
export interface Box {
  readonly name: string;
  readonly ip: string;
  /** What its init and boot scripts print: STATE_DIR/log/box-NAME.log. */
  readonly consolePath: string;
  /** Process id of its pid 1 as the lab sees it, or undefined while it is stopped. */
  readonly pid: number | undefined;
  /**
   * Runs `argv` inside as root. After `timeoutS` (default 60) seconds it is killed and the code is 124.
   * Throws CONFLICT while the box is stopped.
   */
  exec(argv: readonly string[], options?: { input?: string; timeoutS?: number }): Promise<CommandResult>;
  /** Powers it off: SIGTERM to pid 1, SIGKILL to all of it after `graceS` (default 5) seconds. The disk stays. */
  stop(options?: { graceS?: number }): Promise<void>;
  /** Boots a stopped box with the disk that it had. */
  start(): Promise<void>;
  /** Writes /etc/hosts anew, after the lab's hosts changed. */
  refreshHosts(): Promise<void>;
  /** Ends every process in it and throws its disk away. Safe to repeat. */
  destroy(): Promise<void>;
}

/** Where the boxes of one lab live. */
export interface BoxHome {
  /** Directory on a tmpfs for the disks. */
  disksDir: string;
  /** Directory of the console logs. */
  logDir: string;
  /** Directory that no box may see (the lab's state, with its keys). */
  hiddenDir: string;
  bridge: string;
  /** Head of every /etc/hosts, asked for at each boot. */
  hosts: () => string;
}

/** Makes and boots a box. Throws LAB_FAILED with the last console lines. */
export type CreateBox = (options: BoxOptions) => Promise<Box>;

/** Gives the function that makes boxes for one lab. Must run as root in the lab's own namespaces. */
export function boxFactory(home: BoxHome): CreateBox {
  // Each boot gets a card of a new name: the kernel takes the old one away some time after its box ended.
  let cards = 0;
  const nextCard = () => `bx${++cards}`;
  return async (options) => {
    const box = new NamespaceBox(home, options, nextCard);
    await box.create();
    return box;
  };
}
