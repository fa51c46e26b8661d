import manifest from '../../../package.json' with { type: 'json' };

/** Version of this Muster, from package.json. */
export const VERSION: string = manifest.version;
