/** A machine image of the local EC2. Both are the Debian on which the lab runs; two, so that a filter has a choice. */
export interface Image {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: string;
}

/** AWS's word for the processor on which the lab runs. */
export const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/** The fixed images, the same ids in every region (AWS has other ids in each). */
export const IMAGES: readonly Image[] = [
  {
    id: 'ami-0deb1200000000001',
    name: 'muster-lab/debian-12',
    description: 'Debian 12 of this machine with cloud-init and puppet-agent',
    createdAt: '2026-01-01T00:00:00.000Z',
  },
  {
    id: 'ami-0deb1200000000002',
    name: 'muster-lab/debian-12-next',
    description: 'The same again under another id',
    createdAt: '2026-02-01T00:00:00.000Z',
  },
];
