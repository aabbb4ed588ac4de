import { readdirSync, readFileSync } from 'node:fs'
import type { ResourcesSpec } from '../spec.ts'

/**
 * A weight is a matter of the disk's scheduler: the kernel takes the number, and does nothing with it unless a disk has
 * the scheduler bfq, or io.cost is enabled for one (kernel documentation, block/bfq-iosched and admin-guide/cgroup-v2).
 * @param controller as warnings call it
 * @param costQos the text of io.cost.qos of cgroup v2
 */
export function idleWeightWarnings(
  { blockIO = {} }: ResourcesSpec,
  controller: 'blkio' | 'io',
  costQos = '',
  schedulers: () => readonly string[] = readSchedulers,
): readonly string[] {
  if (blockIO.weight === undefined && blockIO.weightDevice === undefined) return []
  if (/\benable=1\b/.test(costQos) || schedulers().some(text => text.includes('[bfq]'))) return []
  const why = controller === 'io' ? 'bfq or has io.cost enabled' : 'bfq'
  return [
    `the block I/O weight has no effect: the ${controller} controller heeds it only on a disk that is run by ${why}`,
  ]
}

const readSchedulers = (): readonly string[] =>
  readdirSync('/sys/block').map(disk => {
    try {
      return readFileSync(`/sys/block/${disk}/queue/scheduler`, 'latin1')
    } catch {
      return ''
    }
  })
