import type { AskReply } from '../../../bus/ask.ts';
import type { Ddl, DdlAction } from '../../../core/ddl.ts';
import type { Summary } from '../aggregates.ts';
import type { Asked } from '../asked.ts';
import type { Out } from '../out.ts';
import type { RpcOptions } from './options.ts';

/** What is printed about. */
export interface Printed {
  readonly ddl: Pick<Ddl, 'name'>;
  readonly action: string;
  readonly spec: DdlAction;
  readonly options: RpcOptions;
  readonly out: Out;
}

/** All of a request, at its end. */
export interface Ending {
  readonly asked: Asked<unknown>;
  /** Those that count, sorted by name. */
  readonly replies: readonly AskReply<unknown>[];
  readonly summaries: readonly Summary[];
}

/** One form of output. */
export interface Printer {
  /** Nodes were found; answers follow. */
  found(count: number): void;
  /** An answer has come that counts; `others` is told of those that do not. */
  reply(reply: AskReply<unknown>): void;
  other(): void;
  end(ending: Ending): void;
}
