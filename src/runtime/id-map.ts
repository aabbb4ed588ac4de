import type { IdMapping } from './spec.ts'

/** The lines of /proc/PID/uid_map, user_namespaces(7). */
export const formatIdMap = (map: readonly IdMapping[]): string =>
  map.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('')

/** Who an id of the container is on the host; undefined for one that the container does not have. */
export function hostId(map: readonly IdMapping[], id: number): number | undefined {
  const row = map.find(({ containerID, size }) => id >= containerID && id < containerID + size)
  return row && row.hostID + id - row.containerID
}

/** The opposite direction: who an id of the host is in the container. */
export function containerId(map: readonly IdMapping[], id: number): number | undefined {
  const row = map.find(({ hostID, size }) => id >= hostID && id < hostID + size)
  return row && row.containerID + id - row.hostID
}

/** Whom files belong to whose owner is on the other side of a mapping only: `nobody`, as the kernel shows it. */
export const OVERFLOW_ID = 65534
