/** Role of a certificate of the collective CA; stands in its OU. */
export const ROLES = ['controller', 'operator', 'master', 'node', 'server'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];
