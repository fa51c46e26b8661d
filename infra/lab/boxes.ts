import { MusterError } from '../../src/core/errors.ts';
import { type Box, type BoxHome, boxFactory, type CreateBox } from './box.ts';

/** A box, as `muster lab status` shows it. */
interface BoxStatus {
  name: string;
  ip: string;
  running: boolean;
}

/** Every box of one lab, whoever made it. */
export interface Boxes {
  /** Like {@link boxFactory}, and remembers the box until it is destroyed. Throws CONFLICT for a name in use. */
  readonly create: CreateBox;
  /** Throws NOT_FOUND. */
  get(name: string): Box;
  list(): BoxStatus[];
  /** Writes /etc/hosts anew in all that run. */
  refreshHosts(): Promise<void>;
}

/** Keeps the boxes of one lab. */
export function keepBoxes(home: BoxHome): Boxes {
  const makeBox = boxFactory(home);
  const boxes = new Map<string, Box | undefined>();
  const create: CreateBox = async (options) => {
    const { name } = options;
    if (boxes.has(name)) throw new MusterError('CONFLICT', `there is a box ${name} already`);
    boxes.set(name, undefined); // the name is taken while it boots
    try {
      const box = await makeBox(options);
      const destroy = box.destroy.bind(box);
      box.destroy = async () => {
        await destroy();
        if (boxes.get(name) === box) boxes.delete(name);
      };
      boxes.set(name, box);
      return box;
    } catch (error) {
      boxes.delete(name);
      throw error;
    }
  };
  const live = () => [...boxes.values()].filter((box) => box !== undefined);
  return {
    create,
    get: (name) => {
      const box = boxes.get(name);
      if (box === undefined) throw new MusterError('NOT_FOUND', `there is no box ${name}`);
      return box;
    },
    list: () => live().map((box) => ({ name: box.name, ip: box.ip, running: box.pid !== undefined })),
    refreshHosts: async () => {
      await Promise.allSettled(live().map((box) => box.refreshHosts()));
    },
  };
}
