import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SIOCOUTQ } from '../../sys/constants.ts'
import { linux } from '../../sys/kernel.ts'

/** How long the other end may take its time, in milliseconds. */
const PATIENCE = 1000

/**
 * Waits until the other end of a connection has read what was written to it, or has taken too long. Nearly always it has
 * by the time somebody asks; nobody is woken by it otherwise, so this looks again.
 */
export async function allRead(connection: Duplex): Promise<void> {
  const until = Date.now() + PATIENCE
  while (!connection.destroyed && isUnread(connection) && Date.now() < until) await sleep(1)
}

function isUnread(connection: Duplex): boolean {
  // Node has no other name for it; a connection with TLS has none.
  const fd = (connection as { readonly _handle?: { readonly fd?: number } })._handle?.fd
  if (fd === undefined || fd < 0) return false
  const count = Buffer.alloc(4)
  linux.ioctl(fd, SIOCOUTQ, count)
  return count.readInt32LE() > 0
}
